from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from pipeline.errors import Cancelled, PipelineError
from records.database import Database, open_database
from records.errors import LeaseLost, TookTooLong
from records.ledger.jobs import Claim
from records.models import JobRow, utcnow
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
    """A claim on a new job with a lease of a second and a half."""
    db = folder_service.db
    return take(db, folder_service.settings.model_copy(update={"lease_s": 1.5}), add_jobs(db)[0])


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

    wait_until(is_stopped, "the work is stopped", within_s=20)
    return stopped[0]


def test_a_lease_is_kept_while_the_work_reports_nothing(db: Database, won: Claim) -> None:
    with KeptLease(db, won, heartbeat_s=0.3, limit_s=60):
        time.sleep(won.lease_s + 0.5)
        held = job_row(db, won.job_id).lease_until
    assert held is not None
    assert held > utcnow()


def test_progress_is_told_within_a_second_or_two(db: Database, won: Claim) -> None:
    with KeptLease(db, won, heartbeat_s=60, limit_s=60) as lease:
        lease.report(0.4)
        wait_until(lambda: job_row(db, won.job_id).progress == 0.4, "progress", within_s=10)


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
    away = f"postgresql+psycopg://postgres@127.0.0.1:{free_port()}/none"
    with KeptLease(
        open_database(Settings(data_dir=tmp_path, database_url=away)), won, heartbeat_s=1, limit_s=60
    ) as lease:
        assert isinstance(work_until_stopped(lease), LeaseLost)


def test_a_lease_is_not_renewed_after_the_work_has_ended(db: Database, won: Claim) -> None:
    with KeptLease(db, won, heartbeat_s=0.2, limit_s=60):
        pass
    past = utcnow() - timedelta(seconds=60)
    change(db, won, lease_until=past)
    time.sleep(1)
    assert job_row(db, won.job_id).lease_until == past
