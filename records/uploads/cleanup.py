"""Housekeeping for uploads: what was left alone for too long, and what crashes left behind, is erased."""

from __future__ import annotations

import contextlib
import stat
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import delete, select

from records.database import Database
from records.ledger.store_identity import begins_at_s, may_sweep
from records.models import UploadRow, UploadState, utcnow
from records.settings import Settings
from records.storage.contract import Storage, saying_what_failed
from records.uploads.partial_file import erase_partial, incoming_folder


def expire_uploads(db: Database, storage: Storage, settings: Settings) -> int:
    """Erase uploads without a byte for too long, and what crashes left of others. How many uploads were erased.

    Safe beside requests and beside other processes that do the same.
    """
    with db.session() as session:
        expired = list(
            session.scalars(
                delete(UploadRow)
                .where(
                    UploadRow.state == UploadState.RECEIVING,
                    UploadRow.offset_bytes < UploadRow.length_bytes,
                    UploadRow.expires_at < utcnow(),
                )
                .returning(UploadRow.id)
            )
        )
    for upload_id in expired:
        erase_partial(settings, upload_id)
    _erase_abandoned(db, storage, settings)
    return len(expired)


def _erase_abandoned(db: Database, storage: Storage, settings: Settings) -> None:
    """Erase files of uploads that are over or never were. Files are listed first: a row is there before its file.

    Not while the store belongs to another database, as these files may too; and never one that is older than ours.
    """
    folder = incoming_folder(settings)
    with saying_what_failed("look through the uploads"):
        changed_s = dict(_files_of(folder))
    with db.reading() as session:
        receiving = set(session.scalars(select(UploadRow.id).where(UploadRow.state == UploadState.RECEIVING)))
    abandoned = [name for name in changed_s if name not in receiving]
    if not abandoned or not may_sweep(db, storage):
        return
    begins_s = begins_at_s(db)
    for name in abandoned:
        if changed_s[name] >= begins_s:
            erase_partial(settings, name)


def _files_of(folder: Path) -> Iterator[tuple[str, float]]:
    """Each file's name and when it was last written to, in seconds."""
    for path in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):  # another process does the same
            found = path.stat()
            if stat.S_ISREG(found.st_mode):
                yield path.name, found.st_mtime
