"""Operations for IT: what is shown, what can be done, that it is written down, and that no family is in it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import update

from api.app import create_app
from api.dependencies import AppContext
from api.middleware.access import OPERATIONS
from pipeline.errors import FfmpegFailed
from records.accounts.principal import SHARED_IT_ACCOUNT
from records.audit.log import newest
from records.models import JobRow, JobState, WorkerRow, utcnow
from records.settings import Settings
from tests.api.conftest import TOKEN, client_of
from tests.api.service import SELECTIONS, Service
from tests.records.cast import K_104, K_207, add_jobs, job_row, take
from tests.records.finished import give_up_job

IT_TOKEN = "another-long-random-text"
TRACE = (
    "ffmpeg ended with 187 in /home/ada/films/K-104.mp4: Ella looks up. Mum waits.\n"
    "    title           : Ella at home\n    location        : +51.5007-000.1246/\nerror at frame 12"
)
PERSONAL = ("K-104", "K-207", "Ella", "Mum", "enjoy playing", "Wait a little", "51.5007", "/home/ada", "at home", TOKEN)


@pytest.fixture
def it(app_settings: Settings) -> Iterator[TestClient]:
    """IT's client of a service with both tokens."""
    tokens = {"token": SecretStr(TOKEN), "it_token": SecretStr(IT_TOKEN), "max_attempts": 1}
    with client_of(create_app(app_settings.model_copy(update=tokens))) as client:
        client.headers["Authorization"] = f"Bearer {IT_TOKEN}"
        yield client


@pytest.fixture
def ctx(it: TestClient) -> AppContext:
    return it.app.state.context  # type: ignore[attr-defined]  # a FastAPI


def jobs(it: TestClient, which: str) -> list[str]:
    page = it.get(f"{OPERATIONS}/jobs", params={"which": which}).json()
    assert page["total"] == len(page["jobs"])
    return [job["id"] for job in page["jobs"]]


def acts(ctx: AppContext) -> list[tuple[str, str, str, str]]:
    with ctx.db.reading() as session:
        return [(line.who, line.action, line.target, line.detail) for line in newest(session) if line.action != "start"]


def test_jobs_are_listed_by_what_they_need(it: TestClient, ctx: AppContext) -> None:
    failed, running, stuck = add_jobs(ctx.db, K_104)
    [held], [waiting] = add_jobs(ctx.db, K_207), add_jobs(ctx.db, K_207)
    give_up_job(ctx.db, failed, ctx.settings, FfmpegFailed(TRACE))
    take(ctx.db, ctx.settings, running)
    take(ctx.db, ctx.settings, stuck)
    with ctx.db.session() as session:
        session.execute(update(JobRow).where(JobRow.id == stuck).values(lease_until=utcnow()))
        session.execute(update(JobRow).where(JobRow.id == held).values(state=JobState.HELD))
    assert [jobs(it, which) for which in ("failed", "stalled", "held", "waiting")] == [
        [failed],
        [stuck],
        [held],
        [waiting],
    ]
    assert jobs(it, "running") == [stuck, running]
    [line] = it.get(f"{OPERATIONS}/jobs").json()["jobs"]
    assert (line["attempts"], line["reason"]["code"], line["can"]) == (1, "ffmpeg_failed", ["retry", "acknowledge"])
    assert line["log"].startswith("ffmpeg ended with 187 in …/")
    assert line["log"].endswith("error at frame 12")


def test_each_act_is_done_and_written_down(it: TestClient, ctx: AppContext) -> None:
    [job] = add_jobs(ctx.db)
    path = f"{OPERATIONS}/jobs/{job}"
    assert it.post(f"{path}/hold").json()["state"] == "held"
    assert it.put(f"{path}/priority", json={"priority": 2}).json()["priority"] == 2
    assert it.post(f"{path}/release").json()["state"] == "queued"
    assert it.post(f"{path}/cancel").json()["state"] == "cancelled"
    assert it.post(f"{path}/retry").json()["state"] == "queued"
    assert job_row(ctx.db, job).sent_at is not None
    done = [("retry", ""), ("cancel", ""), ("release", ""), ("priority", '{"priority":2}'), ("hold", "")]
    assert acts(ctx) == [("IT, by its shared token", action, job, detail) for action, detail in done]
    assert [line["action"] for line in it.get(f"{OPERATIONS}/audit").json() if line["action"] != "start"] == [
        action for action, _ in done
    ]


def test_what_cannot_be_done_is_refused_in_words_and_not_written_down(it: TestClient, ctx: AppContext) -> None:
    [job] = add_jobs(ctx.db)
    assert it.post(f"{OPERATIONS}/jobs/{job}/release").status_code == 409
    assert it.post(f"{OPERATIONS}/jobs/{'0' * 32}/retry").status_code == 404
    assert it.put(f"{OPERATIONS}/jobs/{job}/priority", json={"priority": 10}).status_code == 422
    assert it.post(f"{OPERATIONS}/workers/nobody/drain").status_code == 404
    assert acts(ctx) == []


def test_a_worker_is_drained_and_taken_back(it: TestClient, ctx: AppContext) -> None:
    with ctx.db.session() as session:
        session.add(WorkerRow(name="ward-2:4711", version="1.0"))
    states = []
    for act in ("drain", "undrain"):
        assert it.post(f"{OPERATIONS}/workers/ward-2:4711/{act}").status_code == 204
        it.app.state.health._last = None  # type: ignore[attr-defined]
        states.append(it.get(OPERATIONS).json()["queue"]["workers"][0]["state"])
    assert states == ["draining", "working"]
    assert [act[1:3] for act in acts(ctx)] == [("undrain", "ward-2:4711"), ("drain", "ward-2:4711")]


def test_all_that_was_given_up_can_be_tried_again_at_once(it: TestClient, ctx: AppContext) -> None:
    given_up = [*add_jobs(ctx.db, K_104), *add_jobs(ctx.db)]
    for job in given_up:
        give_up_job(ctx.db, job, ctx.settings)
    assert it.post(f"{OPERATIONS}/retry-failed").json() == {"jobs": 4}
    assert {job_row(ctx.db, job).state for job in given_up} == {JobState.QUEUED}
    assert {act[1:3] for act in acts(ctx)} == {("retry", job) for job in given_up}
    assert it.post(f"{OPERATIONS}/retry-failed").json() == {"jobs": 0}


def test_what_was_given_up_can_be_taken_note_of(it: TestClient, ctx: AppContext) -> None:
    one, two, three = add_jobs(ctx.db, K_104)
    for job in (one, two):
        give_up_job(ctx.db, job, ctx.settings)
    noted = it.post(f"{OPERATIONS}/jobs/{one}/acknowledge").json()
    assert (noted["state"], noted["can"]) == ("failed", ["retry"])
    assert noted["acknowledged_at"] is not None
    assert it.post(f"{OPERATIONS}/acknowledge-failed").json() == {"jobs": 1}
    assert it.post(f"{OPERATIONS}/retry-failed").json() == {"jobs": 0}
    assert it.post(f"{OPERATIONS}/jobs/{three}/acknowledge").status_code == 409
    assert jobs(it, "failed") == [two, one]
    assert [act[1:3] for act in acts(ctx)] == [("acknowledge", two), ("acknowledge", one)]


def test_no_family_no_word_and_no_place_is_in_anything_that_it_sees(it: TestClient, ctx: AppContext) -> None:
    failed, running, waiting = add_jobs(ctx.db, K_104)
    give_up_job(ctx.db, failed, ctx.settings, FfmpegFailed(TRACE, for_guider="Ella looks up. cannot be drawn."))
    take(ctx.db, ctx.settings, running, "here:1")
    logs = ctx.settings.data_dir / "logs"
    logs.mkdir()
    (logs / "worker.log").write_text(f"WARNING {TRACE}\nAuthorization: Bearer {TOKEN}\nrow of K-207\n")
    add_jobs(ctx.db, K_207)
    told = {}
    for path in (
        "",
        "/series",
        "/audit",
        "/report",
        *(f"/jobs?which={which}" for which in ("failed", "running", "waiting")),
    ):
        answer = it.get(OPERATIONS + path)
        assert answer.status_code == 200, path
        told[path] = answer.text
    told["act"] = it.post(f"{OPERATIONS}/jobs/{failed}/retry").text
    told["figures"] = it.get("/metrics").text
    found = {path: [word for word in PERSONAL if word in text] for path, text in told.items()}
    assert {path: words for path, words in found.items() if words} == {}
    assert waiting in told["/jobs?which=waiting"]
    assert "error at frame 12" in told["/report"]


def test_the_report_tells_versions_checks_figures_jobs_acts_and_logs(it: TestClient, ctx: AppContext) -> None:
    [job] = add_jobs(ctx.db)
    give_up_job(ctx.db, job, ctx.settings)
    it.post(f"{OPERATIONS}/jobs/{job}/retry")
    answer = it.get(f"{OPERATIONS}/report")
    assert answer.headers["Content-Type"].startswith("text/plain")
    for part in (
        "VERDICT: bad",
        "VERSIONS",
        "CHECKS",
        "FIGURES",
        "WORKERS",
        "JOBS FAILED: 0",
        "LAST ACTS",
        "LOG of this process",
    ):
        assert part in answer.text, part
    assert f"{SHARED_IT_ACCOUNT} retry {job}" in answer.text
    assert '"event": "answered"' in answer.text


def test_a_change_is_told_live(running: Service, api: httpx.Client) -> None:
    """By a real process: the test client would wait for the end of the stream."""
    with api.stream("GET", f"{OPERATIONS}/events", timeout=60) as stream:
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        seen: list[int] = []
        for line in stream.iter_lines():
            if not line.startswith("data: {"):
                continue
            seen.append(json.loads(line.removeprefix("data: "))["queue"]["due"])
            if seen[-1] != seen[0]:
                break
            if len(seen) == 1:
                add_jobs(create_app(running.settings()).state.context.db)
    assert seen[-1] == seen[0] + 1


def test_a_guider_s_token_sees_operations_too(it: TestClient) -> None:
    assert it.get(OPERATIONS, headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200
    assert it.get(SELECTIONS).json()["code"] == "not_for_it"
