"""What transactions leave to be done, for tests that have no workers to wake."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from records.database import Database, open_database
from records.effects import Effects
from records.settings import Settings
from records.storage.open import open_storage


def open_alone(settings: Settings) -> Database:
    """A database after whose commits files are deleted as ever, but no worker is woken."""
    db = open_database(settings)

    def delete(effects: Effects) -> None:
        for key in effects.keys:
            open_storage(settings).delete(key)

    db.on_commit = delete
    return db


@contextmanager
def effects_on(db: Database) -> Iterator[Effects]:
    """What the commits on this database leave to be done, in place of doing it."""
    seen, before = Effects(), db.on_commit

    def note(effects: Effects) -> None:
        for job_id in effects.jobs:
            seen.wake(job_id)
        seen.delete(effects.keys)

    db.on_commit = note
    try:
        yield seen
    finally:
        db.on_commit = before


def woken_by(db: Database, act: Callable[[], object]) -> list[str]:
    """The ids of the jobs that workers are to be woken for after it."""
    with effects_on(db) as effects:
        act()
    return effects.jobs
