from __future__ import annotations

import pytest

from pipeline.errors import Cancelled, FfmpegFailed, FilmUnreadable
from records.actions.complete_job import fail
from records.actions.manage_jobs import cancel_job, hold_job, release_job, retry_job, set_priority
from records.database import Database
from records.errors import JobMissing, JobStateWrong, PriorityWrong, WorkerMissing
from records.ledger.jobs import claim_next, renew
from records.ledger.workers import drain_worker, undrain_worker
from records.models import JobState, MomentState, SelectionState, WorkerRow
from records.settings import Settings
from records.views.selections import SelectionView, selection_view
from tests.records.cast import K_104, add_jobs, figures_of, job_row, take


def view_of(db: Database, job: str) -> SelectionView:
    with db.reading() as session:
        seen = selection_view(session, job_row(db, job).selection_id)
    assert seen is not None
    return seen


def test_a_job_that_spent_its_attempts_is_quarantined_with_its_reason_until_tried_again(
    settings: Settings, db: Database
) -> None:
    settings = settings.model_copy(update={"retry_after_s": 0})
    (job,) = add_jobs(db)
    for _ in range(settings.max_attempts):
        fail(db, take(db, settings, job), FfmpegFailed("exit status 1"), settings)
    row = job_row(db, job)
    assert (row.state, row.attempts, row.error_code) == (JobState.FAILED, settings.max_attempts, "ffmpeg_failed")
    assert claim_next(db, "w", settings) is None
    with db.session() as session:
        retry_job(session, job)
    row = job_row(db, job)
    assert (row.state, row.attempts, row.error_code) == (JobState.QUEUED, 0, None)
    assert view_of(db, job).state == SelectionState.PREPARING


def test_only_one_job_is_tried_again(settings: Settings, db: Database) -> None:
    first, second, _ = add_jobs(db, K_104)
    for job in (first, second):
        fail(db, take(db, settings, job), FilmUnreadable(), settings)
    with db.session() as session:
        retry_job(session, first)
    assert [job_row(db, job).state for job in (first, second)] == [JobState.QUEUED, JobState.FAILED]
    assert view_of(db, first).state == SelectionState.FAILED


def test_a_waiting_job_is_cancelled_at_once_and_the_guider_sees_why(db: Database, settings: Settings) -> None:
    (job,) = add_jobs(db)
    with db.session() as session:
        cancel_job(session, job)
    seen = view_of(db, job)
    assert (seen.state, seen.moments[0].state) == (SelectionState.FAILED, MomentState.FAILED)
    assert seen.moments[0].error is not None
    assert seen.moments[0].error.code == "cancelled"
    assert claim_next(db, "w", settings) is None


def test_a_running_job_is_asked_to_stop(db: Database, settings: Settings) -> None:
    (job,) = add_jobs(db)
    won = take(db, settings, job)
    with db.session() as session:
        cancel_job(session, job)
    with pytest.raises(Cancelled):
        renew(db, won)


def test_a_held_job_waits_for_its_release_and_is_not_counted_as_waiting(db: Database, settings: Settings) -> None:
    (job,) = add_jobs(db)
    with db.session() as session:
        hold_job(session, job)
    assert claim_next(db, "w", settings) is None
    assert figures_of(db, settings).due == 0
    seen = view_of(db, job)
    assert (seen.moments[0].state, seen.settled) == ("queued", False)
    with db.session() as session:
        release_job(session, job)
    seen_again = figures_of(db, settings)
    assert seen_again.due == 1
    assert seen_again.oldest_waiting_s < 10
    assert claim_next(db, "w", settings) is not None


def test_a_held_job_can_be_cancelled(db: Database) -> None:
    (job,) = add_jobs(db)
    with db.session() as session:
        hold_job(session, job)
        cancel_job(session, job)
    assert job_row(db, job).state == JobState.CANCELLED


def test_a_job_is_moved_forward(db: Database, settings: Settings) -> None:
    _, second, _ = add_jobs(db, K_104)
    with db.session() as session:
        set_priority(session, second, 0)
    won = claim_next(db, "w", settings)
    assert won is not None
    assert won.job_id == second


@pytest.mark.parametrize("priority", [-1, 10])
def test_there_are_ten_priorities(db: Database, priority: int) -> None:
    (job,) = add_jobs(db)
    with pytest.raises(PriorityWrong), db.session() as session:
        set_priority(session, job, priority)


@pytest.mark.parametrize("act", [retry_job, release_job])
def test_what_does_not_fit_the_jobs_state_is_refused_and_changes_nothing(db: Database, act: object) -> None:
    (job,) = add_jobs(db)
    with pytest.raises(JobStateWrong), db.session() as session:
        act(session, job)  # type: ignore[operator]
    assert job_row(db, job).state == JobState.QUEUED


@pytest.mark.parametrize("act", [cancel_job, hold_job])
def test_an_ended_job_can_be_neither_cancelled_nor_held(settings: Settings, db: Database, act: object) -> None:
    (job,) = add_jobs(db)
    fail(db, take(db, settings, job), FilmUnreadable(), settings)
    with pytest.raises(JobStateWrong), db.session() as session:
        act(session, job)  # type: ignore[operator]


def test_a_job_that_is_not_there_is_told(db: Database) -> None:
    with pytest.raises(JobMissing), db.session() as session:
        retry_job(session, "0" * 32)


def test_a_worker_is_drained_and_back(db: Database) -> None:
    with db.session() as session:
        session.add(WorkerRow(name="laptop:up", version="1"))
    for change, draining in ((drain_worker, True), (undrain_worker, False)):
        with db.session() as session:
            change(session, "laptop:up")
        with db.reading() as session:
            assert session.get_one(WorkerRow, "laptop:up").draining is draining
    with pytest.raises(WorkerMissing), db.session() as session:
        drain_worker(session, "nobody")
