"""Uploads: what is expected, how much of it is safely here, who may write, and what happens when the last byte is in.

The database holds the offset and the name of the request that may write; the file's lock
(records/uploads/partial_file.py) makes sure that it is the only one that does. The order that makes it safe for many
processes:

1. A request puts its name into ``holder``. Whoever writes looks there at every save, saves, and lets go of the file.
2. It waits for the file's lock, looks at the row again, and cuts the file to the recorded offset.
3. It writes, syncs, and only then raises the offset. A crash leaves bytes past the offset, which the next one cuts off.
4. With the last byte the file goes into storage, then one transaction completes the upload and adds the jobs.
   A crash in between leaves offset == length without completion: the next HEAD or PATCH, or recovery, does it again.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from records.database import Database
from records.errors import SelectionGone
from records.keys.errors import KeyGone
from records.ledger.selections import lock_selection, upload_completed
from records.models import MomentRow, MomentState, SelectionRow, UploadRow, UploadState, utcnow
from records.retention_policy.policy import policy_of
from records.settings import Settings
from records.storage.contract import StorageDamaged, StorageUnavailable, Stored
from records.storage.sealed import SealedStorage
from records.uploads.admission import check_promised, check_queue, check_room, reserved_bytes
from records.uploads.errors import (
    AlreadyUploaded,
    OffsetWrong,
    TakenOver,
    UploadEmpty,
    UploadExpired,
    UploadMissing,
    UploadTargetMissing,
    UploadTargetWrong,
    UploadTooLarge,
)
from records.uploads.partial_file import Partial, erase_partial, held_if_free, incoming_folder, partial_path, try_hold
from records.uploads.sealed_partial import sealed_partial
from records.uploads.writer import UploadWriter

RECOMMENDED_CHUNK_BYTES = 8 << 20
"""243 MB/s with a sync after each; 64 MiB reached 142."""


@dataclass(frozen=True)
class Upload:
    """An upload as the database knows it at one instant."""

    id: str
    selection_id: str
    moment_id: str | None
    length_bytes: int
    offset_bytes: int
    expires_at: datetime
    complete: bool

    @property
    def all_here(self) -> bool:
        """Every byte is safely on disk, whether or not it was handed on."""
        return self.offset_bytes == self.length_bytes


class Uploads:
    """All uploads of this service. May be used from many threads and processes."""

    def __init__(self, db: Database, storage: SealedStorage, settings: Settings) -> None:
        self._db = db
        self._storage = storage
        self._settings = settings
        self._expiry = policy_of(settings).sources.receiving

    def create(self, length_bytes: int, *, moment_id: str | None = None, selection_id: str | None = None) -> Upload:
        """A new upload for one moment, or for the whole film of a selection.

        Raises: UploadEmpty, UploadTooLarge, NoRoom, QueueFull, TooMuchPromised, UploadTargetMissing, UploadTargetWrong,
        AlreadyUploaded.
        """
        if length_bytes == 0:
            raise UploadEmpty
        if length_bytes > self._settings.max_upload_bytes:
            most = f"{self._settings.max_upload_bytes / 1e9:.1f} GB"
            raise UploadTooLarge(
                f"{length_bytes} bytes announced",
                for_guider=f"This film is larger than this service accepts ({most}). Send only the moments.",
            )
        with self._db.session() as session:
            row = UploadRow(
                selection_id=_target(session, moment_id, selection_id),
                moment_id=moment_id,
                length_bytes=length_bytes,
                expires_at=self._expiry.after(utcnow()),
            )
            check_room(self._settings, length_bytes + reserved_bytes(session, self._settings))
            check_queue(session, self._settings)
            check_promised(session, self._settings, row.selection_id, moment_id, length_bytes)
            session.add(row)
            session.flush()
            return _upload(row)

    def find(self, upload_id: str) -> Upload:
        """The upload as it stands. Raises: UploadMissing, UploadExpired."""
        with self._db.reading() as session:
            return _upload(_living(session, upload_id))

    def announce(self, upload_id: str, offset: int, holder: str) -> Upload:
        """Ask the present writer to let go, if the offset is right. Then call try_take() until it gives the file.

        Raises: UploadMissing, UploadExpired, OffsetWrong, NoRoom.
        """
        with self._db.session() as session:
            row = _living(session, upload_id, to_change=True)
            upload = _upload(row)
            if offset != upload.offset_bytes:
                raise OffsetWrong(f"offset {offset} was sent, {upload.offset_bytes} is next")
            if not session.get_one(SelectionRow, row.selection_id).visible:
                raise UploadMissing
            if not upload.all_here:
                begins = upload.offset_bytes == 0
                others = reserved_bytes(session, self._settings, besides=upload_id) if begins else 0
                check_room(self._settings, upload.length_bytes - upload.offset_bytes + others)
                row.holder = holder
        return upload

    def try_take(self, upload: Upload, holder: str) -> UploadWriter | None:
        """The upload ready to be written by this holder; None while somebody else has not let go. Close it in the end.

        Raises: UploadMissing, UploadExpired, OffsetWrong, TakenOver.
        """
        incoming_folder(self._settings)
        partial = try_hold(partial_path(self._settings, upload.id))
        if partial is None:
            self.check_holder(upload.id, holder)
            return None
        try:
            partial = self._sealed(upload, partial)
            row = self._look_again(upload, holder, partial)
        except BaseException:
            partial.close()
            raise
        return UploadWriter(self._db, self._expiry, row, holder, partial)

    def _sealed(self, upload: Upload, partial: Partial) -> Partial:
        """The held file, sealed with its selection's key. Raises: UploadMissing once that is destroyed."""
        try:
            return sealed_partial(partial, self._storage.selection_key(upload.selection_id))
        except KeyGone as error:
            erase_partial(self._settings, upload.id)
            raise UploadMissing from error

    def _look_again(self, upload: Upload, holder: str, partial: Partial) -> UploadRow:
        """The upload as it stands now that nobody else can write."""
        try:
            with self._db.session() as session:
                row = _living(session, upload.id, to_change=True)
                receiving = row.state == UploadState.RECEIVING
                if receiving and row.holder != holder:
                    raise TakenOver
                if receiving and partial.size() < row.offset_bytes:  # the file was lost; what is left proves nothing
                    row.offset_bytes = 0
        except UploadMissing:
            erase_partial(self._settings, upload.id)  # opening it may have made it anew
            raise
        if not receiving:  # it was handed on while we waited; opening the file may have made it anew
            erase_partial(self._settings, upload.id)
        if not receiving or row.offset_bytes != upload.offset_bytes:
            raise OffsetWrong(f"offset {upload.offset_bytes} was sent, {row.offset_bytes} is next")
        partial.cut_to(row.offset_bytes)
        return row

    def check_holder(self, upload_id: str, holder: str) -> None:
        """Nothing, while this holder may go on. Raises: UploadMissing, TakenOver."""
        with self._db.reading() as session:
            found = session.execute(select(UploadRow.holder).where(UploadRow.id == upload_id)).one_or_none()
        if found is None:
            raise UploadMissing
        if found.holder != holder:
            raise TakenOver

    def finish(self, upload: Upload) -> bool:
        """Hand a whole upload on, and add its jobs. False if somebody else holds it just now.

        Doing it again does no harm.
        Raises: UploadMissing, SelectionGone, AlreadyUploaded (by another upload), StorageUnavailable, NoRoom.
        """
        incoming_folder(self._settings)
        with held_if_free(partial_path(self._settings, upload.id)) as partial:
            if partial is None:
                return False
            self._finish_held(upload.id, partial)
            return True

    def _finish_held(self, upload_id: str, partial: Partial) -> None:
        try:
            upload = self.find(upload_id)
        except UploadMissing:
            erase_partial(self._settings, upload_id)
            raise
        if upload.complete:
            erase_partial(self._settings, upload_id)
            return
        with contextlib.closing(self._sealed(upload, partial)) as opened:
            self._store(upload, opened)

    def _store(self, upload: Upload, partial: Partial) -> None:
        upload_id = upload.id
        if partial.size() < upload.length_bytes:  # the file was lost; the sender begins again
            self._start_again(upload_id)
            raise OffsetWrong("the bytes that were here are gone")
        try:
            partial.cut_to(upload.length_bytes)
            stored = self._storage.put_stream(partial, upload.length_bytes, storage_key(upload))
        except StorageDamaged as error:
            self._start_again(upload_id)
            erase_partial(self._settings, upload_id)
            raise OffsetWrong("the bytes that were here are damaged") from error
        except KeyGone as error:  # its selection was erased meanwhile
            erase_partial(self._settings, upload_id)
            raise SelectionGone(upload.selection_id) from error
        if stored.bytes != upload.length_bytes:
            raise StorageUnavailable(f"{upload.length_bytes} bytes were received, {stored.bytes} stored")
        try:
            awaited = self._complete(upload, stored)
        except (UploadMissing, SelectionGone):
            self._storage.delete(stored.key)
            erase_partial(self._settings, upload_id)
            raise
        if not awaited:  # another upload was faster: nothing awaits these bytes
            self._storage.delete(stored.key)
        erase_partial(self._settings, upload_id)
        if not awaited:
            raise AlreadyUploaded

    def _complete(self, upload: Upload, stored: Stored) -> bool:
        with self._db.session() as session:
            if lock_selection(session, upload.selection_id) is None:
                raise SelectionGone(upload.selection_id)
            row = session.get(UploadRow, upload.id, with_for_update=True)
            if row is None:
                raise UploadMissing
            row.state, row.sha256, row.storage_key = UploadState.COMPLETE, stored.sha256, stored.key
            awaited = upload_completed(session, row)
            if not awaited:
                session.delete(row)
        return awaited

    def _start_again(self, upload_id: str) -> None:
        with self._db.session() as session:
            session.execute(
                update(UploadRow)
                .where(UploadRow.id == upload_id, UploadRow.state == UploadState.RECEIVING)
                .values(offset_bytes=0)
            )

    def terminate(self, upload_id: str) -> None:
        """Forget an unfinished upload and erase its bytes. Raises: UploadMissing, AlreadyUploaded."""
        with self._db.session() as session:
            row = session.get(UploadRow, upload_id, with_for_update=True)
            if row is None:
                raise UploadMissing
            if row.state == UploadState.COMPLETE:
                raise AlreadyUploaded(
                    "complete", for_guider="This film is already in use. Erase the selection it belongs to instead."
                )
            session.delete(row)
        erase_partial(self._settings, upload_id)

    def waiting_to_finish(self) -> list[Upload]:
        """Uploads whose bytes are all here and were not handed on: a crash or an outage came between."""
        with self._db.reading() as session:
            rows = session.scalars(
                select(UploadRow).where(
                    UploadRow.state == UploadState.RECEIVING, UploadRow.offset_bytes == UploadRow.length_bytes
                )
            )
            return [_upload(row) for row in rows]


def storage_key(upload: Upload) -> str:
    """Where a complete upload is stored."""
    return f"selections/{upload.selection_id}/uploads/{upload.id}"


def _target(session: Session, moment_id: str | None, selection_id: str | None) -> str:
    """The id of the selection that awaits this upload."""
    moment = None
    if moment_id is not None:
        moment = session.get(MomentRow, moment_id)
        selection_id = moment.selection_id if moment else None
    # Held against being erased until the upload's row stands; others may hold it so, too.
    held = {"read": True, "key_share": True}
    selection = session.get(SelectionRow, selection_id, with_for_update=held) if selection_id else None
    if selection is None or not selection.visible:
        raise UploadTargetMissing
    if selection.whole_film != (moment is None):
        raise UploadTargetWrong
    awaited = [moment] if moment else selection.moments
    if all(one.state != MomentState.AWAITING_UPLOAD for one in awaited):
        raise AlreadyUploaded
    return selection.id


def _living(session: Session, upload_id: str, *, to_change: bool = False) -> UploadRow:
    """The upload; held, if it is to be changed, or an erasure could take it away before that is written."""
    row = session.get(UploadRow, upload_id, with_for_update=to_change or None)
    if row is None:
        raise UploadMissing
    if row.state == UploadState.RECEIVING and row.offset_bytes < row.length_bytes and row.expires_at < utcnow():
        raise UploadExpired
    return row


def _upload(row: UploadRow) -> Upload:
    return Upload(
        id=row.id,
        selection_id=row.selection_id,
        moment_id=row.moment_id,
        length_bytes=row.length_bytes,
        offset_bytes=row.offset_bytes or 0,
        expires_at=row.expires_at,
        complete=row.state == UploadState.COMPLETE,
    )
