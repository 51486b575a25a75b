"""Carries out what a committed transaction leaves to be done."""

from __future__ import annotations

from records.database import Database
from records.effects import Effects
from records.settings import Settings
from records.storage.contract import Storage
from worker.broker import enqueue


def carry_out_effects(db: Database, storage: Storage, settings: Settings) -> None:
    """From now on, wake workers and delete files after each commit on this database.

    A session's end then raises StorageUnavailable where a file could not be deleted: what was asked is committed, and
    the person who asked for an erasure is not told that it is over.
    """

    def carry_out(effects: Effects) -> None:
        for job_id in effects.jobs:
            enqueue(job_id, settings, db)
        for key in effects.keys:
            storage.delete(key)

    db.on_commit = carry_out
