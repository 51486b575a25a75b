"""A backup that is opened with its private key: what it holds, checked as it is read."""

from __future__ import annotations

import gzip
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from alembic.script import ScriptDirectory

from records.backup.errors import BackupDamaged, BackupKeyWrong, BackupNewer
from records.backup.layout import DATABASE, Contents, Manifest, StoredObject, read_contents, read_manifest
from records.backup.sealing import Identity, Sealed, unseal
from records.migrations.migrate import alembic_config


@dataclass(frozen=True)
class Backup:
    """An open backup."""

    folder: Path
    manifest: Manifest
    _contents: Contents
    _identity: Identity
    _scratch: Path | None

    @property
    def erased(self) -> list[str]:
        """The keys of the erasure register, as it was when the backup was made."""
        return self._contents.erased

    def objects(self) -> Iterator[StoredObject]:
        """Each stored file. Raises: BackupDamaged."""
        return self._contents.objects()

    def read_object(self, found: StoredObject, write: Callable[[bytes], object]) -> None:
        """Hand over a file's bytes, which are right only when this returns. Raises: BackupDamaged."""
        there = self._unseal(found.file, write)
        if (there.sha256, there.sealed_sha256) != (found.sha256, found.sealed_sha256):
            raise BackupDamaged(f"{found.file} is not what was written")

    @contextmanager
    def dump(self) -> Iterator[Iterator[bytes]]:
        """The lines of the database's dump. Raises: BackupDamaged."""
        # A file without a name: whatever happens, no plain word stays on the disk.
        with tempfile.TemporaryFile(dir=self._scratch) as plain:
            if self._unseal(DATABASE, plain.write) != self._contents.database:
                raise BackupDamaged(f"{DATABASE} is not what was written")
            plain.seek(0)
            with gzip.open(plain) as lines:
                yield iter(lines)

    def _unseal(self, file: str, write: Callable[[bytes], object]) -> Sealed:
        try:
            return unseal(self.folder / file, self._identity, write)
        except BackupKeyWrong as error:  # it opened the list of contents, so this file's head was changed
            raise BackupDamaged(str(error)) from error


@contextmanager
def open_backup(folder: Path, identity: Identity, scratch: Path | None = None) -> Iterator[Backup]:
    """The backup in a folder, for the length of a block; ``scratch``: where to unseal its lists.

    Raises: NoBackupHere, BackupNewer, BackupDamaged, BackupKeyWrong.
    """
    manifest = read_manifest(folder)
    known = {step.revision for step in ScriptDirectory.from_config(alembic_config()).walk_revisions()}
    if manifest.schema_step not in known:
        raise BackupNewer(f"schema step {manifest.schema_step} of vigpack {manifest.version}")
    with tempfile.TemporaryFile(dir=scratch) as plain:
        yield Backup(folder, manifest, read_contents(folder, manifest, identity, plain), identity, scratch)
