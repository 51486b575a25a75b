"""Sweeping the store: files that a crash left without a row are deleted, but only from a store that is ours.

What no row can ever name again: a file of an attempt whose token no running job holds, an upload or a photograph
without its row. Each of them lies in the folder of a selection that this database has or has erased. A file of any
other selection was never ours to lose: while there is one, nothing is swept (records/ledger/store_identity.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from sqlalchemy import select
from sqlalchemy.orm import Session

from records.actions.erase import artifact_folder
from records.database import Database
from records.every_row import bear_no_hidden_rows, every, hold_selection
from records.ledger.jobs import live_tokens, referenced_keys
from records.ledger.store_identity import (
    StoreMatch,
    catch_up,
    may_sweep,
    note_stopped,
    note_swept,
    settle_store,
    strange_selections,
)
from records.logs import get_logger
from records.models import ArtworkRow, UploadRow
from records.storage.contract import Storage

_PAGE_KEYS = 500
log = get_logger("records")


@dataclass
class _Found:
    """What nobody needs any more, and what this database never knew."""

    strays: list[str] = field(default_factory=list)
    strange: list[str] = field(default_factory=list)


def sweep_store(db: Database, storage: Storage) -> int:
    """Delete what crashes left in storage; how many files. None where the store may not be swept.

    Raises: DatabaseUnavailable, StorageUnavailable.
    """
    state = settle_store(db, storage)
    if state.match not in {StoreMatch.OURS, StoreMatch.STRANGE, StoreMatch.OLDER}:
        return 0
    found = _look_through(db, storage)
    if state.match is StoreMatch.OLDER:
        if found.strays or found.strange:
            note_stopped(db, StoreMatch.OLDER, len(found.strange))
            return 0
        catch_up(db, storage)
    if found.strange and not state.accepted:
        note_stopped(db, StoreMatch.STRANGE, len(found.strange))
        return 0
    deleted = [*found.strays, *found.strange]
    for key in deleted:
        storage.delete(key)
    if found.strange:
        log.warning("unknown_files_of_an_accepted_store_deleted", files=len(found.strange))
    note_swept(db)
    return len(deleted)


def sweep_attempts(db: Database, storage: Storage, selection_id: str, job_id: str) -> int:
    """Delete what earlier attempts at one job left in storage; how many files."""
    keys = list(storage.keys(artifact_folder(selection_id, job_id)))
    if not keys:
        return 0
    with db.reading() as session:
        bear_no_hidden_rows(session)
        dead = _dead_attempts(session, keys)
    if not dead or not may_sweep(db, storage):
        return 0
    for key in dead:
        storage.delete(key)
    return len(dead)


def _look_through(db: Database, storage: Storage) -> _Found:
    found = _Found()
    for keys in _pages(storage.keys("selections/")):
        # After the keys were listed: a row that is there before its file is found, if it ever was.
        with db.reading() as session:
            bear_no_hidden_rows(session)
            strange = strange_selections(session, {key.split("/")[1] for key in keys})
            found.strange += [key for key in keys if key.split("/")[1] in strange]
            known = [key for key in keys if key.split("/")[1] not in strange]
            found.strays += _dead_attempts(session, [key for key in known if _folder(key, parts=6) == "jobs"])
            found.strays += _stray_uploads(session, [key for key in known if _folder(key, parts=4) == "uploads"])
            suspects = _without_row(session, [key for key in known if _folder(key, parts=4) == "artwork"])
        found.strays += _stray_artwork(db, suspects)
    return found


def _folder(key: str, *, parts: int) -> str:
    """jobs, uploads or artwork, if the key is as long as those of that folder are."""
    names = key.split("/")
    return names[2] if len(names) == parts else ""


def _dead_attempts(session: Session, keys: list[str]) -> list[str]:
    """A file whose token no running job holds, and that no row names, can never be published: it may go at once.

    Tokens before rows: a job that finishes in between is found by one or the other.
    """
    if not keys:
        return []
    tokens = live_tokens(session)
    kept = referenced_keys(session, keys)
    return [key for key in keys if key not in kept and key.split("/")[4] not in tokens]


def _stray_uploads(session: Session, keys: list[str]) -> list[str]:
    """A row is always there before its file, so a file without one is stray."""
    ids = {key.split("/")[3] for key in keys}
    upload = every(session, UploadRow)
    known = set(session.scalars(select(upload.id).where(upload.id.in_(ids)))) if ids else set()
    return [key for key in keys if key.split("/")[3] not in known]


def _without_row(session: Session, keys: list[str]) -> list[str]:
    artwork = every(session, ArtworkRow)
    rows = set(session.scalars(select(artwork.storage_key).where(artwork.storage_key.in_(keys)))) if keys else ()
    return [key for key in keys if key not in rows]


def _stray_artwork(db: Database, suspects: list[str]) -> list[str]:
    """A photograph is stored and its row added while its selection is held: so each is held and looked at again."""
    stray = []
    for selection_id in {key.split("/")[1] for key in suspects}:
        with db.session() as session:
            bear_no_hidden_rows(session)
            if not hold_selection(session, selection_id):
                continue  # erasing takes them all
            artwork = every(session, ArtworkRow)
            kept = set(session.scalars(select(artwork.storage_key).where(artwork.selection_id == selection_id)))
        stray += [key for key in suspects if key.split("/")[1] == selection_id and key not in kept]
    return stray


def _pages(keys: Iterator[str]) -> Iterator[list[str]]:
    while page := list(islice(keys, _PAGE_KEYS)):
        yield page
