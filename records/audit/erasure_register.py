"""The erasure register: what was erased or taken back, by its random id alone, so that no restore brings it back.

An entry is a row in the transaction of the act itself. Recovery copies it into the store within seconds, as a small
file that nothing sweeps: so it outlives the database. Each backup holds the register as it was. A restore does again
whatever a register that it is given names and the backup's own does not.

What is in it: erased families and selections; photographs of children's work that were taken out; moments in which
somebody was to be hidden or something to be silent; clients of logbooks whose family's code was erased. No code, no
caption, no time of a film.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from sqlalchemy import Connection, Table, select, update
from sqlalchemy.orm import Session

from pipeline.artifact import publish
from records.database import Database
from records.models import ErasureRow
from records.storage.contract import Storage, saying_what_failed

REGISTER_FOLDER = "erasures/"
_KEY = re.compile(r"erasures/([a-z_]{1,16})/([0-9a-f]{32})/([0-9a-f]{32})")
_MOST_AT_ONCE = 500


class ErasureKind(StrEnum):
    """What was erased or taken back."""

    SELECTION = "selection"
    ARTWORK = "artwork"
    HIDING = "hiding"
    """Somebody was to be hidden in a moment: nothing that was made of it before may be handed out."""
    SILENCE = "silence"
    """Something in a moment was to be silent: nothing that was made of it before may be handed out."""
    LOGBOOK_CLIENT = "logbook_client"
    FAMILY = "family"
    """All of it, with every selection."""
    CONSENT = "consent"
    """Somebody said no to a purpose; the target is made of both (records/actions/record_consents.py)."""


@dataclass(frozen=True, order=True)
class Erasure:
    """One entry; ``id`` is its own, ``target`` that of what went."""

    kind: str
    target: str
    id: str

    @property
    def key(self) -> str:
        """Its key in the store, and its line in an exported register."""
        return f"{REGISTER_FOLDER}{self.kind}/{self.target}/{self.id}"


def note_erasure(session: Session, kind: ErasureKind, target: str) -> None:
    """Add an entry in the transaction of the act."""
    session.add(ErasureRow(kind=kind, target=target))


def parse_erasures(lines: Iterable[str]) -> list[Erasure]:
    """The entries named in lines, each a key; other lines are left out: a later version may know more kinds."""
    found = (_KEY.fullmatch(line.strip()) for line in lines)
    return sorted({Erasure(*match.groups()) for match in found if match})


def erasures_in(connection: Connection, tables: Iterable[Table]) -> list[Erasure]:
    """The register of a database, whatever its schema step; empty where that has none yet."""
    return [
        Erasure(row.kind, row.target, row.id)
        for table in tables
        if table.name == ErasureRow.__tablename__
        for row in connection.execute(select(table))
    ]


def copy_register(db: Database, storage: Storage) -> int:
    """Copy new entries into the store; how many. Raises: DatabaseUnavailable, StorageUnavailable."""
    with db.reading() as session:
        new = session.scalars(select(ErasureRow).where(ErasureRow.stored.is_(False)).limit(_MOST_AT_ONCE)).all()
    if not new:
        return 0
    store_erasures(storage, [Erasure(row.kind, row.target, row.id) for row in new])
    with db.session() as session:
        session.execute(update(ErasureRow).where(ErasureRow.id.in_([row.id for row in new])).values(stored=True))
    return len(new)


def store_erasures(storage: Storage, erasures: Iterable[Erasure]) -> None:
    """Put entries into the store. Raises: StorageUnavailable."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "entry")
        for erasure in erasures:
            file.unlink(missing_ok=True)  # a folder store may share the blocks of the one before
            file.write_text(f"{erasure.key}\n", encoding="ascii")
            storage.put(file, erasure.key)


def stored_erasures(storage: Storage) -> list[Erasure]:
    """The register as it is in the store. Raises: StorageUnavailable."""
    return parse_erasures(storage.keys(REGISTER_FOLDER))


def export_register(storage: Storage, path: Path) -> int:
    """Write the register of the store into a file, one key a line; how many. It replaces the file in one step.

    Raises: StorageUnavailable, NoRoom.
    """
    entries = stored_erasures(storage)
    with saying_what_failed(f"write {path.name}"), tempfile.TemporaryDirectory(dir=path.absolute().parent) as folder:
        part = Path(folder, "register")
        part.write_text("".join(f"{entry.key}\n" for entry in entries), encoding="ascii")
        publish(part, path.absolute(), "text/plain")
    return len(entries)
