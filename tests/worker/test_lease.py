from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import update

from pipeline.errors import Cancelled, PipelineError
from records.database import Database, open_database
from records.errors import LeaseLost, TookTooLong
from records.ledger.jobs import Claim
from records.models import JobRow
from records.settings import Settings
from tests.records.cast import add_jobs, job_row, take
from tests.servers import free_port, wait_until
from tests.worker.service import Service
from worker.lease import KeptLease


@pytest.fixture
def db(folder_service: Service) -> Database:
    """SQLite's; that leases hold on PostgreSQL too is shown in tests/records/ledger/test_jobs.py."""
    return folder_service.db


@pytest.fixture
def won(folder_service: Service) -> Claim:
    """A claim on a new job, with a lease that outlasts any test."""
    db = folder_service.db
    return take(db, folder_service.settings.model_copy(update={"lease_s": 600}), add_jobs(db)[0])


def change(db: Database, won: Claim, **values: object) -> None:
    with db.session() as session:
        session.execute(update(JobRow).where(JobRow.id == won.job_id).values(**values))


def work_until_stopped(lease: KeptLease) -> PipelineError:
    """What the work was stopped by."""
    stopped: list[PipelineError] = []

    def is_stopped() -> bool:
        try:
            lease.report(0.1)
        except PipelineError as error:
            stopped.append(error)
        return bool(stopped)

    wait_until(is_stopped, "the work is stopped")
    return stopped[0]


def test_a_lease_is_renewed_while_the_work_reports_nothing(db: Database, won: Claim) -> None:
    for _ in range(2):
        first = job_row(db, won.job_id).lease_until
        assert first is not None
        with KeptLease(db, won, heartbeat_s=0.3, limit_s=60):
            wait_until(lambda first=first: (job_row(db, won.job_id).lease_until or first) > first, "it is renewed")


def test_progress_is_told_before_the_lease_needs_it(db: Database, won: Claim) -> None:
    with KeptLease(db, won, heartbeat_s=60, limit_s=60) as lease:
        lease.report(0.4)
        wait_until(lambda: job_row(db, won.job_id).progress == 0.4, "progress")


def test_work_whose_lease_was_taken_stops(db: Database, won: Claim) -> None:
    with KeptLease(db, won, heartbeat_s=1, limit_s=60) as lease:
        change(db, won, lease_token="another")
        assert isinstance(work_until_stopped(lease), LeaseLost)


def test_work_that_was_cancelled_stops(db: Database, won: Claim) -> None:
    with KeptLease(db, won, heartbeat_s=1, limit_s=60) as lease:
        change(db, won, cancel_requested=True)
        assert isinstance(work_until_stopped(lease), Cancelled)


def test_work_that_goes_on_for_too_long_stops(db: Database, won: Claim) -> None:
    with KeptLease(db, won, heartbeat_s=1, limit_s=0.5) as lease:
        assert isinstance(work_until_stopped(lease), TookTooLong)


def test_work_stops_when_the_database_was_away_for_longer_than_the_lease(won: Claim, tmp_path: Path) -> None:
    won = replace(won, lease_s=1.5)
    away = f"postgresql+psycopg://postgres@127.0.0.1:{free_port()}/none"
    with KeptLease(
        open_database(Settings(data_dir=tmp_path, database_url=away)), won, heartbeat_s=1, limit_s=60
    ) as lease:
        assert isinstance(work_until_stopped(lease), LeaseLost)


def test_a_lease_is_not_renewed_after_the_work_has_ended(db: Database, won: Claim) -> None:
    with KeptLease(db, won, heartbeat_s=0.2, limit_s=60):
        assert _renewing(won)
    assert not _renewing(won)


def _renewing(won: Claim) -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if won.job_id in thread.name]
