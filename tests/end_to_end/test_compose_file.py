"""What docker-compose.yml promises, read in the file itself."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.end_to_end.compose import COMPOSE, HOUSE, OURS, PATH, SERVICES, VERSION


def names(given: list[str] | dict[str, Any]) -> set[str]:
    return set(given)


def test_only_the_proxy_can_be_reached_from_outside() -> None:
    ports = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert set(ports) == {"proxy", "grafana"}
    assert all(port.startswith("127.0.0.1:") for port in ports["grafana"])  # the server's own browser
    assert [name for name, network in COMPOSE["networks"].items() if not network.get("internal")] == [
        "outside",
        "desk",
        "mail",
    ]
    assert [name for name, service in SERVICES.items() if "outside" in service["networks"]] == ["proxy"]


def on_network(network: str) -> set[str]:
    return {name for name, service in SERVICES.items() if network in service["networks"]}


def test_figures_and_alerts_reach_nothing_but_the_api_and_the_proxy_s_figures() -> None:
    assert on_network("figures") == {"api", "prometheus", "grafana"}
    assert on_network("proxy_figures") == {"proxy", "prometheus"}
    assert on_network("desk") == {"grafana"}
    assert on_network("mail") == {"alertmanager"}  # what has a way out is reached by Prometheus alone
    assert on_network("alerts") == {"prometheus", "alertmanager"}
    for name in ("prometheus", "grafana"):
        assert SERVICES[name]["profiles"] == ["ops"]
        assert names(SERVICES[name]["networks"]) <= {"figures", "proxy_figures", "desk", "alerts"}
    assert SERVICES["prometheus"]["secrets"] == ["vigpack_it_token"]


def test_the_proxy_does_not_reach_the_database_or_the_queue() -> None:
    beside = {name for name, service in SERVICES.items() if names(service["networks"]) & {"outside", "front"}}
    assert beside == {"proxy", "api"}


@pytest.mark.parametrize("name", SERVICES)
def test_no_service_may_gain_rights_or_write_outside_its_volumes(name: str) -> None:
    service = SERVICES[name]
    assert not service.get("privileged")
    assert not {"pid", "ipc", "network_mode", "devices"} & set(service)
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert not [volume for volume in service.get("volumes", []) if "docker.sock" in volume]


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_has_bounds_and_bounded_logs(name: str) -> None:
    assert names(SERVICES[name]["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}
    assert SERVICES[name]["logging"]["options"]["max-size"]


@pytest.mark.parametrize("name", sorted(set(SERVICES) - {"migrate", "certificates"}))
def test_every_lasting_service_is_checked_and_restarted(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}
    assert SERVICES[name]["restart"] == "unless-stopped"


def test_workers_can_be_many() -> None:
    assert not {"container_name", "ports", "hostname"} & set(SERVICES["worker"])
    assert SERVICES["worker"]["deploy"]["replicas"] == "${VIGPACK_WORKERS:-1}"  # from .env: it outlives every `up`


def test_work_in_progress_lies_in_memory() -> None:
    scratch = SERVICES["worker"]["environment"]["VIGPACK_SCRATCH_DIR"]
    assert any(mount.startswith(f"{scratch}:size=") for mount in SERVICES["worker"]["tmpfs"])


def test_no_secret_stands_in_the_file() -> None:
    for name, service in SERVICES.items():
        for variable in set(service.get("environment", {})) - {"VIGPACK_PUBLIC_URL", "VIGPACK_PROXY_URL"}:
            assert not re.search(r"PASSWORD$|TOKEN|_URL$|SECRET_ACCESS", variable), f"{name}: {variable}"
    assert all(secret["file"].startswith("./secrets/") for secret in COMPOSE["secrets"].values())
    assert "/secrets/" in (HOUSE / ".gitignore").read_text()


def test_every_secret_volume_and_network_that_is_used_is_declared() -> None:
    for service in SERVICES.values():
        assert names(service.get("secrets", [])) <= names(COMPOSE["secrets"])
        assert names(service["networks"]) <= names(COMPOSE["networks"])
        named = {volume.split(":")[0] for volume in service.get("volumes", []) if not volume.startswith(".")}
        assert named <= names(COMPOSE["volumes"])


def test_every_file_that_is_mounted_is_there() -> None:
    mounted = [v.split(":")[0] for s in SERVICES.values() for v in s.get("volumes", []) if v.startswith(".")]
    assert mounted
    assert all((HOUSE / path).exists() for path in mounted)


def test_one_service_builds_the_image_and_all_of_ours_run_it() -> None:
    assert [name for name, service in SERVICES.items() if "build" in service] == ["api"]
    assert {SERVICES[name]["image"] for name in OURS} == {f"vigpack:{VERSION}"}
    assert {SERVICES[name]["pull_policy"] for name in OURS} == {"never"}


def test_every_other_image_can_be_named_in_dotenv_so_that_a_mirror_or_a_digest_can_be_used() -> None:
    others = {name: service["image"] for name, service in SERVICES.items() if name not in OURS}
    assert [
        name for name, image in others.items() if not re.fullmatch(r"\$\{[A-Z]+_IMAGE:-[a-z/]+:[a-z0-9.-]+\}", image)
    ] == []
    dockerfile = (HOUSE / "Dockerfile").read_text()
    for argument, default in SERVICES["api"]["build"]["args"].items():
        assert f"ARG {argument}={default[len(argument) + 4 : -1]}\n" in dockerfile
    assert not re.search(r"x86|amd64|aarch64|arm64", re.sub(r"^#.*", "", dockerfile, flags=re.MULTILINE))


@pytest.mark.parametrize("kind", ["automatic", "own", "internal", "acme"])
def test_the_proxy_takes_its_certificate_from_where_dotenv_says(kind: str, certificates: Path) -> None:
    said = (HOUSE / "configs/Caddyfile").read_text().replace("/certificates/", f"{certificates}/")
    adapted = subprocess.run(
        ["caddy", "validate", "--adapter", "caddyfile", "--config", "-"],
        input=said,
        env={"PATH": PATH, "HOME": str(certificates), "VIGPACK_SITE": "vig.example.org", "VIGPACK_CERTIFICATE": kind},
        capture_output=True,
        text=True,
        check=False,
    )
    assert adapted.returncode == 0, adapted.stderr


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificates")
    made = ["-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=vig.example.org"]
    names = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "certificate.pem")]
    subprocess.run(["openssl", "req", *made, *names], check=True, capture_output=True)
    shutil.copy(folder / "certificate.pem", folder / "ca.pem")
    return folder


def test_what_ends_by_itself_is_waited_for_by_what_lasts() -> None:
    """`up --wait` fails where a container ended that none waits for; with a proxy of one's own that is so, too."""
    without = yaml.safe_load((HOUSE / "configs/proxy/compose.yml").read_text())["services"]
    off = {name for name, service in without.items() if service.get("profiles")}
    for services in (SERVICES, {name: service for name, service in SERVICES.items() if name not in off}):
        once = {name for name, service in services.items() if service["restart"] == "no"}
        waited_for = {name for service in services.values() for name in service.get("depends_on", {})}
        assert once - waited_for == set()


def test_the_proxy_is_nobody_s_and_may_write_its_volume_alone() -> None:
    user = SERVICES["proxy"]["user"]
    assert user == SERVICES["certificates"]["command"][2]
    assert not user.startswith("0")
    assert SERVICES["certificates"]["volumes"] == ["certificates:/data"]
    assert SERVICES["proxy"]["depends_on"]["certificates"] == {"condition": "service_completed_successfully"}


def test_the_image_runs_as_nobody_special() -> None:
    said = (HOUSE / "Dockerfile").read_text()
    assert re.findall(r"^USER (\w+)$", said, re.MULTILINE) == ["vigpack"]
    assert len(re.findall(r"^FROM ", said, re.MULTILINE)) == 3  # the page, what pip installs, and what runs
    assert "--require-hashes" in said


def test_keys_lie_apart_from_what_they_open_and_all_who_need_them_have_them() -> None:
    for name in ("api", "worker", "migrate"):
        service = SERVICES[name]
        assert "vigpack_master_key" in service["secrets"]
        assert service["environment"]["VIGPACK_KEY_DIR"] == "/keys"
        assert {"data:/data", "keys:/keys"} <= set(service["volumes"])
    others = [service for name, service in SERVICES.items() if name not in {"api", "worker", "migrate"}]
    assert not [one for one in others if "vigpack_master_key" in one.get("secrets", [])]
    assert "vigpack_master_key" in (HOUSE / "configs/compose.worker-role.yml").read_text()
    assert "/data /keys" in (HOUSE / "Dockerfile").read_text()
