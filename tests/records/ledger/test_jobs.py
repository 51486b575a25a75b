from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import delete, select, update

from pipeline.errors import Cancelled
from records.actions.complete_job import finish, requeue_expired
from records.database import Database, open_database
from records.errors import LeaseLost
from records.ledger.jobs import Claim, claim_next, mark_sent, mark_unsent, renew, take_unsent
from records.models import JobRow, JobState, MomentRow, MomentState, WorkerRow, utcnow
from records.settings import Settings
from tests.records.cast import K_104, add_jobs, job_row, take


def set_job(db: Database, job_id: str, **values: object) -> None:
    with db.session() as session:
        session.execute(update(JobRow).where(JobRow.id == job_id).values(**values))


def claimed(db: Database, settings: Settings, worker: str = "Ada's laptop") -> Claim:
    """A claim on a new job."""
    return take(db, settings, add_jobs(db)[0], worker)


def let_lease_run_out(db: Database, claim: Claim) -> None:
    set_job(db, claim.job_id, lease_until=utcnow() - timedelta(seconds=1))


def test_eight_claimers_get_each_job_once(settings: Settings, db: Database) -> None:
    jobs = [job for _ in range(10) for job in add_jobs(db, K_104)]

    def claim_all(name: int) -> list[str]:
        own = open_database(settings)  # as each process has its own
        won = []
        while claim := claim_next(own, str(name), settings):
            won.append(claim.job_id)
        own.dispose()
        return won

    with ThreadPoolExecutor(8) as pool:
        won = [job for share in pool.map(claim_all, range(8)) for job in share]
    assert Counter(won) == dict.fromkeys(jobs, 1)
    with db.reading() as session:
        assert set(session.scalars(select(JobRow.attempts))) == {1}


def test_a_claimed_job_shows_its_moment_as_running(settings: Settings, db: Database) -> None:
    won = claimed(db, settings)
    with db.reading() as session:
        assert session.get_one(MomentRow, won.moment_id).state == MomentState.RUNNING


def test_a_finished_job_cannot_be_claimed_again(settings: Settings, db: Database) -> None:
    won = claimed(db, settings)
    finish(db, won, [])
    with db.session() as session:
        session.execute(delete(JobRow).where(JobRow.id != won.job_id))  # the pack that follows
    assert claim_next(db, "w", settings) is None


def test_a_resting_job_cannot_be_claimed_before_its_time(settings: Settings, db: Database) -> None:
    (job,) = add_jobs(db)
    set_job(db, job, not_before=utcnow() + timedelta(seconds=60))
    assert claim_next(db, "w", settings) is None


def test_a_running_job_is_not_taken_over_before_recovery_gave_it_back(settings: Settings, db: Database) -> None:
    old = claimed(db, settings)
    let_lease_run_out(db, old)
    assert claim_next(db, "another", settings) is None
    at_once = settings.model_copy(update={"retry_after_s": 0})
    assert requeue_expired(db, at_once) == (1, 0)
    new = claim_next(db, "another", settings)
    assert new is not None
    assert (new.attempt, job_row(db, old.job_id).worker) == (2, "another")


def test_a_worker_that_is_being_drained_claims_nothing(settings: Settings, db: Database) -> None:
    add_jobs(db)
    with db.session() as session:
        session.add_all([WorkerRow(name="drained", version="1", draining=True), WorkerRow(name="other", version="1")])
    assert claim_next(db, "drained", settings) is None
    assert claim_next(db, "other", settings) is not None


def test_the_old_holder_can_neither_renew_nor_finish_after_a_takeover(settings: Settings, db: Database) -> None:
    old = claimed(db, settings)
    let_lease_run_out(db, old)
    requeue_expired(db, settings.model_copy(update={"retry_after_s": 0}))
    new = claim_next(db, "another", settings)
    assert new is not None
    with pytest.raises(LeaseLost):
        renew(db, old, 0.5)
    with pytest.raises(LeaseLost):
        finish(db, old, [])
    finish(db, new, [])


def test_renewing_extends_the_lease_and_notes_progress(settings: Settings, db: Database) -> None:
    won = claimed(db, settings)
    let_lease_run_out(db, won)
    renew(db, won, 0.25)
    job = job_row(db, won.job_id)
    assert job.lease_until is not None
    assert job.lease_until > utcnow() + timedelta(seconds=settings.lease_s - 10)
    assert job.progress == 0.25


def test_renewing_a_job_that_somebody_cancelled_stops_the_work(settings: Settings, db: Database) -> None:
    won = claimed(db, settings)
    set_job(db, won.job_id, cancel_requested=True)
    with pytest.raises(Cancelled):
        renew(db, won)


def test_a_job_of_a_silent_worker_returns_to_the_queue_after_a_rest(settings: Settings, db: Database) -> None:
    won = claimed(db, settings)
    assert requeue_expired(db, settings) == (0, 0)
    let_lease_run_out(db, won)
    assert requeue_expired(db, settings) == (1, 0)
    job = job_row(db, won.job_id)
    assert (job.state, job.error_code, job.lease_token) == (JobState.QUEUED, "worker_lost", None)
    assert job.not_before is not None
    assert job.not_before > utcnow()


def test_a_job_that_kills_every_worker_is_given_up_in_words(settings: Settings, db: Database) -> None:
    won = claimed(db, settings)
    set_job(db, won.job_id, attempts=settings.max_attempts)
    let_lease_run_out(db, won)
    assert requeue_expired(db, settings) == (0, 1)
    job = job_row(db, won.job_id)
    assert job.state == JobState.FAILED
    assert job.error_sentence is not None
    assert "IT support" in job.error_sentence


def test_a_cancelled_job_of_a_silent_worker_is_not_tried_again(settings: Settings, db: Database) -> None:
    won = claimed(db, settings)
    set_job(db, won.job_id, cancel_requested=True)
    let_lease_run_out(db, won)
    assert requeue_expired(db, settings) == (0, 1)
    assert job_row(db, won.job_id).state == JobState.CANCELLED


def test_only_a_queued_job_is_sent(settings: Settings, db: Database) -> None:
    won = claimed(db, settings)
    (queued,) = add_jobs(db)
    assert not mark_sent(db, won.job_id)
    assert mark_sent(db, queued)
    assert job_row(db, queued).sent_at is not None


def test_jobs_never_sent_are_taken_before_those_sent_long_ago(db: Database) -> None:
    old, just_sent, never = (add_jobs(db)[0] for _ in range(3))
    set_job(db, old, sent_at=utcnow() - timedelta(hours=1))
    mark_sent(db, just_sent)
    assert take_unsent(db, 10, silent_s=60) == [never, old]
    assert take_unsent(db, 10, silent_s=60) == []


def test_a_job_whose_sending_failed_is_taken_at_once(db: Database) -> None:
    (job,) = add_jobs(db)
    mark_sent(db, job)
    mark_unsent(db, job)
    assert take_unsent(db, 10, silent_s=60) == [job]


def test_eight_at_once_take_each_unsent_job_once(settings: Settings, db: Database) -> None:
    jobs = [job for _ in range(10) for job in add_jobs(db, K_104)]

    def take(_: int) -> list[str]:
        own = open_database(settings)
        taken = take_unsent(own, len(jobs), silent_s=60)
        own.dispose()
        return taken

    with ThreadPoolExecutor(8) as pool:
        taken = [job for share in pool.map(take, range(8)) for job in share]
    assert len(taken) == len(set(taken))
