"""Makes a backup while the service runs, in which every row has its file.

A row never stands before its file, and no stored file ever changes. So the database is read first, in one transaction
that sees one state, and then the files that its rows name are copied. What went away in between (erased, or made anew)
is found missing: then the database is read again and only the difference is copied, until nothing is missing. What is
missing twice although its row still stands was lost before: the backup is made without it and says so.

Unfinished it lies beside its place under another name. Only when every file was written, flushed and read back does one
rename put it there; whatever is killed in between leaves nothing that could be taken for a backup.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from itertools import chain
from pathlib import Path

from sqlalchemy import Connection, Table, func, select

from pipeline.artifact import sync_folder
from records.audit.erasure_register import erasures_in
from records.backup.dump import dump, step_of, tables_in
from records.backup.errors import BackupDamaged, BackupFolderTaken, BackupNeverSettled
from records.backup.layout import (
    CONTENTS,
    DATABASE,
    FORMAT,
    MANIFEST,
    Facts,
    Manifest,
    contents_lines,
    object_file,
)
from records.backup.sealing import Recipients, Sealed, seal, sealed_sum, writing_backup
from records.backup.work_list import WorkList
from records.database import Database
from records.errors import NoRoom
from records.models import utcnow
from records.storage.contract import Storage, StorageMissing

UNFINISHED = ".unfinished"
_LOCK = "lock"
_MOST_ROUNDS = 20
_COPIED = 0.85
"""The share of the work that is done when everything is copied and only has to be read back."""
Progress = Callable[[float], None]


@dataclass(frozen=True)
class _Snapshot:
    """The database at one moment, as it lies in the backup."""

    made_at: datetime
    step: str
    selections: int
    rows: int
    erased: list[str]
    sealed: Sealed


def make_backup(
    db: Database, storage: Storage, target: Path, recipients: Recipients, on_progress: Progress, service_key: str = ""
) -> Manifest:
    """A new folder ``target`` with everything the service remembers and keeps, sealed for the recipients.

    ``service_key``: the fingerprint of the service's own key, for who restores it.

    Nothing is left of it where it raises: BackupFolderTaken, BackupUnwritable, NoRoom, BackupNeverSettled,
    StorageUnavailable, DatabaseUnavailable.
    """
    part = _begin(target)
    try:
        with writing_backup(), _held(part):
            manifest = _write(db, storage, part, recipients, on_progress, service_key)
            (part / _LOCK).unlink()
            _sync_tree(part)
            try:
                part.rename(target)
            except OSError as error:
                raise BackupFolderTaken(str(error)) from error
            sync_folder(target.parent)
    except NoRoom as error:
        sentence = f"There is no room for the backup in {target.parent}. Nothing of it was kept."
        raise NoRoom(str(error), for_guider=sentence) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    on_progress(1.0)
    return manifest


def files_named(connection: Connection, tables: Iterable[Table]) -> Iterator[tuple[str, str | None]]:
    """Key and SHA-256 of every stored file that a row names; without those of selections that are being erased."""
    by_name = {table.name: table for table in tables}
    selections = by_name["selections"]
    for table in by_name.values():
        if "storage_key" not in table.columns:
            continue
        sums = table.c.sha256 if "sha256" in table.columns else func.null()
        asked = select(table.c.storage_key, sums).where(table.c.storage_key.is_not(None))
        if "selection_id" in table.columns and "erasing_at" in selections.columns:
            erasing = select(selections.c.id).where(selections.c.erasing_at.is_not(None))
            asked = asked.where(table.c.selection_id.not_in(erasing))
        yield from ((key, sha256) for key, sha256 in connection.execute(asked))


def _begin(target: Path) -> Path:
    """The folder in which the unfinished backup lies; what killed ones left beside it is removed."""
    if target.is_mount():
        sentence = f"{target} is itself a mounted folder. Name a new folder inside it, such as {target / 'monday'}."
        raise BackupFolderTaken(sentence, for_guider=sentence)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        sentence = f"There is something in {target} already. Name a folder that does not exist yet."
        raise BackupFolderTaken(sentence, for_guider=sentence)
    part = target.with_name(target.name + UNFINISHED)
    try:
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        for left in target.parent.glob(f"*{UNFINISHED}"):
            _remove_left(left)
        part.mkdir(mode=0o700)
    except FileExistsError as error:
        sentence = f"Another backup is being written to {target} just now."
        raise BackupFolderTaken(str(error), for_guider=sentence) from error
    except OSError as error:
        sentence = (
            f"The folder {target.parent} cannot be written by this user ({error.strerror}). In a container that is "
            "user 10001: install -d -m 0700 -o 10001 gives it a folder."
        )
        raise BackupFolderTaken(str(error), for_guider=sentence) from error
    return part


def _remove_left(folder: Path) -> None:
    """Remove an unfinished backup, if its writer is gone."""
    with suppress(OSError), (folder / _LOCK).open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)


class _held:  # noqa: N801 reads as a block
    """An unfinished backup that nobody else removes; the hold ends with the process, however that dies."""

    def __init__(self, part: Path) -> None:
        self._lock = (part / _LOCK).open("wb")

    def __enter__(self) -> None:
        with suppress(OSError):  # some network file systems have no locks
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def __exit__(self, *_: object) -> None:
        self._lock.close()


def _write(
    db: Database, storage: Storage, part: Path, recipients: Recipients, on_progress: Progress, service_key: str
) -> Manifest:
    work = WorkList(part / "work.sqlite3")
    lost: set[str] = set()
    for _round in range(_MOST_ROUNDS):
        snapshot = _take_snapshot(db, part, recipients, work)
        gone = set(_copy_missing(storage, part, recipients, work, on_progress))
        settled = not gone or gone == lost
        lost = gone
        if settled:
            break
    else:
        raise BackupNeverSettled(f"{len(lost)} files went away in the last round")
    for file in work.drop_unwanted():
        (part / file).unlink()
    files, size, damaged = work.totals()
    facts = Facts(
        format=FORMAT,
        version=version("vigpack"),
        made_at=snapshot.made_at,
        schema_step=snapshot.step,
        database=db.engine.dialect.name,
        selections=snapshot.selections,
        rows=snapshot.rows,
        objects=files,
        object_bytes=size,
        missing=len(lost),
        damaged=damaged,
        recipients=[str(recipient) for recipient in recipients],
        service_key=service_key,
    )
    contents = seal(contents_lines(facts, snapshot.sealed, work.held(), snapshot.erased), part / CONTENTS, recipients)
    _read_back(part, work, snapshot.sealed, contents, on_progress)
    work.close()
    manifest = Manifest(
        **facts.model_dump(), database_sha256=snapshot.sealed.sealed_sha256, contents_sha256=contents.sealed_sha256
    )
    (part / MANIFEST).write_text(manifest.model_dump_json(indent=2, exclude_defaults=True) + "\n", encoding="utf-8")
    return manifest


def _take_snapshot(db: Database, part: Path, recipients: Recipients, work: WorkList) -> _Snapshot:
    """The database into the backup, and the files it names into the list of what is wanted."""
    path = part / DATABASE
    path.unlink(missing_ok=True)
    made_at = utcnow()
    with db.snapshot() as connection:
        tables = tables_in(connection)
        step = step_of(connection)
        if step is None:
            raise BackupDamaged(
                "no tables", for_guider="There is nothing to back up: this database has no tables of vigpack."
            )
        counted = _Counted(dump(connection, tables))
        sealed = seal(_compressed(counted), path, recipients)
        work.want(files_named(connection, tables))
        selections = connection.execute(select(func.count()).select_from(_named(tables, "selections"))).scalar_one()
        erased = sorted(erasure.key for erasure in erasures_in(connection, tables))
    return _Snapshot(made_at, step, selections, counted.rows, erased, sealed)


def _copy_missing(
    storage: Storage, part: Path, recipients: Recipients, work: WorkList, on_progress: Progress
) -> Iterator[str]:
    """Copy what is wanted and not held; the keys under which nothing is stored any more."""
    total = work.count_missing()
    for done, (key, sha256) in enumerate(work.missing(), 1):
        file = object_file(key)
        path = part / file
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            stored = storage.as_stored(key)
            sealed = seal(stored.blocks, path, recipients)
        except StorageMissing:
            path.unlink(missing_ok=True)
            yield key
        else:
            work.hold(key, file, sealed, damaged=sha256 is not None and sha256 != stored.plain_sha256)
        on_progress(_COPIED * done / total)


def _read_back(part: Path, work: WorkList, database: Sealed, contents: Sealed, on_progress: Progress) -> None:
    """Make sure that what lies on the disk is what was written. Raises: BackupDamaged."""
    files, _, _ = work.totals()
    others = [(DATABASE, database.sealed_sha256), (CONTENTS, contents.sealed_sha256)]
    for done, (file, sha256) in enumerate(chain(others, ((one.file, one.sealed_sha256) for one in work.held()))):
        if sealed_sum(part / file) != sha256:
            sentence = "The disk of the backup gives back other bytes than it was given. Nothing of it was kept."
            raise BackupDamaged(f"{file} was not read back as written", for_guider=sentence)
        on_progress(_COPIED + (1 - _COPIED) * done / (files + len(others)))


class _Counted:
    """The lines of a dump, and how many of them are rows."""

    def __init__(self, lines: Iterator[bytes]) -> None:
        self._lines = lines
        self.rows = 0

    def __iter__(self) -> Iterator[bytes]:
        for line in self._lines:
            self.rows += line.startswith(b"[")
            yield line


def _compressed(lines: Iterable[bytes]) -> Iterator[bytes]:
    squeeze = zlib.compressobj(level=6, wbits=31)  # as gzip does
    for line in lines:
        if block := squeeze.compress(line):
            yield block
    yield squeeze.flush()


def _named(tables: Iterable[Table], name: str) -> Table:
    return next(table for table in tables if table.name == name)


def _sync_tree(folder: Path) -> None:
    for inside, _, files in os.walk(folder):
        if MANIFEST in files:
            with Path(inside, MANIFEST).open("rb") as file:
                os.fsync(file.fileno())
        sync_folder(Path(inside))
