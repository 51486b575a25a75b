from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select, update

from pipeline.errors import FfmpegFailed
from records.actions.complete_job import fail
from records.database import Database, open_database
from records.ledger.recurring import RECOVERY, take_turn
from records.ledger.workers import beat
from records.models import ClockRow, JobRow, JobState, WorkerRow, new_id, utcnow
from records.settings import Settings
from tests.records.cast import add_jobs, job_row, take
from tests.servers import free_port
from tests.worker.service import Service
from worker.broker import queue_length
from worker.maintenance.recovery import recover_lost_jobs, sweep
from worker.monitoring.health import health
from worker.scratch import scratch_folder, sweep_scratch


def test_one_of_eight_workers_gets_the_turn(settings: Settings) -> None:
    def ask(_: int) -> bool:
        own = open_database(settings)
        mine = take_turn(own, RECOVERY, every_s=60)
        own.dispose()
        return mine

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(ask, range(8))) == 1


def test_the_turn_comes_again(db: Database) -> None:
    assert take_turn(db, RECOVERY, every_s=60)
    with db.session() as session:
        session.execute(update(ClockRow).values(due_at=utcnow()))
    assert take_turn(db, RECOVERY, every_s=60)
    assert not take_turn(db, RECOVERY, every_s=60)


def test_a_turn_that_a_wrong_clock_put_a_day_ahead_comes_now(db: Database) -> None:
    with db.session() as session:
        session.execute(update(ClockRow).values(due_at=utcnow() + timedelta(days=1)))
    assert take_turn(db, RECOVERY, every_s=60)
    assert not take_turn(db, RECOVERY, every_s=60)


def let_lease_run_out(service: Service, job_id: str) -> None:
    now = utcnow()
    left = job_row(service.db, job_id).lease_until
    assert left is not None
    assert left < now + timedelta(hours=1)
    with service.db.session() as session:
        session.execute(update(JobRow).where(JobRow.id == job_id).values(lease_until=now - timedelta(seconds=1)))


def test_a_job_that_a_wrong_clock_put_a_day_ahead_is_brought_back(service: Service) -> None:
    settings = service.settings.model_copy(update={"retry_after_s": 0, "lease_s": 60})
    running, resting = add_jobs(service.db, {"family": "K-207", "clip": [{"in": 0, "out": 1000}] * 2})
    take(service.db, settings, running, "a worker whose clock is a day ahead")
    tomorrow = utcnow() + timedelta(days=1)
    with service.db.session() as session:
        session.execute(update(JobRow).where(JobRow.id == running).values(lease_until=tomorrow))
        session.execute(update(JobRow).where(JobRow.id == resting).values(not_before=tomorrow))
    recover_lost_jobs(service.db, service.storage, settings)
    take(service.db, settings, resting)
    assert job_row(service.db, running).state == JobState.RUNNING  # its worker may still renew
    let_lease_run_out(service, running)
    recover_lost_jobs(service.db, service.storage, settings)
    take(service.db, settings, running)


def test_recovery_brings_back_and_sends_the_job_of_a_silent_worker(service: Service) -> None:
    settings = service.settings.model_copy(update={"retry_after_s": 0, "lease_s": 60})
    (job,) = add_jobs(service.db)
    take(service.db, settings, job)
    let_lease_run_out(service, job)
    recover_lost_jobs(service.db, service.storage, settings)
    assert job_row(service.db, job).state == JobState.QUEUED
    assert queue_length(settings) == 1


def test_the_next_round_comes_when_a_resting_job_may_begin(service: Service) -> None:
    settings = service.settings.model_copy(update={"recovery_s": 600, "retry_after_s": 30})
    (job,) = add_jobs(service.db)
    won = take(service.db, settings, job)
    fail(service.db, won, FfmpegFailed(), settings)
    assert take_turn(service.db, RECOVERY, settings.recovery_s)
    recover_lost_jobs(service.db, service.storage, settings)
    with service.db.reading() as session:
        due_at = session.scalars(select(ClockRow.due_at).where(ClockRow.name == RECOVERY)).one()
    assert due_at == job_row(service.db, job).not_before


def test_scratch_of_a_running_attempt_is_left_alone_and_of_a_dead_one_removed(service: Service) -> None:
    (job,) = add_jobs(service.db)
    won = take(service.db, service.settings, job)
    with scratch_folder(service.settings, won) as running:
        dead = service.settings.scratch() / new_id()
        dead.mkdir()
        (dead / "half.mp4").write_bytes(b"half")
        foreign = service.settings.scratch() / "notes"
        foreign.mkdir()
        assert sweep_scratch(service.db, service.storage, service.settings) == 1
        assert (running.exists(), dead.exists(), foreign.exists()) == (True, False, True)
    assert not running.exists()


def test_sweeping_forgets_workers_unseen_for_a_day(service: Service) -> None:
    beat(service.db, "old", utcnow())
    beat(service.db, "new", utcnow())
    with service.db.session() as session:
        yesterday = utcnow() - timedelta(days=2)
        session.execute(update(WorkerRow).where(WorkerRow.name == "old").values(seen_at=yesterday))
    sweep(service.db, service.storage, service.settings)
    with service.db.reading() as session:
        assert list(session.scalars(select(WorkerRow.name))) == ["new"]


def test_a_healthy_service_without_workers_says_so(service: Service) -> None:
    add_jobs(service.db)
    seen = health(service.db, service.settings, service.storage)
    assert seen.problems == ["No worker is running; moments wait until one is."]
    assert (seen.workers_alive, seen.broker_messages) == (0, 0)
    assert seen.queue is not None
    assert (seen.queue.due, seen.queue.last_done_at) == (1, None)
    assert seen.queue.oldest_waiting_s > 0


def test_what_cannot_be_known_is_unknown_and_not_zero(tmp_path: Path) -> None:
    away = f"postgresql+psycopg://postgres@127.0.0.1:{free_port()}/none"
    settings = Settings(
        data_dir=tmp_path, database_url=away, broker_url=f"redis://127.0.0.1:{free_port()}/0", min_free_bytes=0
    )
    seen = health(open_database(settings), settings)
    assert not seen.database_answers
    assert not seen.broker_answers
    unknown = (seen.database_current, seen.queue, seen.workers_alive, seen.clock_skew_s, seen.since)
    assert unknown == (None,) * 5
    assert seen.broker_messages is None
    assert len(seen.problems) == 2


def test_a_folder_for_uploads_that_cannot_be_written_is_told(service: Service) -> None:
    assert health(service.db, service.settings).storage_writable
    folder = service.settings.data_dir / "incoming"
    folder.write_text("in the way")
    seen = health(service.db, service.settings)
    assert not seen.storage_writable
    assert any(str(folder) in problem for problem in seen.problems)


def test_a_store_that_cannot_be_written_and_a_full_disk_are_told(tmp_path: Path, service: Service) -> None:
    settings = service.settings.model_copy(update={"data_dir": tmp_path / "file", "min_free_bytes": 1 << 60})
    (tmp_path / "file").write_text("in the way")
    seen = health(service.db, settings.model_copy(update={"broker_url": f"redis://127.0.0.1:{free_port()}/0"}))
    assert not seen.storage_writable
    assert any(f"{tmp_path}/file cannot be written" in problem for problem in seen.problems)
    assert any("disk" in problem for problem in seen.problems)
