"""Whether the store and the database belong together: both carry the same random id and a number that grows together.

Sweeping deletes what no row names. That is right only where the rows are those of the files: a store beside a new, an
older or a foreign database holds nothing but files that no row names. So every sweep asks here first.

The database has its id from its migration. The store is given it as a small file of its own, and never another one:

- A store without an id and without a file takes the id, where the database too knows of no file.
- A store without an id takes it where the database knows most of its files (one that is older than these ids).
- Any other waits for a person, who gives back the right database or accepts the store (actions/accept_store.py).

Whenever something was stored, the number grows: first in the database, then in the store. So a database that was
restored from a backup is behind a store that lived on, and a store that was restored is behind its database, which
harms nothing: what that database does not know any more, it erased.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from records.database import Database, rows_changed
from records.every_row import bear_no_hidden_rows, every
from records.logs import get_logger
from records.models import (
    ArtifactRow,
    ArtworkRow,
    ErasureRow,
    JobRow,
    SelectionRow,
    StoreIdentityRow,
    UploadRow,
    UploadState,
    utcnow,
)
from records.storage.contract import Storage, StorageMissing, StorageUnavailable

LABEL_KEY = "store-identity.json"
"""Beside the folders of selections and not in one, so no sweep and no erasure comes near it."""
_MOST_LABEL_BYTES = 4096
_PAGE_IDS = 500
_ABOUT = "Which vigpack database these files belong to. Keep this file with them; see docs/operations.md."
log = get_logger("records")


class StoreMatch(StrEnum):
    """How the store and the database stand to each other; sweeping needs OURS."""

    OURS = "ours"
    NEW = "new"
    """Neither has been looked at: a worker does it within seconds."""
    FOREIGN = "foreign"
    """The store carries the id of another database, or one that cannot be read."""
    OLDER = "older"
    """Things were stored that this database, restored from an earlier day, does not know of."""
    UNKNOWN = "unknown"
    """The store carries no id, and this database knows little of what is in it."""
    MISSING = "missing"
    """The store carries no id, or is empty, though this database had one with files: is it the right folder?"""
    STRANGE = "strange"
    """They belong together, yet there are files of selections that this database never had."""


@dataclass(frozen=True)
class StoreState:
    """What was found; ``strange_files`` as the last sweep counted them."""

    match: StoreMatch
    strange_files: int = 0
    accepted: bool = False
    """Whether a person has accepted the store as it is, and no sweep has been through it since."""


@dataclass(frozen=True)
class StoreCount:
    """Files of selections in the store: those that the database knows or has erased, and the others."""

    known_files: int
    strange_files: int


@dataclass(frozen=True)
class Label:
    """What the store says of itself."""

    id: str
    generation: int


def compare_store(db: Database, storage: Storage) -> StoreState:
    """How they stand to each other, from one row and one small file; nothing is changed.

    Raises: DatabaseUnavailable, StorageUnavailable.
    """
    label = _read_label(storage)  # first: while both numbers grow, the database's is the greater one
    with db.reading() as session:
        row = _row(session)
    return StoreState(_match(label, row), row.strange_files, row.accepted_at is not None)


def may_sweep(db: Database, storage: Storage) -> bool:
    """Whether what no row names may be deleted; not while that cannot be known. Raises: DatabaseUnavailable."""
    try:
        match = compare_store(db, storage).match
        return (settle_store(db, storage).match if match is StoreMatch.NEW else match) is StoreMatch.OURS
    except StorageUnavailable:
        return False


def settle_store(db: Database, storage: Storage) -> StoreState:
    """The same as compare_store(), after a store without an id was given one where that is right; it may list it all.

    Raises: DatabaseUnavailable, StorageUnavailable.
    """
    label = _read_label(storage)
    with db.reading() as session:
        bear_no_hidden_rows(session)
        row = _row(session)
        knows_files = _knows_files(session)
    if label is None and row.labelled_at is None:
        found = count_files(db, storage)
        if not (found.known_files or found.strange_files):
            match = StoreMatch.MISSING if knows_files else StoreMatch.OURS
        else:
            match = StoreMatch.OURS if found.known_files > found.strange_files else StoreMatch.UNKNOWN
        if match is not StoreMatch.OURS:
            note_stopped(db, match, found.strange_files)
            return StoreState(match, found.strange_files)
        write_label(storage, Label(row.id, row.generation))
        label = _read_label(storage)
    if label is not None and label.id == row.id and row.labelled_at is None:
        with db.session() as session:
            session.execute(update(StoreIdentityRow).values(labelled_at=utcnow()))
    state = compare_store(db, storage)
    if state.match not in {StoreMatch.OURS, StoreMatch.STRANGE}:
        note_stopped(db, state.match, state.strange_files)
    return state


def keep_in_step(db: Database, storage: Storage) -> None:
    """Let the number grow, here and in the store, if something was stored since it last did; give a new store its id.

    Raises: DatabaseUnavailable, StorageUnavailable.
    """
    with db.reading() as session:
        bear_no_hidden_rows(session)
        row = _row(session)
        stored = _stored(session)
    if row.labelled_at is None:
        if row.stopped is not None:  # looked at already; the hourly sweep looks again
            return
        settle_store(db, storage)
    if row.stored == stored:
        return
    if compare_store(db, storage).match not in {StoreMatch.OURS, StoreMatch.STRANGE}:
        return
    _grow(db, storage, row.generation + 1, stored)


def take_over(session: Session, storage: Storage, *, accepted: bool = False) -> Label:
    """The store's new label, not yet written, and the row changed to it: the store is this database's from then on.

    ``accepted``: a person said so, and the next sweep may delete whatever the database does not know.

    Raises: StorageUnavailable.
    """
    label = _read_label(storage)
    row = session.scalars(select(StoreIdentityRow).with_for_update()).one()
    row.generation = max(row.generation, label.generation if label else 0) + 1
    row.labelled_at = utcnow()
    row.accepted_at = row.labelled_at if accepted else None
    row.stopped = row.stopped_at = None
    row.strange_files = 0
    return Label(row.id, row.generation)


def catch_up(db: Database, storage: Storage) -> None:
    """Take an older database for the store's own: there is no file in it that the database does not know."""
    if (label := _read_label(storage)) is not None:
        _grow(db, storage, label.generation + 1, stored="")


def note_stopped(db: Database, why: StoreMatch, strange_files: int = 0) -> None:
    """Keep why sweeping is stopped, for the IT page; said in the log when it begins, and not each hour again."""
    stopping = (
        update(StoreIdentityRow)
        .where(StoreIdentityRow.stopped.is_distinct_from(str(why)))
        .values(stopped=str(why), stopped_at=utcnow())
    )
    with db.session() as session:
        begins = rows_changed(session, stopping) == 1
        session.execute(update(StoreIdentityRow).values(strange_files=strange_files))
    if begins:
        log.warning("sweeping_stopped", why=str(why), what_to_do="vigpack doctor says it")


def note_swept(db: Database) -> None:
    """Keep that a sweep went through the whole store: nothing stops it, and what was accepted is done."""
    with db.session() as session:
        row = session.scalars(select(StoreIdentityRow).with_for_update()).one()
        resumed = row.stopped is not None
        row.stopped = row.stopped_at = row.accepted_at = None
        row.strange_files = 0
    if resumed:
        log.info("sweeping_resumed")


def begins_at_s(db: Database) -> float:
    """When this database's records begin, in seconds as files tell their times."""
    with db.reading() as session:
        return _row(session).begins_at.timestamp()


def count_files(db: Database, storage: Storage) -> StoreCount:
    """How many files of selections there are, listed one by one. Raises: DatabaseUnavailable, StorageUnavailable."""
    files: dict[str, int] = {}
    for key in storage.keys("selections/"):
        selection_id = key.split("/")[1]
        files[selection_id] = files.get(selection_id, 0) + 1
    strange = 0
    ids = list(files)
    for begin in range(0, len(ids), _PAGE_IDS):
        with db.reading() as session:
            bear_no_hidden_rows(session)
            strange += sum(files[one] for one in strange_selections(session, ids[begin : begin + _PAGE_IDS]))
    return StoreCount(sum(files.values()) - strange, strange)


def strange_selections(session: Session, ids: Iterable[str]) -> set[str]:
    """Those of the selections that are neither there nor were erased by this database."""
    unknown = set(ids)
    # In this order: one that is erased in between is found by one or the other.
    for column in (every(session, SelectionRow).id, ErasureRow.target):
        if unknown:
            unknown -= set(session.scalars(select(column).where(column.in_(unknown))))
    return unknown


def _match(label: Label | None, row: StoreIdentityRow) -> StoreMatch:
    if label is None:
        if row.labelled_at is not None:
            return StoreMatch.MISSING
        return StoreMatch(row.stopped) if row.stopped in {StoreMatch.UNKNOWN, StoreMatch.MISSING} else StoreMatch.NEW
    if label.id != row.id:
        return StoreMatch.FOREIGN
    if label.generation > row.generation:
        return StoreMatch.OLDER
    return StoreMatch.STRANGE if row.stopped == StoreMatch.STRANGE else StoreMatch.OURS


def _row(session: Session) -> StoreIdentityRow:
    return session.scalars(select(StoreIdentityRow)).one()


def _knows_files(session: Session) -> bool:
    upload = every(session, UploadRow)
    complete = select(upload.id).where(upload.state == UploadState.COMPLETE, upload.storage_key.is_not(None))
    made = select(every(session, ArtifactRow).storage_key)
    return any(session.scalars(query.limit(1)).first() for query in (made, complete))


def _stored(session: Session) -> str:
    """Something that differs whenever a file was stored and recorded: uploads queue jobs, and jobs end with files."""
    job, made_by_children = every(session, JobRow), every(session, ArtworkRow)
    jobs = select(func.max(job.queued_at), func.max(job.finished_at), func.count(job.finished_at))
    artwork = select(func.max(made_by_children.created_at), func.count())
    parts = [*session.execute(jobs).one(), *session.execute(artwork).one()]
    return " ".join(str(part) for part in parts)[:200]


def _grow(db: Database, storage: Storage, generation: int, stored: str) -> None:
    growing = (
        update(StoreIdentityRow)
        .where(StoreIdentityRow.generation < generation)
        .values(generation=generation, stored=stored)
    )
    with db.session() as session:
        if rows_changed(session, growing) != 1:
            return  # another process did
        label = Label(_row(session).id, generation)
    write_label(storage, label)


def _read_label(storage: Storage) -> Label | None:
    try:
        content = b"".join(storage.read(LABEL_KEY, 0, _MOST_LABEL_BYTES))
    except StorageMissing:
        return None
    try:
        found = json.loads(content)
        return Label(str(found["id"]), int(found["generation"]))
    except (ValueError, TypeError, KeyError):
        return Label("unreadable", 0)


def write_label(storage: Storage, label: Label) -> None:
    """Say in the store whose it is. Raises: StorageUnavailable, NoRoom."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "label")
        path.write_text(json.dumps({"about": _ABOUT, "id": label.id, "generation": label.generation}) + "\n")
        storage.put(path, LABEL_KEY)
