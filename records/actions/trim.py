"""Other ends for a moment that was prepared, within what was sent of the film: it is prepared again, and the packs too.

What was made before stays until the new one is finished, and is then replaced in one transaction
(records/actions/complete_job.py); the bytes it leaves behind go at once, or with the next sweep where a crash came
between.
"""

from __future__ import annotations

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from pipeline.errors import SelectionInvalid
from pipeline.moments import Clip, check_clip_lengths
from records.database import Database
from records.documents import ClipTimes, StillTimes, at_times, times_of
from records.errors import MomentBusy, MomentGone, SecondsNotSent, SelectionGone
from records.ledger.jobs import queue_again
from records.ledger.moment_order import write_shape
from records.ledger.selections import Held, held_for, lock_family, require_source, settle, starts_ms
from records.models import JobRow, MomentRow, MomentState, UploadRow

Ends = ClipTimes | StillTimes
ROUNDING_MS = 2
"""Both clocks are rounded down, so that the same end may differ by a millisecond or two."""


def note_held(db: Database, upload_id: str, held_ms: int) -> None:
    """Note up to where on an upload's own clock no picture is missing."""
    with db.session() as session:
        session.execute(update(UploadRow).where(UploadRow.id == upload_id).values(held_ms=held_ms))


def trim_moment(session: Session, selection_id: str, moment_id: str, ends: Ends, own: Ends | None) -> bool:
    """Prepare a moment again from ``ends`` on the film's clock; the ids of its job, to be sent after commit.

    ``own`` is the same on the clock of the moment's upload. Without it the ends are taken for times of frames, of which
    the film's clock is known within a millisecond. Asking for the ends it has changes nothing.
    Raises: SelectionGone, MomentGone, MomentBusy, SourceErased, SecondsNotSent, SelectionInvalid.
    """
    selection = lock_family(session, selection_id)  # hiding anew follows, and takes back what others show
    if selection is None:
        raise SelectionGone(selection_id)
    moment = session.get(MomentRow, moment_id)
    if moment is None or moment.selection_id != selection_id:
        raise MomentGone(moment_id)
    before = times_of(moment.moment)
    if type(ends) is not type(before):
        sentence = "A clip has a start and an end, a still has one time."
        raise SelectionInvalid(sentence, for_guider=sentence)
    job = session.scalars(select(JobRow).where(JobRow.moment_id == moment_id)).one_or_none()
    if job is None or moment.state not in {MomentState.READY, MomentState.FAILED, MomentState.UNCONFIRMED}:
        raise MomentBusy(moment.state)
    require_source(moment)
    cut = _on_own_clock(moment, session.get(UploadRow, moment.upload_id), ends, own)
    if moment.state == MomentState.READY and ends == before:
        return False
    moment.moment = at_times(moment.moment, ends)
    if isinstance(moment.moment, Clip):
        check_clip_lengths([moment.moment])
    moment.cut = None if moment.cut is None else cut
    moment.state = MomentState.QUEUED
    write_shape(selection)
    queue_again(session, job)
    settle(session, selection)
    return True


def _on_own_clock(moment: MomentRow, upload: UploadRow | None, ends: Ends, own: Ends | None) -> Ends:
    held = held_for(moment, upload) or _as_asked_before(moment)
    if own is None:
        if ends.first_ms < held.from_ms or ends.end_ms > held.to_ms:
            raise SecondsNotSent(f"{ends} is not within {held}")
        # A frame that begins at an end may begin up to two milliseconds sooner on the other clock; hardly another one
        # begins between.
        early_ms = 0 if moment.cut is None else 1
        return ends.shifted(-held.from_ms - early_ms)
    if any(abs(own_ms + held.from_ms - ms) > ROUNDING_MS for (_, own_ms), (_, ms) in zip(own, ends, strict=True)):
        sentence = "The two clocks do not agree on these ends. Please reload the page."
        raise SelectionInvalid(sentence, for_guider=sentence)
    if own.end_ms > held.to_ms - held.from_ms:
        raise SecondsNotSent(f"{own} ends after {held}")
    return own


def _as_asked_before(moment: MomentRow) -> Held:
    """What was asked for before is all that is known to be there."""
    return Held(starts_ms(moment), times_of(moment.moment).end_ms)
