"""The chart for Kubernetes as helm renders it, held to Kubernetes' own schemas and to ours; no cluster is needed."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import kubernetes_validate
import pytest
import yaml

from cli import COMMANDS
from records.settings import Settings
from tests.helm import CHART, render, run_helm

TOGETHER = "helm"
VERSION = tomllib.loads((CHART.parents[1] / "pyproject.toml").read_text())["project"]["version"]
DIGEST = f"sha256:{'5' * 64}"
OTHERS: dict[str, dict[str, Any]] = {
    "as it comes": {},
    "without KEDA": {"scaling": {"keda": False}, "worker": {"replicas": 3, "concurrency": 4}},
    "everything named": {
        "host": "vig.example.org",
        "image": {"repository": "registry.example.org/vigpack", "digest": DIGEST},
        "imagePullSecrets": [{"name": "pull"}],
        "settings": {"VIGPACK_JAIL_REQUIRED": True, "VIGPACK_MOST_STREAMS": 6},
        "api": {"uploads": {"size": "9Gi", "storageClass": "fast"}},
        "keys": {"existingClaim": "keys-of-ours"},
        "ingress": {"className": "nginx", "tlsSecret": "certificate", "annotations": {}},
        "network": {"egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}]},
    },
}

Objects = list[dict[str, Any]]


@pytest.fixture(scope="module")
def objects() -> Objects:
    return render({})


def the(objects: Objects, kind: str, name: str) -> dict[str, Any]:
    [found] = [one for one in objects if (one["kind"], one["metadata"]["name"]) == (kind, name)]
    return found


def pods_of(objects: Objects) -> dict[str, dict[str, Any]]:
    ours = [one for one in objects if one["kind"] in {"Deployment", "Job"}]
    return {one["metadata"]["name"]: one["spec"]["template"]["spec"] for one in ours}


def test_helm_itself_finds_no_fault() -> None:
    done = run_helm("lint", "--strict")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("values", OTHERS.values(), ids=OTHERS)
def test_every_object_fits_kubernetes_s_own_schema(values: dict[str, Any]) -> None:
    for given in render(values):
        if not given["apiVersion"].startswith("keda.sh/"):
            kubernetes_validate.validate(given, "1.37", strict=True)


@pytest.mark.parametrize("values", OTHERS.values(), ids=OTHERS)
def test_every_pod_runs_our_image_as_nobody_with_no_way_to_gain_rights(values: dict[str, Any]) -> None:
    pods = pods_of(render(values))
    assert set(pods) == {"vigpack-api", "vigpack-worker", "vigpack-migrate-1"}
    for pod in pods.values():
        [container] = pod["containers"]
        named = f"registry.example.org/vigpack@{DIGEST}" if "image" in values else f"vigpack:{VERSION}"
        assert container["image"] == named
        assert container["command"][0] == "vigpack"
        assert container["command"][1] in COMMANDS
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["automountServiceAccountToken"] is False
        closed = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
        assert container["securityContext"] == closed
        assert "memory" in container["resources"]["limits"]
        assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}


def test_what_is_given_is_heeded() -> None:
    objects = render(OTHERS["everything named"])
    ingress = the(objects, "Ingress", "vigpack")["spec"]
    assert ingress["ingressClassName"] == "nginx"
    assert ingress["tls"] == [{"hosts": ["vig.example.org"], "secretName": "certificate"}]
    settings = the(objects, "ConfigMap", "vigpack-settings")["data"]
    assert settings["VIGPACK_PUBLIC_URL"] == "https://vig.example.org"
    assert (settings["VIGPACK_JAIL_REQUIRED"], settings["VIGPACK_MOST_STREAMS"]) == ("true", "6")
    assert [one["metadata"]["name"] for one in objects if one["kind"] == "PersistentVolumeClaim"] == ["vigpack-uploads"]
    for pod in pods_of(objects).values():
        assert {"name": "keys", "persistentVolumeClaim": {"claimName": "keys-of-ours"}} in pod["volumes"]
        assert pod["imagePullSecrets"] == [{"name": "pull"}]
    assert the(objects, "NetworkPolicy", "vigpack")["spec"]["egress"] == [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}]


@pytest.mark.parametrize(
    "values",
    [
        {"wroker": {"replicas": 2}},
        {"settings": {"VIGPACK_TOKEN": "a secret in a ConfigMap"}},
        {"settings": {"VIGPACK_S3_SECRET_ACCESS_KEY": "a secret in a ConfigMap"}},
        {"settings": {"LANG": "C"}},
        {"image": {"digest": "sha256:short"}},
        {"scaling": {"min": 0}},
    ],
    ids=["misspelt", "token", "bucket's secret", "not ours", "no digest", "no worker at all"],
)
def test_values_that_are_wrong_are_refused_before_a_cluster_sees_them(values: dict[str, Any]) -> None:
    assert run_helm("template", "vigpack", values=values).returncode != 0


def test_no_secret_of_ours_can_be_written_into_the_settings() -> None:
    secret = [name for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation)]
    named = {f"VIGPACK_{name.upper()}": "x" for name in (*secret, "database_url", "broker_url", "migrate_database_url")}
    said = run_helm("template", "vigpack", values={"settings": named}).stderr
    assert set(re.findall(r"invalid propertyName '(\w+)'", said)) == set(named)


def test_two_releases_share_nothing() -> None:
    named = run_helm("template", "other", values=OTHERS["as it comes"]).stdout
    assert "vigpack-" not in re.sub(r"vigpack-(api|worker|migrate)\b", "", re.sub(r"name: other-\S+", "", named))


def test_workers_api_and_migration_have_secrets_of_their_own(objects: Objects) -> None:
    secrets = {
        name: [one["secret"]["secretName"] for one in pod["volumes"] if "secret" in one]
        for name, pod in pods_of(objects).items()
    }
    assert secrets == {name: [name.removesuffix("-1")] for name in secrets}


def test_every_setting_is_one_that_we_read(objects: Objects) -> None:
    known = {f"VIGPACK_{name.upper()}" for name in Settings.model_fields} | {"VIGPACK_SECRETS_DIR"}
    assert set(the(objects, "ConfigMap", "vigpack-settings")["data"]) - known == set()


def test_services_and_policies_find_the_pods_that_they_are_for(objects: Objects) -> None:
    labels = {
        name: one["spec"]["template"]["metadata"]["labels"]
        for name, one in ((one["metadata"]["name"], one) for one in objects if one["kind"] in {"Deployment", "Job"})
    }
    chosen = {
        "vigpack-api": the(objects, "Service", "vigpack-api")["spec"]["selector"],
        **{
            name: the(objects, "Deployment", name)["spec"]["selector"]["matchLabels"]
            for name in ("vigpack-worker", "vigpack-api")
        },
    }
    for name, selector in chosen.items():
        assert [one for one, its in labels.items() if selector.items() <= its.items()] == [name]
    everything = the(objects, "NetworkPolicy", "vigpack")["spec"]["podSelector"]["matchLabels"]
    assert all(everything.items() <= its.items() for its in labels.values())


def test_keys_outlive_the_release(objects: Objects) -> None:
    keys = the(objects, "PersistentVolumeClaim", "vigpack-keys")
    assert keys["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}


def test_a_worker_that_is_to_go_may_end_its_longest_job(objects: Objects) -> None:
    pod = pods_of(objects)["vigpack-worker"]
    assert pod["terminationGracePeriodSeconds"] > Settings().job_limit_s + 60
    [container] = pod["containers"]
    [*_, said] = container["lifecycle"]["preStop"]["exec"]["command"]
    [waits_s] = re.findall(r"^vigpack worker --drain && sleep (\d+)$", said)
    assert Settings().job_limit_s < int(waits_s) < pod["terminationGracePeriodSeconds"]


def test_keda_scales_the_workers_by_a_secret_that_is_named_once(objects: Objects) -> None:
    scaled = the(objects, "ScaledObject", "vigpack-worker")["spec"]
    assert the(objects, "Deployment", scaled["scaleTargetRef"]["name"])
    assert "replicas" not in the(objects, "Deployment", "vigpack-worker")["spec"]  # an update would set it back
    [trigger] = scaled["triggers"]
    assert trigger["type"] == "postgresql"
    assert the(objects, "TriggerAuthentication", trigger["authenticationRef"]["name"])
    assert scaled["minReplicaCount"] >= 1


def test_without_keda_there_are_as_many_workers_as_one_says() -> None:
    objects = render(OTHERS["without KEDA"])
    worker = the(objects, "Deployment", "vigpack-worker")["spec"]
    assert worker["replicas"] == 3
    assert worker["template"]["spec"]["containers"][0]["command"][-1] == "4"
    assert not [one for one in objects if one["apiVersion"].startswith("keda.sh/")]


def test_a_changed_setting_starts_what_reads_it_anew(objects: Objects) -> None:
    changed = render({"settings": {"VIGPACK_MOST_STREAMS": 6}})
    for name in ("vigpack-api", "vigpack-worker"):
        [before, after] = [
            the(ones, "Deployment", name)["spec"]["template"]["metadata"]["annotations"] for ones in (objects, changed)
        ]
        assert before != after


def test_the_chart_is_of_the_program_s_version() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert (chart["version"], chart["appVersion"]) == (VERSION, VERSION)
