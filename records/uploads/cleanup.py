"""Housekeeping for uploads: what was left alone for too long, and what crashes left behind, is erased."""

from __future__ import annotations

from sqlalchemy import delete, select

from records.database import Database
from records.models import UploadRow, UploadState, utcnow
from records.settings import Settings
from records.storage.contract import Storage, saying_what_failed
from records.uploads.partial_file import erase_partial, incoming_folder


def expire_uploads(db: Database, settings: Settings) -> int:
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
    _erase_abandoned(db, settings)
    return len(expired)


def erase_stray_files(db: Database, storage: Storage) -> int:
    """Erase stored uploads that no row knows: a crash came between storing and finding the selection erased.

    A row is always there before its file, so a file without one is stray. How many were erased.
    """
    listed = {}
    for key in storage.keys("selections/"):
        parts = key.split("/")
        if len(parts) == 4 and parts[2] == "uploads":  # the shape of storage_key()
            listed[parts[3]] = key
    with db.reading() as session:
        known = set(session.scalars(select(UploadRow.id)))
    stray = [key for upload_id, key in listed.items() if upload_id not in known]
    for key in stray:
        storage.delete(key)
    return len(stray)


def _erase_abandoned(db: Database, settings: Settings) -> None:
    """Erase files of uploads that are over or never were. Files are listed first: a row is there before its file."""
    folder = incoming_folder(settings)
    with saying_what_failed("look through the uploads"):
        names = [path.name for path in folder.iterdir() if path.is_file()]
    with db.reading() as session:
        receiving = set(session.scalars(select(UploadRow.id).where(UploadRow.state == UploadState.RECEIVING)))
    for name in names:
        if name not in receiving:
            erase_partial(settings, name)
