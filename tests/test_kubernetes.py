"""The files for Kubernetes, held to its own schemas and to what our programs understand; no cluster is needed."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli import COMMANDS
from records.settings import Settings

HOUSE = Path(__file__).resolve().parent.parent
FOLDER = HOUSE / "install/kubernetes"
VERSION = tomllib.loads((HOUSE / "pyproject.toml").read_text())["project"]["version"]
LISTED: list[str] = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())["resources"]
OBJECTS: list[dict[str, Any]] = [
    one for name in LISTED for one in yaml.safe_load_all((FOLDER / name).read_text()) if one is not None
]
PODS = {
    one["metadata"]["name"]: one["spec"]["template"]["spec"] for one in OBJECTS if one["kind"] in {"Deployment", "Job"}
}


def the(kind: str, name: str) -> dict[str, Any]:
    [found] = [one for one in OBJECTS if (one["kind"], one["metadata"]["name"]) == (kind, name)]
    return found


def test_every_file_is_listed() -> None:
    assert sorted(LISTED) == sorted({path.name for path in FOLDER.glob("*.yaml")} - {"kustomization.yaml"})


@pytest.mark.parametrize(
    "given",
    [one for one in OBJECTS if not one["apiVersion"].startswith("keda.sh/")],
    ids=lambda one: f"{one['kind']}-{one['metadata']['name']}",
)
def test_every_object_fits_kubernetes_s_own_schema(given: dict[str, Any]) -> None:
    kubernetes_validate = pytest.importorskip("kubernetes_validate", reason="Kubernetes' schemas are not installed")
    kubernetes_validate.validate(given, "1.37", strict=True)


@pytest.mark.parametrize("name", PODS)
def test_every_pod_runs_our_image_as_nobody_with_no_way_to_gain_rights(name: str) -> None:
    pod = PODS[name]
    [container] = pod["containers"]
    assert container["image"] == f"vigpack:{VERSION}"
    assert container["command"][0] == "vigpack"
    assert container["command"][1] in COMMANDS
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["automountServiceAccountToken"] is False
    closed = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
    assert container["securityContext"] == closed
    assert "memory" in container["resources"]["limits"]
    assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}


def test_workers_api_and_migration_have_secrets_of_their_own() -> None:
    secrets = {
        name: [one["secret"]["secretName"] for one in pod["volumes"] if "secret" in one] for name, pod in PODS.items()
    }
    assert secrets == {name: [name] for name in PODS}


def test_every_setting_is_one_that_we_read() -> None:
    known = {f"VIGPACK_{name.upper()}" for name in Settings.model_fields} | {"VIGPACK_SECRETS_DIR"}
    assert set(the("ConfigMap", "vigpack-settings")["data"]) - known == set()


def test_a_worker_that_is_to_go_may_end_its_longest_job() -> None:
    pod = PODS["vigpack-worker"]
    assert pod["terminationGracePeriodSeconds"] > Settings().job_limit_s + 60
    [container] = pod["containers"]
    [*_, said] = container["lifecycle"]["preStop"]["exec"]["command"]
    [waits_s] = re.findall(r"^vigpack worker --drain && sleep (\d+)$", said)
    assert Settings().job_limit_s < int(waits_s) < pod["terminationGracePeriodSeconds"]


def test_keda_scales_the_workers_by_a_secret_that_is_named_once() -> None:
    scaled = the("ScaledObject", "vigpack-worker")["spec"]
    assert the("Deployment", scaled["scaleTargetRef"]["name"])
    assert "replicas" not in the("Deployment", "vigpack-worker")["spec"]  # an update would set it back
    [trigger] = scaled["triggers"]
    assert trigger["type"] == "postgresql"
    assert the("TriggerAuthentication", trigger["authenticationRef"]["name"])
    assert scaled["minReplicaCount"] >= 1
