"""Taking a worker out of service: it ends its jobs, and does not come back until somebody says so."""

from __future__ import annotations

import time
from datetime import datetime

from records.database import Database, open_database
from records.errors import DatabaseUnavailable
from records.ledger.workers import beat, forget_workers, is_draining
from records.logs import get_logger
from records.pulse import beat_pulse
from records.settings import Settings

_LOOK_EVERY_S = 2.0
log = get_logger("worker")


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
                log.warning("worker_drained", worker=worker, waits_for=f"vigpack worker --undrain {worker}")
            waits = True
            beat_pulse()
            beat(db, worker, started_at)
            time.sleep(_LOOK_EVERY_S)
    finally:
        db.dispose()  # the pool's processes are forked from this one


def _is_drained(db: Database, worker: str) -> bool:
    """Asked after something was written, too: what the database's library makes of that, the pool's processes share."""
    try:
        forget_workers(db)
        return is_draining(db, worker)
    except DatabaseUnavailable:
        return False  # the worker waits for its database anyway, and asks again before each job
