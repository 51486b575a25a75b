"""The queue in figures: what waits, runs, stands still, was given up, and who works."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from pipeline.artifact import COPIED, EncodingReason
from records.actions.manage_jobs import acknowledge_job, retry_job
from records.database import Database
from records.ledger.jobs import renew
from records.models import JobRow, WorkerRow, utcnow
from records.settings import Settings
from records.views.queue_stats import UNMOVED_S, Depth, Failures, JobCount, Pictures
from tests.records.cast import K_104, add_jobs, figures_of, take
from tests.records.finished import finish_job, give_up_job


def ago(seconds: float) -> Any:
    return utcnow() - timedelta(seconds=seconds)


def set_job(db: Database, job: str, **values: object) -> None:
    with db.session() as session:
        session.execute(update(JobRow).where(JobRow.id == job).values(**values))


def test_depth_and_age_are_of_what_could_begin(db: Database, settings: Settings) -> None:
    old, urgent, resting = (add_jobs(db)[0] for _ in range(3))
    set_job(db, old, queued_at=ago(90), priority=5)
    set_job(db, urgent, priority=2)
    set_job(db, resting, queued_at=ago(86_400), not_before=utcnow() + timedelta(seconds=60))
    seen = figures_of(db, settings)
    assert seen.jobs == [JobCount(kind="moment", state="queued", jobs=3)]
    assert seen.waiting == [Depth(kind="moment", priority=2, jobs=1), Depth(kind="moment", priority=5, jobs=1)]
    assert (seen.due, seen.last_done_at) == (2, None)
    assert seen.oldest_waiting_s == pytest.approx(90, abs=5)


def test_an_empty_queue_has_no_age_and_no_times(db: Database, settings: Settings) -> None:
    seen = figures_of(db, settings)
    assert (seen.due, seen.oldest_waiting_s, seen.running, seen.workers) == (0, 0.0, [], [])
    assert (seen.ready_24h.jobs, seen.ready_24h.p50_s, seen.last_recovery_at) == (0, None, None)


def test_a_running_job_tells_how_far_it_is_and_since_when_nothing_moved(db: Database, settings: Settings) -> None:
    (job,) = add_jobs(db)
    won = take(db, settings, job, "here:1")
    renew(db, won, 0.4)
    set_job(db, job, started_at=ago(30), moved_at=ago(20), lease_until=ago(5 - settings.lease_s))
    [one] = figures_of(db, settings).running
    assert (one.id, one.worker, one.progress, one.attempt, one.stalled) == (job, "here:1", 0.4, 1, False)
    assert [one.running_s, one.unmoved_s, one.lease_age_s] == pytest.approx([30, 20, 5], abs=3)


def test_only_growing_progress_counts_as_movement(db: Database, settings: Settings) -> None:
    (job,) = add_jobs(db)
    won = take(db, settings, job)
    renew(db, won, 0.4)
    set_job(db, job, moved_at=ago(100))
    renew(db, won, 0.4)
    renew(db, won)
    assert figures_of(db, settings).running[0].unmoved_s == pytest.approx(100, abs=5)
    renew(db, won, 0.5)
    assert figures_of(db, settings).running[0].unmoved_s == pytest.approx(0, abs=5)


@pytest.mark.parametrize(
    "changes", [{"lease_until": ago(1)}, {"moved_at": ago(UNMOVED_S + 1)}], ids=["silent worker", "standing still"]
)
def test_a_job_without_a_lease_or_without_progress_is_stalled(
    db: Database, settings: Settings, changes: dict[str, Any]
) -> None:
    for job in add_jobs(db, K_104)[:2]:
        take(db, settings, job)
    set_job(db, job, **changes)
    seen = figures_of(db, settings)
    assert (seen.stalled, sum(one.stalled for one in seen.running)) == (1, 1)


def test_times_to_ready_and_reasons_of_the_last_day(db: Database, settings: Settings) -> None:
    quick, slow, bad = add_jobs(db, K_104)
    finish_job(db, quick, settings, took_s=10, picture=COPIED)
    finish_job(db, slow, settings, took_s=80, picture=EncodingReason.UNEVEN_RATE)
    give_up_job(db, bad, settings)
    seen = figures_of(db, settings)
    assert (seen.done_24h, seen.failed_now, seen.ready_24h.jobs) == (2, 1, 2)
    assert (seen.ready_24h.p50_s, seen.ready_24h.p95_s) == pytest.approx((10, 80), rel=0.11)
    assert seen.done_per_hour == 2
    assert seen.pictures_24h == [Pictures(how="copied", clips=1), Pictures(how="uneven_rate", clips=1)]
    sentence = "This film cannot be read. Try copying it from the phone or camera again."
    assert seen.failed_24h == [Failures(code="film_unreadable", sentence=sentence, jobs=1)]


def test_what_is_called_of_an_hour_is_of_an_hour(db: Database, settings: Settings) -> None:
    """Not of the quarters that began within it, reckoned up or down."""
    recent, earlier, _ = add_jobs(db, K_104)
    for job, minutes in ((recent, 59), (earlier, 61)):
        finish_job(db, job, settings)
        set_job(db, job, finished_at=ago(60 * minutes))
    assert figures_of(db, settings).done_per_hour == 1


def test_a_job_that_was_taken_note_of_counts_no_more_until_it_is_given_up_again(
    db: Database, settings: Settings
) -> None:
    (job,) = add_jobs(db)
    give_up_job(db, job, settings)
    with db.session() as session:
        acknowledge_job(session, job)
    assert figures_of(db, settings).failed_now == 0
    with db.session() as session:
        retry_job(session, job)
    give_up_job(db, job, settings)
    assert figures_of(db, settings).failed_now == 1


def states_of(db: Database, settings: Settings, *rows: WorkerRow) -> dict[str, str]:
    with db.session() as session:
        session.add_all(rows)
    return {worker.name: worker.state for worker in figures_of(db, settings).workers}


def test_a_worker_that_was_started_again_under_another_name_is_one_worker(db: Database, settings: Settings) -> None:
    """Containers that are made anew have other names; two died, one came back."""
    found = states_of(
        db,
        settings,
        WorkerRow(name="a:moments", version="1", started_at=ago(900), seen_at=ago(300)),
        WorkerRow(name="b:moments", version="1", started_at=ago(900), seen_at=ago(200)),
        WorkerRow(name="c:moments", version="1", started_at=ago(100), seen_at=ago(1)),
        WorkerRow(name="d:moments", version="1", started_at=ago(5000), seen_at=ago(1)),
    )
    assert found == {"a:moments": "left", "b:moments": "silent", "c:moments": "working", "d:moments": "working"}


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"draining": True, "seen_at": 600}, "left"),
        ({}, "working"),
        ({"draining": True}, "draining"),
        ({"seen_at": 600}, "silent"),
        ({"seen_at": 600, "skew_s": -600.0}, "working"),  # its clock is behind
        ({"seen_at": 600, "skew_s": 600.0}, "silent"),
        ({"seen_at": 600, "left_at": 600}, "left"),
    ],
)
def test_a_worker_works_drains_fell_silent_or_left(
    db: Database, settings: Settings, changes: dict[str, Any], state: str
) -> None:
    changes = {"skew_s": 0.2} | {name: ago(value) if name.endswith("_at") else value for name, value in changes.items()}
    (job,) = add_jobs(db)
    take(db, settings, job, "here:1")
    with db.session() as session:
        session.add(WorkerRow(name="here:1", version="1.0", jobs_done=7, **changes))
        session.add(WorkerRow(name="long gone", version="1.0", seen_at=ago(90_000)))
    [worker] = figures_of(db, settings).workers
    assert (worker.name, worker.state, worker.jobs_done, worker.skew_s) == ("here:1", state, 7, changes["skew_s"])
    assert worker.runs == [job]
