"""An upload while one request writes to it."""

from __future__ import annotations

from sqlalchemy import update

from records.database import Database
from records.models import UploadRow, UploadState, utcnow
from records.retention_policy.periods import Period
from records.uploads.errors import TakenOver, UploadMissing, UploadTooLarge
from records.uploads.partial_file import Partial


class UploadWriter:
    """An upload that this request alone may write. ``offset_bytes`` counts what is saved."""

    def __init__(self, db: Database, expiry: Period, row: UploadRow, holder: str, partial: Partial) -> None:
        self._db = db
        self._expiry = expiry
        self._partial = partial
        self._holder = holder
        self.id = row.id
        self.length_bytes = row.length_bytes
        self.offset_bytes = row.offset_bytes
        self.unsaved_bytes = 0

    def write(self, data: bytes | bytearray) -> None:
        """Append, not yet saved. Raises: UploadTooLarge, NoRoom, StorageUnavailable."""
        if self.offset_bytes + self.unsaved_bytes + len(data) > self.length_bytes:
            raise UploadTooLarge(
                f"more than the {self.length_bytes} bytes announced",
                for_guider="More was sent than was announced. Start this upload again.",
            )
        self._partial.write(data)
        self.unsaved_bytes += len(data)

    def save(self) -> None:
        """Sync what was written, then raise the offset.

        Raises: UploadMissing if it was erased meanwhile; TakenOver, although it is saved, if more is to come.
        """
        if self.unsaved_bytes:
            self._partial.sync()
        after = self.offset_bytes + self.unsaved_bytes
        with self._db.session() as session:
            saved = session.execute(
                update(UploadRow)
                .where(
                    UploadRow.id == self.id,
                    UploadRow.state == UploadState.RECEIVING,
                    UploadRow.offset_bytes == self.offset_bytes,
                )
                .values(offset_bytes=after, expires_at=self._expiry.after(utcnow()))
                .returning(UploadRow.holder)
            ).one_or_none()
        if saved is None:
            raise UploadMissing
        self.offset_bytes, self.unsaved_bytes = after, 0
        if saved.holder != self._holder and after < self.length_bytes:
            raise TakenOver

    def forget_unsaved(self) -> None:
        """Cut off what was written since the last save."""
        self._partial.cut_to(self.offset_bytes)
        self.unsaved_bytes = 0

    def close(self) -> None:
        """Let the next request write."""
        self._partial.close()
