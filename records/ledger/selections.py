"""Selections from their first word to their last: made, received, prepared, tried again.

Whatever changes the state of a selection locks its row first (lock_selection), so that changes come one after another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from pipeline.drawings import Drawing, within_clip
from records.documents import MomentFacts, times_of
from records.errors import SelectionGone, SourceErased
from records.ledger.jobs import MOMENT, add_job, queue_again
from records.ledger.outputs import outputs_of, queue_output
from records.ledger.scheduling import Priority, is_short
from records.models import (
    ArtifactRow,
    JobRow,
    JobState,
    MomentRow,
    MomentState,
    OutputRow,
    SelectionRow,
    SelectionState,
    UploadRow,
    utcnow,
)


def visible_selection(session: Session, selection_id: str) -> SelectionRow:
    """The selection, if it is there and not being erased; for whom is records/families/access.py's to say.

    Raises: SelectionGone.
    """
    selection = session.get(SelectionRow, selection_id)
    if selection is None or not selection.visible:
        raise SelectionGone(selection_id)
    return selection


def is_visible(session: Session, selection_id: str) -> bool:
    """Whether there is such a selection that is not being erased."""
    selection = session.get(SelectionRow, selection_id)
    return selection is not None and selection.visible


def lock_selection(session: Session, selection_id: str) -> SelectionRow | None:
    """The selection, held until the transaction ends; None where there is none or it is being erased."""
    query = select(SelectionRow).where(SelectionRow.id == selection_id, SelectionRow.visible)
    return session.scalars(query.with_for_update().execution_options(populate_existing=True)).one_or_none()


def lock_family(session: Session, selection_id: str) -> SelectionRow | None:
    """The selection, held together with every other of its family: what may show it neither begins nor ends meanwhile.

    All are held in one order, so that two who do this wait one after the other and never crosswise; a holder of one
    selection waits for no other. None as lock_selection().
    """
    family = select(SelectionRow.family_id).where(SelectionRow.id == selection_id).scalar_subquery()
    query = select(SelectionRow).where(SelectionRow.family_id == family).order_by(SelectionRow.id)
    held = session.scalars(query.with_for_update().execution_options(populate_existing=True)).all()
    return next((one for one in held if one.id == selection_id and one.visible), None)


def upload_completed(session: Session, upload: UploadRow) -> bool:
    """Attach a complete upload to the moments that await it and add their jobs; False where none awaits it.

    Called in the transaction that marks the upload complete; calling it twice adds nothing.
    Raises: SelectionGone; then the caller deletes the bytes.
    """
    session.flush()
    selection = lock_selection(session, upload.selection_id)
    if selection is None:
        raise SelectionGone(upload.selection_id)
    awaiting = select(MomentRow).where(
        MomentRow.selection_id == selection.id, MomentRow.state == MomentState.AWAITING_UPLOAD
    )
    if upload.moment_id is not None:
        awaiting = awaiting.where(MomentRow.id == upload.moment_id)
    moments = session.scalars(awaiting.order_by(MomentRow.position)).all()
    for moment in moments:
        moment.upload_id = upload.id
        upload.starts_ms = starts_ms(moment) if upload.moment_id else 0
        moment.state = MomentState.QUEUED
        add_job(session, MOMENT, selection, moment.id, _urgency(selection, moment, upload))
    settle(session, selection)
    return bool(moments)


def _urgency(selection: SelectionRow, moment: MomentRow, upload: UploadRow) -> Priority:
    if selection.whole_film:
        return Priority.WHOLE_FILM
    if moment.cut is None:
        return Priority.MOMENT
    told = selection.film.cuts.get(moment.position)
    span_ms = max((told and told.duration_ms) or 0, moment.cut.end_ms)
    return Priority.SHORT if is_short(moment.kind, upload.length_bytes, span_ms) else Priority.MOMENT


def shown_kind(moment: MomentRow, file: ArtifactRow) -> Literal["clip", "still", "sound"]:
    """What a finished moment is: a clip of a recording without a picture is a sound."""
    if moment.kind == "still":
        return "still"
    return "sound" if file.media_type.startswith("audio/") else "clip"


def has_picture(selection: SelectionRow) -> bool:
    """Whether the film shows anything: as workers found it, and until then as the page said."""
    found = [moment.facts for moment in selection.moments if moment.facts]
    if found:
        return any(facts.width_px for facts in found)
    return selection.film.picture


def facts_of(moment: MomentRow) -> MomentFacts:
    """What was found when a moment was prepared; only for one that was."""
    if moment.facts is None:
        raise ValueError(f"nothing is known of moment {moment.id}: it is {moment.state}")
    return moment.facts


def drawn_on(moment: MomentRow) -> tuple[Drawing, ...]:
    """What is drawn on a finished moment, with times from the start of a clip; only for one that was prepared.

    The file may be from before its ends were moved.
    """
    facts, drawings = facts_of(moment), moment.moment.drawings
    if facts.width_px is None:
        return ()
    return drawings if moment.kind == "still" else within_clip(drawings, facts.in_ms, facts.out_ms or facts.in_ms)


def require_source(moment: MomentRow) -> None:
    """Nothing, if the moment can be prepared again: its film is there, or is still to come. Raises: SourceErased."""
    if moment.upload_id is None and moment.state != MomentState.AWAITING_UPLOAD:
        raise SourceErased(moment.id)


def starts_ms(moment: MomentRow) -> int:
    """Where on the film's clock the 0 of the moment's own upload lies."""
    whole = times_of(moment.moment)
    return whole.first_ms - (moment.cut or whole).first_ms


def moment_finished(session: Session, selection: SelectionRow, moment: MomentRow, facts: MomentFacts | None) -> None:
    """Mark a moment ready; when it was the last, add the jobs of the outputs.

    The caller holds the selection (lock_selection).
    """
    moment.state = MomentState.READY
    moment.facts = facts
    session.flush()
    if all_moments_ready(session, selection):
        # The sender of a whole film did not stay to watch; one who sent moments from her desk waits for the pack.
        priority = Priority.LATER if selection.whole_film else Priority.AWAITED_PACK
        for output in outputs_of(session, selection.id):
            queue_output(session, selection, output, priority)
    settle(session, selection)


def all_moments_ready(session: Session, selection: SelectionRow) -> bool:
    """Whether the outputs of a selection can be made."""
    others = select(MomentRow.id).where(MomentRow.selection_id == selection.id, MomentRow.state != MomentState.READY)
    return session.scalars(others.limit(1)).first() is None


def settle(session: Session, selection: SelectionRow) -> None:
    """Bring the selection's state in line with its moments and outputs.

    A review that was ready stays so while an output is made anew with other choices: what was made before is there.
    """
    session.flush()
    was_ready = selection.state == SelectionState.READY
    moments = set(session.scalars(select(MomentRow.state).where(MomentRow.selection_id == selection.id)))
    awaited = select(OutputRow.kind).where(OutputRow.selection_id == selection.id, OutputRow.awaited)
    jobs = select(JobRow.state).where(JobRow.selection_id == selection.id, JobRow.moment_id.is_(None))
    outputs = set(session.scalars(jobs.where(JobRow.kind.in_(awaited))))
    if MomentState.FAILED in moments or outputs & {JobState.FAILED, JobState.CANCELLED}:
        state = SelectionState.FAILED
    elif MomentState.AWAITING_UPLOAD in moments:
        state = SelectionState.RECEIVING
    elif moments == {MomentState.READY} and (was_ready or outputs <= {JobState.DONE}):
        state = SelectionState.READY
    else:
        state = SelectionState.PREPARING
    if selection.state != state:
        selection.state = state
        selection.ready_at = utcnow() if state == SelectionState.READY else None
        session.flush()


def retry_selection(session: Session, selection_id: str) -> None:
    """Queue failed and cancelled jobs again, with all their attempts.

    Raises: SelectionGone, SourceErased.
    """
    selection = lock_selection(session, selection_id)
    if selection is None:
        raise SelectionGone(selection_id)
    ended = select(JobRow).where(
        JobRow.selection_id == selection_id, JobRow.state.in_([JobState.FAILED, JobState.CANCELLED])
    )
    for job in session.scalars(ended.order_by(JobRow.priority, JobRow.created_at)).all():
        if job.moment_id is not None:
            require_source(session.get_one(MomentRow, job.moment_id))
        queue_again(session, job)
        if job.moment_id is not None:
            session.execute(update(MomentRow).where(MomentRow.id == job.moment_id).values(state=MomentState.QUEUED))
    session.flush()
    settle(session, selection)


@dataclass(frozen=True)
class Held:
    """The stretch of the film's clock that the service holds for a moment, every picture of it."""

    from_ms: int
    to_ms: int


def held_for(moment: MomentRow, upload: UploadRow | None) -> Held | None:
    """What the service holds for a moment; None until a worker has looked into its upload."""
    if upload is None or upload.held_ms is None or upload.starts_ms is None:
        return None
    # What the moment was sent for is there, even where a worker could not be sure of its very last pictures.
    last_ms = max(upload.held_ms, (moment.cut or times_of(moment.moment)).end_ms)
    return Held(upload.starts_ms, upload.starts_ms + last_ms)
