from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from pipeline.errors import FilmUnreadable, PipelineError
from records.database import Database
from records.models import JobRow, JobState, SelectionRow, utcnow
from records.views.jobs import JobFilter, JobPage, given_up_ids, job_line, job_page
from tests.records.cast import K_104, add_jobs

NOW = utcnow()


def job_with(db: Database, **values: object) -> str:
    [job] = add_jobs(db)
    with db.session() as session:
        session.execute(update(JobRow).where(JobRow.id == job).values(**values))
    return job


def page(db: Database, look: JobFilter, limit: int = 10, offset: int = 0) -> JobPage:
    with db.reading() as session:
        return job_page(session, look, NOW, limit=limit, offset=offset)


def ids(found: JobPage) -> list[str]:
    return [job.id for job in found.jobs]


def test_each_look_shows_the_jobs_of_its_states(db: Database) -> None:
    by_state = {state: job_with(db, state=state, finished_at=NOW) for state in JobState}
    shown = {look: set(ids(page(db, look))) for look in JobFilter if look != JobFilter.STALLED}
    assert shown == {
        JobFilter.FAILED: {by_state[JobState.FAILED], by_state[JobState.CANCELLED]},
        JobFilter.WAITING: {by_state[JobState.QUEUED]},
        JobFilter.HELD: {by_state[JobState.HELD]},
        JobFilter.RUNNING: {by_state[JobState.RUNNING]},
    }


def test_failed_jobs_come_newest_first_and_a_page_at_a_time(db: Database) -> None:
    failed = [
        job_with(db, state=JobState.FAILED, finished_at=NOW - timedelta(minutes=minutes)) for minutes in (3, 1, 2)
    ]
    first, second = page(db, JobFilter.FAILED, limit=2), page(db, JobFilter.FAILED, limit=2, offset=2)
    assert ids(first) + ids(second) == [failed[1], failed[2], failed[0]]
    assert first.total == second.total == 3


def test_waiting_jobs_come_by_urgency_then_age(db: Database) -> None:
    old = job_with(db, priority=5, queued_at=NOW - timedelta(hours=1))
    young = job_with(db, priority=5, queued_at=NOW)
    urgent = job_with(db, priority=0, queued_at=NOW)
    assert ids(page(db, JobFilter.WAITING)) == [urgent, old, young]


@pytest.mark.parametrize(
    ("state", "can"),
    [
        (JobState.QUEUED, ["hold", "cancel", "priority"]),
        (JobState.HELD, ["release", "cancel", "priority"]),
        (JobState.RUNNING, ["cancel"]),
        (JobState.FAILED, ["retry", "acknowledge"]),
        (JobState.CANCELLED, ["retry"]),
        (JobState.DONE, []),
    ],
)
def test_a_job_tells_what_can_be_done_with_it(db: Database, state: JobState, can: list[str]) -> None:
    job = job_with(db, state=state)
    with db.reading() as session:
        found = job_line(session, job, NOW)
    assert found is not None
    assert (found.state, found.can) == (state, can)


def test_a_reason_is_told_in_general_words_and_what_was_said_without_words_of_people(db: Database) -> None:
    job, *_ = add_jobs(db, K_104)
    detail = "Ella looks up. Mum waits. is on no line of K-104"
    with db.session() as session:
        failed = {"state": JobState.FAILED, "error_code": FilmUnreadable.code, "error_detail": detail}
        session.execute(update(JobRow).where(JobRow.id == job).values(**failed))
    with db.reading() as session:
        found = job_line(session, job, NOW)
    assert found is not None
    assert found.reason is not None
    assert (found.reason.code, found.reason.sentence) == (FilmUnreadable.code, FilmUnreadable.for_guider)
    assert "is on no line of" in found.log
    assert not any(word in found.log for word in ("Ella", "K-104"))


def test_a_reason_of_another_version_is_told_in_the_most_general_words(db: Database) -> None:
    job = job_with(db, state=JobState.FAILED, error_code="of_a_version_to_come")
    with db.reading() as session:
        found = job_line(session, job, NOW)
    assert found is not None
    assert found.reason is not None
    assert found.reason.sentence == PipelineError.for_guider


def test_jobs_of_a_selection_that_is_being_erased_are_not_shown(db: Database) -> None:
    job = job_with(db, state=JobState.FAILED)
    with db.session() as session:
        session.execute(update(SelectionRow).values(erasing_at=NOW))
    assert page(db, JobFilter.FAILED).total == 0
    with db.reading() as session:
        assert job_line(session, job, NOW) is None


def test_only_what_was_given_up_of_late_is_offered_to_be_tried_again(db: Database) -> None:
    late = job_with(db, state=JobState.FAILED, finished_at=NOW - timedelta(hours=1))
    job_with(db, state=JobState.FAILED, finished_at=NOW - timedelta(days=2))
    job_with(db, state=JobState.CANCELLED, finished_at=NOW)
    with db.reading() as session:
        assert list(given_up_ids(session, NOW, limit=10)) == [late]
