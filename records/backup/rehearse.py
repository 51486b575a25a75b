"""Tries a backup as far as that goes without touching the service: all that a restore would read, is read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from records.backup.dump import tables_in
from records.backup.errors import BackupDamaged
from records.backup.make import Progress, files_named
from records.backup.read import Backup
from records.backup.restore import count_without_key, load_database
from records.backup.sealing import Sealed
from records.backup.work_list import WorkList
from records.keys.ring import key_ring
from records.settings import Settings

_FILES = 0.9


@dataclass(frozen=True)
class Rehearsed:
    """What was found to be whole."""

    selections: int
    rows: int
    objects: int
    object_bytes: int
    missing: int
    damaged: int
    without_key: int = 0
    """Selections whose key is not here: what is restored of them cannot be read before it is put back."""


def rehearse(
    backup: Backup, scratch: Path | None, on_progress: Progress, settings: Settings | None = None
) -> Rehearsed:
    """Open every file and compare its sums, load the database into a throwaway one, and look whether each row that
    names a file finds it; with ``settings``, whether their key store has the keys. Raises: BackupDamaged.
    """
    with TemporaryDirectory(dir=scratch, prefix="vigpack-rehearsal-") as folder:
        held = WorkList(Path(folder, "held.sqlite3"))
        for seen, found in enumerate(backup.objects(), 1):
            backup.read_object(found, lambda _block: None)
            sealed = Sealed(found.bytes, found.sha256, found.sealed_bytes, found.sealed_sha256)
            held.hold(found.key, found.file, sealed, damaged=found.damaged)
            on_progress(_FILES * seen / max(backup.manifest.objects, 1))
        address = f"sqlite:///{folder}/rehearsal.sqlite3"
        throwaway = Settings(data_dir=Path(folder), database_url=address, migrate_database_url="", worker_role="")
        with load_database(backup, throwaway) as (session, rows, _):
            connection = session.connection()
            held.want(files_named(connection, tables_in(connection)))
            missing = held.count_missing()
            without_key = 0 if settings is None else count_without_key(session, key_ring(settings))
        files, size, damaged = held.totals()
        held.close()
    facts = backup.manifest
    if (files, size, rows, missing, damaged) != (
        facts.objects, facts.object_bytes, facts.rows, facts.missing, facts.damaged
    ):  # fmt: skip
        raise BackupDamaged(f"{files} files, {rows} rows, {missing} missing, {damaged} damaged")
    on_progress(1.0)
    return Rehearsed(facts.selections, rows, files, size, missing, damaged, without_key)
