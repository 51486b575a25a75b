"""A worker's sign of life: its row, touched every few seconds by any of its processes."""

from __future__ import annotations

from datetime import timedelta
from importlib.metadata import version

from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError

from records.database import Database
from records.jobs import rows_changed
from records.models import WorkerRow, utcnow
from records.settings import Settings

_MISSED_BEATS = 4
_FORGOTTEN = timedelta(days=1)


def beat(db: Database, worker: str) -> None:
    """Write that this worker is alive now. Raises: DatabaseUnavailable."""
    touch = update(WorkerRow).where(WorkerRow.name == worker).values(seen_at=utcnow())
    with db.session() as session:
        if rows_changed(session, touch) == 1:
            return
    try:
        with db.session() as session:
            session.add(WorkerRow(name=worker, version=version("vigpack")))
    except IntegrityError:  # another process of the same worker was first
        return


def count_alive(db: Database, settings: Settings) -> int:
    """How many workers were seen within the last few heartbeats. Raises: DatabaseUnavailable."""
    since = utcnow() - timedelta(seconds=_MISSED_BEATS * settings.heartbeat_s)
    with db.reading() as session:
        return session.scalar(select(func.count()).where(WorkerRow.seen_at >= since)) or 0


def forget_workers(db: Database) -> None:
    """Drop the rows of workers not seen for a day. Raises: DatabaseUnavailable."""
    with db.session() as session:
        session.execute(delete(WorkerRow).where(WorkerRow.seen_at < utcnow() - _FORGOTTEN))
