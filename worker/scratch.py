"""Folders for work in progress: one for each attempt, named by its lease's token, gone when the attempt ends."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from records.database import Database
from records.ledger.jobs import Claim, live_tokens
from records.ledger.store_identity import may_sweep
from records.settings import Settings
from records.storage.contract import Storage


@contextmanager
def scratch_folder(settings: Settings, claim: Claim) -> Iterator[Path]:
    """An empty folder for this attempt, removed with everything in it when the block ends."""
    folder = settings.scratch() / claim.token
    folder.mkdir(parents=True, mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)  # what cannot be removed now, sweep_scratch tries again


def sweep_scratch(db: Database, storage: Storage, settings: Settings) -> int:
    """Remove the folders of attempts that are over: their worker was killed. How many.

    A folder is made after its token stands in the ledger, so a folder without a running job is nobody's; unless it
    belongs to a service beside this one with another database.
    """
    root = settings.scratch()
    if not root.is_dir():
        return 0
    folders = [folder for folder in root.iterdir() if folder.is_dir() and _is_token(folder.name)]
    if not folders:
        return 0
    with db.reading() as session:
        alive = live_tokens(session)
    dead = [folder for folder in folders if folder.name not in alive]
    if not dead or not may_sweep(db, storage):
        return 0
    for folder in dead:
        shutil.rmtree(folder, ignore_errors=True)
    return len(dead)


def _is_token(name: str) -> bool:
    return len(name) == 32 and all(digit in "0123456789abcdef" for digit in name)
