"""Taking a worker out of service: it ends its jobs, and does not come back until somebody says so."""

from __future__ import annotations

import logging
import time
from datetime import datetime

from sqlalchemy import select

from records.database import Database, open_database
from records.errors import DatabaseUnavailable
from records.ledger.jobs import is_draining
from records.ledger.workers import beat, seen_since
from records.models import WorkerRow
from records.settings import Settings

_LOOK_EVERY_S = 2.0
log = logging.getLogger("vigpack.worker")


def wait_while_drained(settings: Settings, worker: str, started_at: datetime) -> None:
    """Return once this worker may take jobs.

    Supervisors start again whatever ended, drained or not. So a drained worker that was started again waits here; it is
    alive, as everybody can see, and takes nothing.
    """
    db = open_database(settings)
    waits = False
    try:
        while _is_drained(db, worker):
            if not waits:
                log.warning("%s is drained; it waits for: vigpack worker --undrain %s", worker, worker)
            waits = True
            beat(db, worker, started_at)
            time.sleep(_LOOK_EVERY_S)
    finally:
        db.dispose()  # the pool's processes are forked from this one


def workers_of(db: Database, settings: Settings, machine: str) -> list[str]:
    """The names of this machine's workers that were seen of late. Raises: DatabaseUnavailable."""
    ours = WorkerRow.name.startswith(f"{machine}:", autoescape=True)
    with db.reading() as session:
        return list(session.scalars(select(WorkerRow.name).where(ours, WorkerRow.seen_at >= seen_since(settings))))


def _is_drained(db: Database, worker: str) -> bool:
    try:
        return is_draining(db, worker)
    except DatabaseUnavailable:
        return False  # the worker waits for its database anyway, and asks again before each job
