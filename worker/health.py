"""How the service is: every part, the queue's depth and age. What cannot be known is None, never 0."""

from __future__ import annotations

import shutil
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from pipeline.errors import PipelineError
from records.database import Database, is_current
from records.errors import DatabaseUnavailable
from records.jobs import counts
from records.settings import Settings
from records.storage import Storage, StorageUnavailable, open_storage
from worker.broker import queue_length
from worker.heartbeat import count_alive


class JobCount(BaseModel):
    """How many jobs of a kind are in a state."""

    model_config = ConfigDict(frozen=True)

    kind: str
    state: str
    jobs: int


class Health(BaseModel):
    """One look at every part."""

    model_config = ConfigDict(frozen=True)

    database_answers: bool
    database_current: bool | None = None
    """Whether its tables have the shape this version expects."""
    broker_answers: bool
    broker_messages: int | None = None
    storage_writable: bool
    disk_free_bytes: int | None = None
    jobs: list[JobCount] | None = None
    jobs_due: int | None = None
    """Waiting and allowed to begin."""
    oldest_waiting_s: float | None = None
    """How long the first of them could have begun; 0 when none waits."""
    last_done_at: datetime | None = None
    workers_alive: int | None = None
    problems: list[str]
    """What is wrong, in plain words; empty when the service can do its job."""


def health(db: Database, settings: Settings, storage: Storage | None = None) -> Health:
    """Ask every part; never raises for one that is away, and takes a few seconds at most."""
    problems: list[str] = []
    answered = _ask_database(db, settings, problems)
    messages = queue_length(settings)
    if messages is None:
        problems.append("The queue does not answer; jobs wait until it does.")
    writable = _is_writable(settings, storage, problems)
    free_bytes = _free_bytes(settings)
    if free_bytes is not None and free_bytes < settings.min_free_bytes:
        problems.append("The disk is nearly full; uploads are refused.")
    return Health(
        broker_answers=messages is not None,
        broker_messages=messages,
        storage_writable=writable,
        disk_free_bytes=free_bytes,
        problems=problems,
        **answered,
    )


def _ask_database(db: Database, settings: Settings, problems: list[str]) -> dict[str, Any]:
    try:
        if not is_current(db):
            problems.append("The database has not been brought to this version; run vigpack migrate.")
            return {"database_answers": True, "database_current": False}
        ledger = counts(db)
        alive = count_alive(db, settings)
    except DatabaseUnavailable:
        problems.append("The database does not answer.")
        return {"database_answers": False}
    if alive == 0:
        problems.append("No worker is running; moments wait until one is.")
    return {
        "database_answers": True,
        "database_current": True,
        "jobs": [JobCount(kind=kind, state=state, jobs=n) for (kind, state), n in sorted(ledger.by_state.items())],
        "jobs_due": ledger.due,
        "oldest_waiting_s": ledger.oldest_waiting_s or 0.0,
        "last_done_at": ledger.last_done_at,
        "workers_alive": alive,
    }


def _is_writable(settings: Settings, storage: Storage | None, problems: list[str]) -> bool:
    try:
        (storage or open_storage(settings)).check_writable()
    except (PipelineError, OSError) as error:
        why = "does not answer" if isinstance(error, StorageUnavailable) else "cannot be written"
        problems.append(f"The place where films and packs are kept {why}.")
        return False
    return True


def _free_bytes(settings: Settings) -> int | None:
    try:
        return shutil.disk_usage(settings.data_dir).free
    except OSError:
        return None
