from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from records.database import Database
from records.ledger.clock_repair import clamp_future_timestamps
from records.ledger.jobs import LONGEST_REST_S
from records.models import JobRow, JobState, utcnow
from records.settings import Settings
from tests.records.cast import add_jobs, job_row

LEASE = timedelta(seconds=Settings.model_fields["lease_s"].default)
LONGEST_REST = timedelta(seconds=LONGEST_REST_S)


def job_with(db: Database, **values: object) -> str:
    [job] = add_jobs(db)
    with db.session() as session:
        session.execute(update(JobRow).where(JobRow.id == job).values(**values))
    return job


def test_a_lease_far_in_the_future_becomes_a_whole_one_from_now(db: Database, settings: Settings) -> None:
    job = job_with(db, state=JobState.RUNNING, lease_until=utcnow() + timedelta(days=1))
    assert clamp_future_timestamps(db, settings) == 1
    until = job_row(db, job).lease_until
    assert until is not None
    assert timedelta(0) < until - utcnow() <= LEASE


def test_a_rest_far_in_the_future_ends_now(db: Database, settings: Settings) -> None:
    job = job_with(db, state=JobState.QUEUED, not_before=utcnow() + timedelta(days=1))
    assert clamp_future_timestamps(db, settings) == 1
    rests_until = job_row(db, job).not_before
    assert rests_until is not None
    assert rests_until <= utcnow()


@pytest.mark.parametrize(
    "values",
    [
        {"state": JobState.RUNNING, "lease_until": utcnow() + LEASE},
        {"state": JobState.QUEUED, "not_before": utcnow() + LONGEST_REST},
        {"state": JobState.DONE, "lease_until": utcnow() + timedelta(days=1)},
        {"state": JobState.HELD, "not_before": utcnow() + timedelta(days=1)},
    ],
)
def test_times_that_a_right_clock_could_have_written_are_left_alone(
    db: Database, settings: Settings, values: dict[str, object]
) -> None:
    job = job_with(db, **values)
    before = job_row(db, job)
    assert clamp_future_timestamps(db, settings) == 0
    after = job_row(db, job)
    assert (after.lease_until, after.not_before) == (before.lease_until, before.not_before)
