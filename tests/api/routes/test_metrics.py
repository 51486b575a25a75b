"""Figures for Prometheus: what is known, nothing that is not, and labels that cannot grow."""

from __future__ import annotations

import re

import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import update

from api.app import create_app
from api.dependencies import AppContext
from records.ledger.recurring import RECOVERY, note_ended
from records.models import JobRow
from records.settings import Settings
from tests.api.conftest import client_of
from tests.api.service import announce, send
from tests.records.cast import K_104, add_jobs
from tests.records.finished import finish_job, give_up_job
from tests.servers import free_port

Samples = dict[str, float]


def samples(client: TestClient) -> Samples:
    """Every sample, named as Prometheus would: name{label="value",…}."""
    answer = client.get("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    found: Samples = {}
    for family in text_string_to_metric_families(answer.text):
        for one in family.samples:
            labels = ",".join(f'{name}="{value}"' for name, value in sorted(one.labels.items()))
            found[one.name + (f"{{{labels}}}" if labels else "")] = one.value
    return found


@pytest.fixture
def ctx(client: TestClient) -> AppContext:
    return client.app.state.context  # type: ignore[attr-defined]  # a FastAPI


def test_what_waits_is_told_by_kind_state_and_priority(client: TestClient) -> None:
    send(client, announce(client, 4), 0, b"film")
    found = samples(client)
    assert found['vigpack_jobs{kind="moment",state="queued"}'] == 1
    assert found['vigpack_jobs_waiting{kind="moment",priority="2"}'] == 1
    assert found["vigpack_jobs_due"] == 1
    assert found["vigpack_oldest_waiting_seconds"] > 0
    assert (found["vigpack_workers"], found["vigpack_healthy"]) == (0, 0)
    assert found['vigpack_problem{code="no_worker",level="bad"}'] == 1
    assert found["vigpack_well"] == 0  # the former names, for one release
    assert found['vigpack_hurts{code="no_worker",level="bad"}'] == 1


def test_the_last_recovery_is_told_under_its_former_name_too(client: TestClient, ctx: AppContext) -> None:
    note_ended(ctx.db, RECOVERY)
    found = samples(client)
    assert found["vigpack_last_recovery_timestamp_seconds"] > 0
    assert found["vigpack_healed_timestamp_seconds"] == found["vigpack_last_recovery_timestamp_seconds"]


def test_what_is_unknown_is_absent_and_not_zero(client: TestClient, app_settings: Settings) -> None:
    assert "vigpack_last_done_timestamp_seconds" not in samples(client)
    address = f"postgresql+psycopg://ada@127.0.0.1:{free_port()}/none"
    with client_of(create_app(app_settings.model_copy(update={"database_url": address}))) as blind:
        found = samples(blind)
        assert blind.get("/readyz").status_code == 503
        assert blind.get("/api/v1/selections").json()["code"] == "database_unavailable"
    assert (found["vigpack_database_up"], found["vigpack_broker_up"], found["vigpack_storage_up"]) == (0, 1, 1)
    assert found["vigpack_disk_free_bytes"] > 0
    unknown = ("vigpack_jobs", "vigpack_oldest", "vigpack_workers", "vigpack_time", "vigpack_clock", "vigpack_last")
    assert [name for name in found if name.startswith(unknown)] == []


def test_times_and_reasons_are_counted_and_stay_when_the_selection_is_erased(
    client: TestClient, ctx: AppContext
) -> None:
    first, second, third = add_jobs(ctx.db, K_104)
    finish_job(ctx.db, first, ctx.settings, took_s=4, picture="copied")
    finish_job(ctx.db, second, ctx.settings, took_s=40, picture="uneven_rate")
    give_up_job(ctx.db, third, ctx.settings)
    [selection] = client.get("/api/v1/selections").json()["items"]
    assert client.delete(f"/api/v1/selections/{selection['id']}").status_code == 204
    found = samples(client)
    assert found['vigpack_jobs_ended_total{kind="moment",outcome="done"}'] == 2
    assert found['vigpack_jobs_failed_total{code="film_unreadable"}'] == 1
    assert found['vigpack_jobs_failed_total{code="worker_lost"}'] == 0
    how = 'vigpack_clips_finished_total{picture="%s"}'
    assert [found[how % one] for one in ("copied", "uneven_rate", "hidden")] == [1, 1, 0]
    bucket = 'vigpack_time_to_ready_seconds_bucket{kind="moment",le="%s"}'
    assert [found[bucket % edge] for edge in ("3", "8", "30", "45", "+Inf")] == [0, 1, 1, 2, 2]
    assert found['vigpack_time_to_ready_seconds_sum{kind="moment"}'] == pytest.approx(44, rel=0.1)
    assert not [name for name in found if name.startswith("vigpack_jobs{")]


def test_labels_cannot_grow(client: TestClient, ctx: AppContext) -> None:
    jobs = add_jobs(ctx.db, K_104)
    with ctx.db.session() as session:
        for job in jobs:
            session.execute(update(JobRow).where(JobRow.id == job).values(kind=f"kind_{job[:8]}"))
    found = samples(client)
    assert found['vigpack_jobs{kind="other",state="queued"}'] == 3
    values = {value for name in found for value in re.findall(r'="([^"]*)"', name)}
    assert not [value for value in values if re.search(r"[0-9a-f]{8}|:|K-", value)]
    assert len(found) < 1000
