"""A small service with files in its store, and a backup of it; no media work."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import select

from records.audit.erasure_register import Erasure
from records.backup.layout import Manifest
from records.backup.make import make_backup
from records.backup.read import Backup, open_backup
from records.backup.restore import Restored, restore
from records.backup.sealing import Identity, Recipients, parse_identity, parse_recipients, write_new_key
from records.database import Database
from records.models import ArtifactRow, MomentRow, new_id
from records.settings import Settings
from records.storage.contract import Storage
from records.storage.open import open_storage
from tests.databases import make_tables
from tests.effects import open_alone
from tests.records.cast import K_104, K_207, add_selection, complete_upload


class Place:
    """A migrated service without a worker."""

    def __init__(self, settings: Settings) -> None:
        make_tables(settings)
        self.settings = settings
        self.db: Database = open_alone(settings)
        self.storage: Storage = open_storage(settings)

    def store(self, key: str, content: bytes) -> str:
        """Put bytes into the store; their SHA-256."""
        path = self.settings.data_dir / f"new-{new_id()}"
        path.write_bytes(content)
        self.storage.put(path, key)
        path.unlink()
        return hashlib.sha256(content).hexdigest()

    def add(self, content: bytes = b"film", **options: object) -> str:
        """A selection whose film is here, with one finished file; its id."""
        shape = K_207 if not options.pop("moments", False) else K_104
        selection_id, upload_id, job_id = add_selection(self.db, shape), new_id(), new_id()
        key = f"selections/{selection_id}/uploads/{upload_id}"
        complete_upload(self.db, selection_id, upload_id=upload_id, storage_key=key, sha256=self.store(key, content))
        made = f"selections/{selection_id}/jobs/{job_id}/{new_id()}/01.mp4"
        with self.db.session() as session:
            of_first = MomentRow.selection_id == selection_id, MomentRow.position == 0
            moment_id = session.scalars(select(MomentRow.id).where(*of_first)).one()
            session.add(
                ArtifactRow(
                    selection_id=selection_id, moment_id=moment_id, kind="clip", name="01.mp4", storage_key=made,
                    media_type="video/mp4", bytes=len(content), sha256=self.store(made, content[::-1]),
                )
            )  # fmt: skip
        return selection_id

    def backup(self, folder: Path, key: Path) -> Manifest:
        """A backup of it."""
        return make_backup(self.db, self.storage, folder, recipients_of(key), lambda _done: None)

    def restore(self, folder: Path, key: Path, *register: Erasure) -> Restored:
        """Put a backup back here."""
        with opened(folder, key) as backup:
            return restore(backup, self.db, self.storage, self.settings, list(register), lambda _done: None)

    def stored(self) -> set[str]:
        """What is stored of selections."""
        return set(self.storage.keys("selections/"))


def new_key(folder: Path) -> Path:
    """A private key in a file."""
    path = folder / "backup.key"
    write_new_key(path)
    return path


def recipients_of(key: Path) -> Recipients:
    """The public half."""
    return parse_recipients(key.read_text().splitlines()[0].split()[-1])


def identity_of(key: Path) -> Identity:
    """The private half."""
    return parse_identity(key.read_text())


@contextmanager
def opened(folder: Path, key: Path) -> Iterator[Backup]:
    """A backup, open."""
    with open_backup(folder, identity_of(key)) as backup:
        yield backup
