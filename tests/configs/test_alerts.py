"""Alerts and dashboard: every figure they ask for is one that the service gives, and each story ends in its alert."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from api.app import create_app
from records.ledger.workers import beat
from records.models import SampleRow, utcnow
from records.settings import Settings
from tests.api.conftest import client_of
from tests.databases import make_tables
from tests.effects import open_alone
from tests.records.cast import K_104, add_jobs
from tests.records.finished import finish_job, give_up_job
from worker.maintenance.recovery import recover_lost_jobs
from worker.monitoring.proxy import ProxyFound, _Watched, _watched

HOUSE = Path(__file__).resolve().parents[2]
CONFIGS = HOUSE / "configs"
STORIES = Path(__file__).with_name("alerts.yml")
RULES: list[dict[str, Any]] = yaml.safe_load((CONFIGS / "alerts.yml").read_text())["groups"][0]["rules"]
BOARD: dict[str, Any] = json.loads((CONFIGS / "grafana/vigpack.json").read_text())
ASKED = {target["expr"] for panel in BOARD["panels"] for target in panel.get("targets", [])}
COMPOSE: dict[str, Any] = yaml.safe_load((HOUSE / "docker-compose.yml").read_text())
PROMETHEUS: dict[str, Any] = yaml.safe_load((CONFIGS / "prometheus.yml").read_text())


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """Every figure of a service that has seen everything: name → its labels."""
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("given"), min_free_bytes=0, proxy_url="https://vig.example.org"
    )
    seen = ProxyFound(settings.proxy_url, "", utcnow(), utcnow())
    _watched[settings.proxy_url, ""] = _Watched(seen, time.monotonic())
    make_tables(settings)
    with client_of(create_app(settings)) as client:
        parts = client.app.state.context  # type: ignore[attr-defined]  # a FastAPI
        one, two, _ = add_jobs(parts.db, K_104)
        finish_job(parts.db, one, settings)
        give_up_job(parts.db, two, settings)
        beat(parts.db, "here:1", utcnow())
        recover_lost_jobs(parts.db, parts.storage, settings)
        _fill_the_disk(settings)
        text = client.get("/metrics").text
    found: dict[str, set[str]] = {"up": {"job"}}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


def _fill_the_disk(settings: Settings) -> None:
    """As if there had been ten times as much room half a day ago."""
    db, at = open_alone(settings), utcnow() - timedelta(hours=12)
    free = shutil.disk_usage(settings.data_dir).free
    with db.session() as session:
        session.add(SampleRow(at=at, state="well", since=at, disk_free_bytes=10 * free))
    db.dispose()


def figures_in(expression: str) -> dict[str, set[str]]:
    """The figures that an expression asks for, and the labels it chooses by."""
    found: dict[str, set[str]] = {}
    for name, chosen in re.findall(r"\b(vigpack_\w+|up)\b(?:\{([^}]*)\})?", expression):
        found.setdefault(name, set()).update(re.findall(r"(\w+)=", chosen))
    return found


@pytest.mark.parametrize("expression", sorted(ASKED | {rule["expr"] for rule in RULES}))
def test_every_figure_that_is_asked_for_is_given(given: dict[str, set[str]], expression: str) -> None:
    asked = figures_in(expression)
    assert asked
    assert {name: labels - given.get(name, set()) for name, labels in asked.items() if name not in given} == {}
    for name, labels in asked.items():
        assert labels <= given[name], name


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_each_alert_says_what_hurts_and_what_to_do(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in {"warning", "critical"}
    assert set(rule["annotations"]) == {"summary", "do"}
    told = yaml.safe_load(STORIES.read_text())["tests"]
    assert rule["alert"] in json.dumps(told), "no story ends in this alert"


def test_the_guide_explains_each_alert_and_no_other() -> None:
    guide = (HOUSE / "docs/operations.md").read_text()
    assert set(re.findall(r"Vigpack[A-Z]\w+", guide)) == {rule["alert"] for rule in RULES}


def test_every_figure_of_the_issue_is_given(given: dict[str, set[str]]) -> None:
    assert given["vigpack_jobs"] == {"state", "kind"}
    for name in ("oldest_waiting_seconds", "time_to_ready_seconds_bucket", "workers", "disk_free_bytes"):
        assert f"vigpack_{name}" in given


def test_the_rules_come_true_in_their_stories() -> None:
    """By promtool itself, where it is installed (Debian: apt install prometheus)."""
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("no promtool on this machine: install the package prometheus")
    for words in (
        ["check", "rules", CONFIGS / "alerts.yml"],
        ["check", "config", "--syntax-only", CONFIGS / "prometheus.yml"],
        ["test", "rules", STORIES],
    ):
        done = subprocess.run([promtool, *map(str, words)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_asks_the_api_with_it_s_token_and_knows_the_rules() -> None:
    job, proxy = PROMETHEUS["scrape_configs"]
    assert (proxy["job_name"], proxy["static_configs"]) == ("proxy", [{"targets": ["proxy:8082"]}])
    assert "http://:8082 {" in (CONFIGS / "Caddyfile").read_text()
    service = COMPOSE["services"]["prometheus"]
    assert job["job_name"] == "vigpack"
    assert job["static_configs"] == [{"targets": ["api:8000"]}]
    assert job["authorization"]["credentials_file"] == f"/run/secrets/{service['secrets'][0]}"
    mounted = {volume.split(":")[1] for volume in service["volumes"]}
    assert {*PROMETHEUS["rule_files"], "/etc/prometheus/prometheus.yml"} <= mounted


def test_grafana_finds_its_source_and_its_board() -> None:
    [source] = yaml.safe_load((CONFIGS / "grafana/datasources.yml").read_text())["datasources"]
    [provider] = yaml.safe_load((CONFIGS / "grafana/dashboards.yml").read_text())["providers"]
    used = {panel["datasource"]["uid"] for panel in BOARD["panels"]}
    assert used == {source["uid"]}
    assert source["url"] == "http://prometheus:9090"
    mounted = [volume.split(":")[1] for volume in COMPOSE["services"]["grafana"]["volumes"]]
    assert f"{provider['options']['path']}/vigpack.json" in mounted


def test_each_panel_says_what_it_shows_and_none_covers_another() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in BOARD["panels"]:
        assert panel["title"]
        assert panel["description"]
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, panel["title"]
        taken |= cells
    assert max(x for x, _ in taken) < 24
    assert len({panel["id"] for panel in BOARD["panels"]}) == len(BOARD["panels"])
