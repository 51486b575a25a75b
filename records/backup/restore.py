"""Restores a backup where nothing is yet: files first, then the database in one transaction.

Until that transaction ends the database is as it was, so whatever is killed in between leaves a store with files and a
database that knows none; the same backup is then restored again and goes on where it was. What was erased after the
backup was made is erased again in that same transaction: nobody ever sees it.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from alembic import command
from sqlalchemy import Connection, MetaData, Select, Table, delete, func, inspect, literal_column, select, text, update
from sqlalchemy.orm import Session

from records.actions.erase import resume_erasures, selection_folder
from records.actions.erase_family import resume_family_erasures
from records.audit.actions import Action
from records.audit.actor import command_line
from records.audit.erasure_register import (
    REGISTER_FOLDER,
    Erasure,
    ErasureKind,
    erasures_in,
    parse_erasures,
    stored_erasures,
)
from records.audit.log import note
from records.backup.dump import STEPS_TABLE, load, step_in, tables_in
from records.backup.errors import ServiceRunning, TargetNotEmpty
from records.backup.layout import StoredObject
from records.backup.make import Progress
from records.backup.read import Backup
from records.backup.replay import replay
from records.backup.state import note_backup
from records.database import AUDIT_KEY, AUDIT_PURPOSE, Database
from records.effects import take_effects
from records.keys.ring import KeyRing, key_ring
from records.keys.store import KeyKind
from records.ledger.store_identity import LABEL_KEY, take_over, write_label
from records.migrations.first_keys import make_first_keys
from records.migrations.migrate import changing_tables, check_owner, grant_roles
from records.models import (
    ErasureRow,
    JobRow,
    JobState,
    MomentRow,
    MomentState,
    SelectionRow,
    UploadRow,
    UploadState,
    WorkerRow,
    utcnow,
)
from records.models.sealed import ring_of
from records.retention_policy.policy import policy_of
from records.secrets.service_key import service_key
from records.settings import Settings
from records.storage.contract import BLOCK_BYTES, Storage, StorageMissing, saying_what_failed

MARKER = "restoring"
"""A file in the store while a restore into it is under way; it names the backup."""
_FOLDER = "restoring"
_OWN_KEYS = (MARKER, LABEL_KEY, REGISTER_FOLDER, "checks/", "probe/")
"""What may be in a store that counts as empty."""
_ACCOUNTS = {
    "accounts", "api_tokens", "credentials", "external_identities", "external_sessions", "invitations", "login_states",
    "passkeys", "pending_sign_ins", "recovery_codes", "sessions", "spent_logout_tokens",
}  # fmt: skip
"""Whoever restores may have signed in first; the backup's accounts take the place of those that are here."""
_OPERATIONAL = {
    "last_settings",
    "clocks",
    "workers",
    "samples",
    "endings",
    "erasures",
    "store_identity",
    STEPS_TABLE,
    *_ACCOUNTS,
}
"""Tables that a service fills by itself within a minute: a database with rows in no others counts as empty."""
_WORKERS_SEEN = timedelta(seconds=90)
_FILES = 0.9
"""The share of the work that the files are."""


@dataclass(frozen=True)
class Restored:
    """What a restore did."""

    selections: int
    """Those that are there now, without what was erased again."""
    rows: int
    objects: int
    object_bytes: int
    erased_again: int
    missing: int
    """Files that rows name and that the backup does not have: they were lost before it was made."""
    without_key: int = 0
    """Selections whose key is not here: they cannot be read before it is put back."""


def restore(
    backup: Backup, db: Database, storage: Storage, settings: Settings, register: list[Erasure], on_progress: Progress
) -> Restored:
    """Put back everything that the backup holds, but for what ``register`` says was erased since.

    Raises: TargetNotEmpty, ServiceRunning, NotTheOwner, BackupDamaged, NoRoom, StorageUnavailable, DatabaseUnavailable.
    """
    with changing_tables(settings) as (connection, _):
        check_owner(connection)
        _check_database(connection)
    goes_on = _check_store(backup, storage)
    register = [*register, *parse_erasures(backup.erased), *stored_erasures(storage)]
    with _folder(settings) as folder:
        if not goes_on:
            _put_text(storage, folder, MARKER, backup.manifest.contents_sha256)
        files = _restore_files(backup, storage, folder, register, on_progress, check_first=goes_on)
    rows, again, keys = _restore_database(backup, storage, settings, register)
    storage.delete(MARKER)
    for key in keys:
        storage.delete(key)
    resume_erasures(db, storage, settings)
    resume_family_erasures(db, storage, settings)
    note_backup(db, backup.manifest.made_at)
    with db.reading() as session:
        selections = session.scalar(select(func.count(SelectionRow.id))) or 0
        without_key = count_without_key(session, key_ring(settings))
    on_progress(1.0)
    return Restored(
        selections=selections,
        rows=rows,
        objects=files[0],
        object_bytes=files[1],
        erased_again=again,
        missing=backup.manifest.missing,
        without_key=without_key,
    )


def count_without_key(session: Session, ring: KeyRing) -> int:
    """How many selections have no key, neither in this key store nor in the one of the session's database."""
    stores = (ring.store, ring_of(session).store)
    ids = session.scalars(select(SelectionRow.id).where(SelectionRow.visible))
    return sum(all(one.read(KeyKind.SELECTION, found) is None for one in stores) for found in ids)


def _check_store(backup: Backup, storage: Storage) -> bool:
    """Whether an interrupted restore of this very backup goes on. Raises: TargetNotEmpty."""
    try:
        marked = b"".join(storage.read(MARKER, 0, storage.size(MARKER))).decode("ascii", "replace").strip()
    except StorageMissing:
        marked = ""
    if marked == backup.manifest.contents_sha256:
        return True
    for key in storage.keys(""):
        if not key.startswith(_OWN_KEYS):
            if marked:
                sentence = "The restore of another backup was interrupted here. End that one, or take a new store."
                raise TargetNotEmpty(key, for_guider=sentence)
            sentence = "There are files in the store already. Restore into a new data folder, or a new store."
            raise TargetNotEmpty(key, for_guider=sentence)
    return False


def _check_database(connection: Connection) -> None:
    """Raises: TargetNotEmpty, ServiceRunning."""
    for table in tables_in(connection):
        if table.name not in _OPERATIONAL and _has_rows(connection, table):
            sentence = "There are records in the database already. Restore into a new data folder, or a new database."
            raise TargetNotEmpty(table.name, for_guider=sentence)
        if table.name == "workers" and {"seen_at", "left_at"} <= set(table.columns.keys()):
            alive = table.c.left_at.is_(None) & (table.c.seen_at > utcnow() - _WORKERS_SEEN)
            if connection.scalar(select(func.count()).select_from(table).where(alive)):
                raise ServiceRunning("a worker reported within the last minutes")


def _has_rows(connection: Connection, table: Table) -> bool:
    asked: Select[tuple[Any]] = select(literal_column("1")).select_from(table).limit(1)
    if table.name == "audit" and "family_id" in table.columns:  # starting and signing in leave lines of no family
        asked = asked.where(table.c.family_id != "")
    return connection.execute(asked).first() is not None


def _restore_files(
    backup: Backup,
    storage: Storage,
    folder: Path,
    register: Iterable[Erasure],
    on_progress: Progress,
    *,
    check_first: bool,
) -> tuple[int, int]:
    """How many files are in the store now, and their bytes."""
    erased = tuple(selection_folder(one.target) for one in register if one.kind == ErasureKind.SELECTION)
    files = size = seen = 0
    for found in backup.objects():
        seen += 1
        on_progress(_FILES * seen / max(backup.manifest.objects, 1))
        if found.key.startswith(erased):
            continue
        if not (check_first and _is_there(storage, found)):
            part = folder / "object"
            with saying_what_failed("unseal a file"), part.open("wb") as file:
                backup.read_object(found, file.write)
            with part.open("rb") as file:
                storage.write(iter(partial(file.read, BLOCK_BYTES), b""), found.key)
            part.unlink()
        files, size = files + 1, size + found.bytes
    return files, size


def _is_there(storage: Storage, found: StoredObject) -> bool:
    try:
        digest = hashlib.sha256()
        for block in storage.as_stored(found.key).blocks:
            digest.update(block)
        return digest.hexdigest() == found.sha256
    except StorageMissing:
        return False


def _restore_database(
    backup: Backup, storage: Storage, settings: Settings, register: list[Erasure]
) -> tuple[int, int, list[str]]:
    """Rows that were loaded, what was erased again, and the keys of files that go with it."""
    with load_database(backup, settings, check=_check_database) as (session, rows, erased_here):
        again = replay(session, [*register, *erased_here])
        keys = take_effects(session).keys  # the jobs are found by recovery once the service runs
        _set_going(session, settings)
        made_at = backup.manifest.made_at.strftime("%Y-%m-%d %H:%M UTC")
        note(session, command_line(), Action.RESTORE, made_at, figures={"rows": rows, "erased_again": again})
        write_label(storage, take_over(session, storage))
    return rows, again, keys


@contextmanager
def load_database(
    backup: Backup, settings: Settings, check: Callable[[Connection], None] | None = None
) -> Iterator[tuple[Session, int, list[Erasure]]]:
    """The backup's database in the newest shape, in a transaction that is committed at the end of the block.

    With it how many rows there are, and what the target's own register named.
    """
    with backup.dump() as lines, changing_tables(settings) as (connection, config):
        _lock(connection)
        if check is not None:
            check(connection)
        erased_here = _drop_everything(connection)
        command.upgrade(config, step_in(lines))
        rows = load(connection, lines)
        info = {AUDIT_KEY: partial(service_key, settings, AUDIT_PURPOSE)}
        command.upgrade(config, "head")
        make_first_keys(connection, key_ring(settings))
        grant_roles(connection, settings)
        with Session(connection, join_transaction_mode="create_savepoint", info=info) as session:
            yield session, rows, erased_here
            session.commit()


def _lock(connection: Connection) -> None:
    """Let nobody add a row between looking and dropping; on SQLite the transaction itself is such a lock."""
    if connection.dialect.name == "postgresql" and (tables := tables_in(connection)):
        names = ", ".join(connection.dialect.identifier_preparer.format_table(table) for table in tables)
        connection.execute(text("SET LOCAL lock_timeout = '30s'"))
        connection.execute(text(f"LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE"))


def _drop_everything(connection: Connection) -> list[Erasure]:
    """Remove the tables of a database that holds nothing of value; what its erasure register named."""
    erased = erasures_in(connection, tables_in(connection))
    metadata = MetaData()
    metadata.reflect(connection)
    if connection.dialect.name == "postgresql":
        for view in inspect(connection).get_view_names():
            connection.execute(text(f"DROP VIEW {connection.dialect.identifier_preparer.quote(view)}"))
    metadata.drop_all(connection)
    if connection.dialect.name == "postgresql":  # triggers and policies go with their tables, what they call does not
        ours = text(
            "SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace = current_schema()::regnamespace "
            "AND p.prorettype IN ('trigger'::regtype, 'boolean'::regtype) "
            "AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')"
        )
        for (name,) in connection.execute(ours).all():
            connection.execute(text(f"DROP FUNCTION {name}"))
    return erased


def _set_going(session: Session, settings: Settings) -> None:
    """What was under way when the backup was made begins anew: its worker and its unfinished bytes are not here."""
    no_fetch = {"synchronize_session": False}
    begun = (
        update(JobRow)
        .where(JobRow.state == JobState.RUNNING)
        .values(state=JobState.QUEUED, attempts=JobRow.attempts - 1, lease_token=None, lease_until=None, progress=0.0)
    )
    session.execute(begun, execution_options=no_fetch)
    waiting = update(JobRow).where(JobRow.state == JobState.QUEUED).values(sent_at=None)
    session.execute(waiting, execution_options=no_fetch)
    moments = update(MomentRow).where(MomentRow.state == MomentState.RUNNING).values(state=MomentState.QUEUED)
    session.execute(moments, execution_options=no_fetch)
    uploads = (
        update(UploadRow)
        .where(UploadRow.state == UploadState.RECEIVING)
        .values(offset_bytes=0, holder=None, expires_at=policy_of(settings).sources.receiving.after(utcnow()))
    )
    session.execute(uploads, execution_options=no_fetch)
    session.execute(delete(WorkerRow))
    session.execute(update(ErasureRow).values(stored=False), execution_options=no_fetch)  # not in this store yet


@contextmanager
def _folder(settings: Settings) -> Iterator[Path]:
    """Where files are unsealed on their way into the store; nothing is left in it."""
    folder = settings.data_dir / _FOLDER
    with saying_what_failed("make a folder for the restore"):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _put_text(storage: Storage, folder: Path, key: str, words: str) -> None:
    part = folder / "text"
    part.write_text(words, encoding="ascii")
    storage.put(part, key)
    part.unlink()
