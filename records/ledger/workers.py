"""A worker's sign of life: its row, touched every few seconds by any of its processes."""

from __future__ import annotations

from datetime import datetime, timedelta
from importlib.metadata import version

from sqlalchemy import case, delete, update
from sqlalchemy.exc import IntegrityError

from records.database import Database, clock_skew_s
from records.ledger.jobs import rows_changed
from records.models import WorkerRow, utcnow
from records.settings import Settings
from records.views.queue_stats import MISSED_BEATS

_FORGOTTEN = timedelta(days=1)


def beat(db: Database, worker: str, started_at: datetime) -> None:
    """Write that this worker, begun at that time, is alive now. Raises: DatabaseUnavailable."""
    same = WorkerRow.started_at == started_at
    skew_s = clock_skew_s(db)
    touch = update(WorkerRow).where(WorkerRow.name == worker)
    touch = touch.values(
        seen_at=utcnow(),
        version=version("vigpack"),
        jobs_done=case((same, WorkerRow.jobs_done), else_=0),
        left_at=case((same, WorkerRow.left_at), else_=None),
        skew_s=skew_s,
        started_at=started_at,
    )
    with db.session() as session:
        if rows_changed(session, touch) == 1:
            return
    try:
        with db.session() as session:
            session.add(WorkerRow(name=worker, version=version("vigpack"), started_at=started_at, skew_s=skew_s))
    except IntegrityError:  # another process of the same worker was first
        return


def say_goodbye(db: Database, worker: str) -> None:
    """Write that this worker ends in order: nobody need look for it. Raises: DatabaseUnavailable."""
    with db.session() as session:
        session.execute(update(WorkerRow).where(WorkerRow.name == worker).values(left_at=utcnow()))


def seen_since(settings: Settings) -> datetime:
    """Since when a worker must have been seen to count as alive."""
    return utcnow() - timedelta(seconds=MISSED_BEATS * settings.heartbeat_s)


def forget_workers(db: Database) -> None:
    """Drop the rows of workers not seen for a day. Raises: DatabaseUnavailable."""
    with db.session() as session:
        session.execute(delete(WorkerRow).where(WorkerRow.seen_at < utcnow() - _FORGOTTEN))
