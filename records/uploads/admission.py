"""Back-pressure: nothing new is taken while the disk or the queue is over its mark, so that what was taken ends well.

What is under way is never refused for the queue's sake: a begun upload goes on, and its jobs are added. A full disk
stops begun uploads too, between two chunks; they go on where they were.

Room is reserved by an upload's first byte. An announcement reserves none: whoever announces a large film four times and
sends nothing keeps nobody else from sending.
"""

from __future__ import annotations

import shutil
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from records.errors import NoRoom, QueueFull
from records.ledger.scheduling import is_due
from records.models import JobRow, UploadRow, UploadState, utcnow
from records.settings import Settings
from records.uploads.partial_file import incoming_folder

RESERVED_FOR = timedelta(hours=1)
"""How long room is kept for an upload after its latest byte."""


def check_queue(session: Session, settings: Settings) -> None:
    """Nothing, while fewer jobs wait than the mark. Raises: QueueFull."""
    most = settings.most_waiting_jobs
    waiting = select(JobRow.id).where(*is_due(JobRow, utcnow())).limit(most).subquery()
    if (session.scalar(select(func.count()).select_from(waiting)) or 0) >= most:
        raise QueueFull(f"{most} jobs wait")


def check_room(settings: Settings, coming_bytes: int = 0) -> None:
    """Nothing, if so many bytes leave enough free on the disk that receives uploads. Raises: NoRoom."""
    free_bytes = shutil.disk_usage(incoming_folder(settings)).free
    if free_bytes - coming_bytes < settings.min_free_bytes:
        raise NoRoom(f"{free_bytes} bytes free, {coming_bytes} to come, {settings.min_free_bytes} to keep")


def reserved_bytes(session: Session, settings: Settings, *, besides: str = "") -> int:
    """How much the begun uploads still have to send, but for the one of this id."""
    still_sending = utcnow() + timedelta(seconds=settings.upload_expiry_s) - RESERVED_FOR
    reserved = session.scalar(
        select(func.sum(UploadRow.length_bytes - UploadRow.offset_bytes)).where(
            UploadRow.state == UploadState.RECEIVING,
            UploadRow.offset_bytes > 0,
            UploadRow.expires_at > still_sending,
            UploadRow.id != besides,
        )
    )
    return int(reserved or 0)
