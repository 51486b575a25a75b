"""A worker's sign of life: its row, touched every few seconds by any of its processes."""

from __future__ import annotations

from datetime import datetime, timedelta
from importlib.metadata import version

from sqlalchemy import case, delete, func, select, update
from sqlalchemy.exc import IntegrityError

from records.database import Database
from records.jobs import rows_changed
from records.models import WorkerRow, utcnow
from records.settings import Settings

_MISSED_BEATS = 4
_FORGOTTEN = timedelta(days=1)


def beat(db: Database, worker: str, started_at: datetime) -> None:
    """Write that this worker, begun at that time, is alive now. Raises: DatabaseUnavailable."""
    same = WorkerRow.started_at == started_at
    touch = update(WorkerRow).where(WorkerRow.name == worker)
    touch = touch.values(
        seen_at=utcnow(),
        version=version("vigpack"),
        jobs_done=case((same, WorkerRow.jobs_done), else_=0),
        started_at=started_at,
    )
    with db.session() as session:
        if rows_changed(session, touch) == 1:
            return
    try:
        with db.session() as session:
            session.add(WorkerRow(name=worker, version=version("vigpack"), started_at=started_at))
    except IntegrityError:  # another process of the same worker was first
        return


def count_alive(db: Database, settings: Settings) -> int:
    """How many workers that take jobs were seen within the last few heartbeats. Raises: DatabaseUnavailable."""
    with db.reading() as session:
        alive = select(func.count()).where(WorkerRow.seen_at >= seen_since(settings), WorkerRow.draining.is_(False))
        return session.scalar(alive) or 0


def seen_since(settings: Settings) -> datetime:
    """Since when a worker must have been seen to count as alive."""
    return utcnow() - timedelta(seconds=_MISSED_BEATS * settings.heartbeat_s)


def forget_workers(db: Database) -> None:
    """Drop the rows of workers not seen for a day. Raises: DatabaseUnavailable."""
    with db.session() as session:
        session.execute(delete(WorkerRow).where(WorkerRow.seen_at < utcnow() - _FORGOTTEN))
