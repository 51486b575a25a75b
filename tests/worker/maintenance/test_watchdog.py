"""A worker that takes nothing while jobs wait is found out, and no other."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import update

from records.database import Database
from records.ledger.workers import beat
from records.models import JobRow, utcnow
from records.settings import Settings
from records.storage.open import open_storage
from tests.footage import DECODERS, JAIL, RUNNER
from tests.records.cast import K_104, add_jobs, take
from tests.records.finished import finish_job
from tests.servers import free_port
from worker.context import WorkerContext
from worker.maintenance.watchdog import Watchdog

WORKER = "w"  # as jobs are taken in tests.records.cast


def context(db: Database, settings: Settings, **changes: object) -> WorkerContext:
    chosen = settings.model_copy(update={"hung_after_s": 1, **changes})
    beat(db, WORKER, utcnow())
    return WorkerContext(chosen, db, open_storage(chosen), RUNNER, WORKER, JAIL, DECODERS)


def overlooked(db: Database) -> list[str]:
    """Jobs that could have begun an hour ago."""
    jobs = add_jobs(db, K_104)
    with db.session() as session:
        session.execute(update(JobRow).values(queued_at=utcnow() - timedelta(hours=1)))
    return jobs


def is_hung_after_a_while(ctx: WorkerContext) -> bool:
    watchdog = Watchdog()
    assert not watchdog.is_hung(ctx)  # it has had no time yet
    watchdog._idle_since -= 2
    return watchdog.is_hung(ctx)


def test_a_worker_that_leaves_jobs_lying_hangs(db: Database, settings: Settings) -> None:
    overlooked(db)
    assert is_hung_after_a_while(context(db, settings))


def test_one_that_has_nothing_to_do_or_only_just_got_it_does_not(db: Database, settings: Settings) -> None:
    ctx = context(db, settings)
    assert not is_hung_after_a_while(ctx)
    add_jobs(db)
    assert not is_hung_after_a_while(ctx)


def test_nor_one_that_is_at_work(db: Database, settings: Settings) -> None:
    ctx = context(db, settings)
    take(db, settings, overlooked(db)[0], WORKER)
    assert not is_hung_after_a_while(ctx)


def test_nor_one_that_ended_a_job_in_between(db: Database, settings: Settings) -> None:
    ctx, watchdog = context(db, settings), Watchdog()
    first = overlooked(db)[0]
    assert not watchdog.is_hung(ctx)
    watchdog._idle_since -= 2
    finish_job(db, first, settings)
    assert not watchdog.is_hung(ctx)


def test_nor_one_whose_queue_is_away(db: Database, settings: Settings) -> None:
    overlooked(db)
    assert not is_hung_after_a_while(context(db, settings, broker_url=f"redis://127.0.0.1:{free_port()}/0"))
