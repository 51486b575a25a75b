"""Back-pressure: nothing new is taken while the disk or the queue is over its mark, so that what was taken ends well.

What is under way is never refused for the queue's sake: a begun upload goes on, and its jobs are added. A full disk
stops begun uploads too, between two chunks; they go on where they were.

Room is reserved by an upload's first byte. An announcement reserves none: a guider who announces a large film four
times and sends nothing keeps nobody else from sending.
"""

from __future__ import annotations

import shutil
from datetime import timedelta

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import Session

from records.errors import NoRoom, QueueFull, TooMuchBegun, TooMuchPromised
from records.ledger.scheduling import is_due
from records.models import JobRow, SelectionRow, SelectionState, UploadRow, UploadState, utcnow
from records.retention_policy.policy import policy_of
from records.settings import Settings
from records.uploads.partial_file import incoming_folder

RESERVED_FOR = timedelta(hours=1)
"""How long room is kept for an upload after its latest byte."""
COUNTED_FOR = timedelta(days=1)
"""How long what somebody announced and did not send counts as open: then it keeps them from nothing any more."""


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
    still_sending = policy_of(settings).sources.receiving.after(utcnow()) - RESERVED_FOR
    reserved = session.scalar(
        select(func.sum(UploadRow.length_bytes - UploadRow.offset_bytes)).where(
            UploadRow.state == UploadState.RECEIVING,
            UploadRow.offset_bytes > 0,
            UploadRow.expires_at > still_sending,
            UploadRow.id != besides,
        )
    )
    return int(reserved or 0)


def check_begun(session: Session, settings: Settings, person: str | None) -> None:
    """Nothing, while this person has begun fewer selections without a byte than the mark. Raises: TooMuchBegun."""
    if person is None:
        return
    has_bytes = exists().where(UploadRow.selection_id == SelectionRow.id, UploadRow.offset_bytes > 0)
    waiting = select(func.count()).where(
        SelectionRow.begun_by == person,
        SelectionRow.created_at > utcnow() - COUNTED_FOR,
        SelectionRow.state == SelectionState.RECEIVING,
        SelectionRow.visible,
        ~has_bytes,
    )
    if (session.scalar(waiting) or 0) >= settings.most_begun_selections:
        raise TooMuchBegun


def check_promised(session: Session, settings: Settings, selection_id: str, moment_id: str | None, more: int) -> None:
    """Nothing, if the person who began this selection may announce so many bytes more. Raises: TooMuchPromised.

    What is announced again, as when an answer was lost, counts once.
    """
    person = select(SelectionRow.begun_by).where(SelectionRow.id == selection_id).scalar_subquery()
    moved_since = policy_of(settings).sources.receiving.after(utcnow()) - COUNTED_FOR
    promised = (
        select(func.max(UploadRow.length_bytes - UploadRow.offset_bytes).label("bytes"))
        .join(SelectionRow, SelectionRow.id == UploadRow.selection_id)
        .where(
            SelectionRow.begun_by == person,
            UploadRow.state == UploadState.RECEIVING,
            UploadRow.expires_at > moved_since,
            or_(UploadRow.selection_id != selection_id, func.coalesce(UploadRow.moment_id, "") != (moment_id or "")),
        )
        .group_by(UploadRow.selection_id, UploadRow.moment_id)
        .subquery()
    )
    if int(session.scalar(select(func.sum(promised.c.bytes))) or 0) + more > settings.most_promised_bytes:
        raise TooMuchPromised
