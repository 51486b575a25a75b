"""Counted endings: each once, exact enough, without a trace of whom they were of, and never lost."""

from __future__ import annotations

import contextlib
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select, update

from pipeline.errors import FfmpegFailed
from records.actions.complete_job import fail, requeue_expired
from records.database import Database
from records.ledger.outcome_counts import (
    KEPT,
    Outcome,
    count_outcome,
    fold_outcome_counts,
    outcome_counts,
    quantile_s,
    round_up_ms,
)
from records.models import JobOutcomeCountRow, utcnow
from records.settings import Settings
from tests.records.cast import K_104, add_jobs, job_row, take
from tests.records.finished import finish_job


@given(st.integers(0, 10**9))
def test_a_rounded_time_has_two_digits_and_is_at_most_a_tenth_too_long(ms: int) -> None:
    rounded = round_up_ms(ms)
    assert ms <= rounded <= ms * 1.1
    assert len(str(rounded).rstrip("0")) <= 2


def test_each_attempt_that_ends_is_counted_once(db: Database, settings: Settings) -> None:
    one, two, three = add_jobs(db, K_104)
    eager = settings.model_copy(update={"retry_after_s": 0, "lease_s": 0, "max_attempts": 2})
    finish_job(db, one, settings)
    assert fail(db, take(db, eager, two), FfmpegFailed("exit 1"), eager)
    assert not fail(db, take(db, eager, two), FfmpegFailed("exit 1"), eager)
    take(db, eager, three)
    requeue_expired(db, eager)
    with db.reading() as session:
        found = outcome_counts(session, utcnow() - timedelta(hours=1))
    assert found.by_outcome() == {("moment", "done"): 1, ("moment", "retried"): 2, ("moment", "failed"): 1}
    assert found.failed_by_code() == {"ffmpeg_failed": 1}


def test_the_share_that_was_ready_in_time_is_told_to_two_digits(db: Database) -> None:
    with db.session() as session:
        for seconds in range(1, 101):
            count_outcome(session, "moment", Outcome.DONE, ready_after=timedelta(seconds=seconds))
    with db.reading() as session:
        times = outcome_counts(session).ready_ms()["moment"]
    assert [quantile_s(times, share) for share in (0.5, 0.95, 0.99)] == [50, 95, 99]
    assert quantile_s([], 0.5) is None


def test_old_counts_lose_their_time_and_no_total_falls(db: Database) -> None:
    with db.session() as session:
        for _ in range(3):
            count_outcome(session, "moment", Outcome.FAILED, code="film_unreadable")
        session.execute(update(JobOutcomeCountRow).values(quarter=utcnow() - KEPT - timedelta(minutes=1)))
        count_outcome(session, "moment", Outcome.FAILED, code="film_unreadable")
    for _ in range(2):
        fold_outcome_counts(db)
    with db.reading() as session:
        assert outcome_counts(session).failed_by_code() == {"film_unreadable": 4}
        assert outcome_counts(session, utcnow() - 2 * KEPT).failed_by_code() == {"film_unreadable": 1}
        assert session.scalar(select(func.count()).select_from(JobOutcomeCountRow)) == 2


def test_nothing_in_a_count_leads_to_a_job_or_a_selection(db: Database, settings: Settings) -> None:
    [job] = add_jobs(db)
    finish_job(db, job, settings)
    with db.reading() as session:
        [row] = session.execute(select(JobOutcomeCountRow.__table__)).all()
    selection = job_row(db, job).selection_id
    assert not {job, selection, "K-207"} & {str(value) for value in row}


def test_what_a_transaction_takes_back_is_not_counted(db: Database) -> None:
    with contextlib.suppress(RuntimeError), db.session() as session:
        count_outcome(session, "moment", Outcome.DONE)
        raise RuntimeError
    with db.reading() as session:
        assert outcome_counts(session).by_outcome() == {}
