"""Selections from their first word to their last: made, received, prepared, tried again.

Whatever changes the state of a selection locks its row first (lock_selection), so that changes come one after another.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Literal

from sqlalchemy import Select, delete, select, update
from sqlalchemy.orm import Session

from pipeline.moments import Clip, Selection, Still
from records.errors import SelectionGone
from records.ledger.jobs import MOMENT, add_job, queue_again
from records.ledger.scheduling import Priority
from records.models import (
    ArtifactRow,
    JobRow,
    JobState,
    MomentRow,
    MomentState,
    SelectionRow,
    SelectionState,
    UploadRow,
    utcnow,
)


def create_selection(
    session: Session,
    *,
    selection: Selection,
    cuts: Sequence[Clip | Still | None],
    film: dict[str, Any],
    preset: str,
    outputs: Sequence[str],
    whole_film: bool,
    recipes: dict[str, Any] | None = None,
    guider: str | None = None,
    review_on: date | None = None,
) -> SelectionRow:
    """A selection that awaits its bytes; see compose_selection()."""
    row = compose_selection(
        selection,
        cuts,
        film,
        preset,
        outputs,
        whole_film=whole_film,
        recipes=recipes,
        guider=guider,
        review_on=review_on,
    )
    session.add(row)
    session.flush()
    return row


def compose_selection(
    selection: Selection,
    cuts: Sequence[Clip | Still | None],
    film: dict[str, Any],
    preset: str,
    outputs: Sequence[str],
    *,
    whole_film: bool,
    recipes: dict[str, Any] | None = None,
    guider: str | None = None,
    review_on: date | None = None,
) -> SelectionRow:
    """The row of a new selection, not yet in the database, with one moment row for each clip and then each still.

    ``cuts`` holds, in the same order, each moment on the clock of its own upload; None where it is the film's clock.
    """
    moments = [*selection.clips, *selection.stills]
    if len(cuts) != len(moments):
        raise ValueError(f"{len(cuts)} cuts for {len(moments)} moments")
    row = SelectionRow(
        family=selection.family,
        cycle=selection.cycle,
        preset=preset,
        shape=selection.model_dump(mode="json"),
        film=film,
        outputs=list(dict.fromkeys(outputs)),
        recipes=recipes or {},
        whole_film=whole_film,
        guider=guider,
        review_on=review_on,
    )
    for position, (moment, cut) in enumerate(zip(moments, cuts, strict=True)):
        row.moments.append(
            MomentRow(
                position=position,
                kind="clip" if isinstance(moment, Clip) else "still",
                moment=moment.model_dump(mode="json"),
                cut=None if cut is None else _times(cut),
            )
        )
    return row


def _times(moment: Clip | Still) -> dict[str, int]:
    if isinstance(moment, Clip):
        return {"in": moment.in_ms, "out": moment.out_ms}
    return {"at": moment.at_ms}


def lock_selection(session: Session, selection_id: str) -> SelectionRow | None:
    """The selection, held until the transaction ends; None where there is none or it is being erased."""
    query = select(SelectionRow).where(SelectionRow.id == selection_id, SelectionRow.erasing_at.is_(None))
    return session.scalars(query.with_for_update().execution_options(populate_existing=True)).one_or_none()


def upload_completed(session: Session, upload: UploadRow) -> list[str]:
    """Attach a complete upload to the moments that await it and add their jobs; the jobs' ids, to be sent after commit.

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
    priority = Priority.WHOLE_FILM if selection.whole_film else Priority.MOMENT
    job_ids = []
    for moment in session.scalars(awaiting.order_by(MomentRow.position)).all():
        moment.upload_id = upload.id
        upload.starts_ms = starts_ms(moment) if upload.moment_id else 0
        moment.state = MomentState.QUEUED
        job_ids.append(add_job(session, MOMENT, selection, moment.id, priority).id)
    settle(session, selection)
    return job_ids


def shown_kind(moment: MomentRow, file: ArtifactRow) -> Literal["clip", "still", "sound"]:
    """What a finished moment is: a clip of a recording without a picture is a sound."""
    if moment.kind == "still":
        return "still"
    return "sound" if file.media_type.startswith("audio/") else "clip"


def has_picture(selection: SelectionRow) -> bool:
    """Whether the film shows anything: as workers found it, and until then as the page said."""
    found = [moment.facts for moment in selection.moments if moment.facts]
    if found:
        return any(facts.get("width_px") for facts in found)
    return bool(selection.film.get("picture", True))


def starts_ms(moment: MomentRow) -> int:
    """Where on the film's clock the 0 of the moment's own upload lies."""
    first = "in" if moment.kind == "clip" else "at"
    return int(moment.moment[first]) - int((moment.cut or moment.moment)[first])


def moment_finished(
    session: Session, selection: SelectionRow, moment: MomentRow, facts: dict[str, Any] | None
) -> list[str]:
    """Mark a moment ready; when it was the last, add the jobs of the outputs. Their ids, to be sent after commit.

    The caller holds the selection (lock_selection).
    """
    moment.state = MomentState.READY
    moment.facts = facts
    session.flush()
    job_ids = []
    if all_moments_ready(session, selection):
        # Whoever sent a whole film did not stay to watch; whoever sent moments from her desk waits for the pack.
        priority = Priority.LATER if selection.whole_film else Priority.AWAITED_PACK
        job_ids = [queue_output(session, selection, kind, priority) for kind in kinds_of(selection)]
    settle(session, selection)
    return job_ids


def all_moments_ready(session: Session, selection: SelectionRow) -> bool:
    """Whether the outputs of a selection can be made."""
    others = select(MomentRow.id).where(MomentRow.selection_id == selection.id, MomentRow.state != MomentState.READY)
    return session.scalars(others.limit(1)).first() is None


def kinds_of(selection: SelectionRow) -> list[str]:
    """Every kind to make of a selection: those asked for at its beginning, then those asked for afterwards."""
    return list(dict.fromkeys([*selection.outputs, *selection.recipes]))


def queue_output(session: Session, selection: SelectionRow, kind: str, priority: Priority) -> str:
    """Have an output made, or made anew; the id of its job, to be sent after commit.

    An attempt that is under way loses its lease: what it was making is no longer wanted. What was made before stays
    until the new one is finished; what IT holds stays on hold. The caller holds the selection (lock_selection).
    """
    there: JobRow | None = session.scalars(_outputs_of(selection).where(JobRow.kind == kind)).one_or_none()
    if there is None:
        return add_job(session, kind, selection, priority=priority).id
    if there.state != JobState.HELD:
        queue_again(there)
        there.priority = priority
    return there.id


def ask_for_output(session: Session, selection_id: str, kind: str, recipe: dict[str, Any]) -> list[str]:
    """Note what was chosen for a kind, and have it made as soon as every moment is ready; jobs to be sent after commit.

    What was made before goes at once where it may show another selection that is no longer named: recipes alone tell
    what shows a selection that is to be seen no more. Its bytes are swept.
    Raises: SelectionGone.
    """
    selection = lock_selection(session, selection_id)
    if selection is None:
        raise SelectionGone(selection_id)
    if _others_named(selection.recipes.get(kind, {})) - _others_named(recipe):
        session.execute(delete(ArtifactRow).where(ArtifactRow.selection_id == selection_id, ArtifactRow.kind == kind))
    selection.recipes = {**selection.recipes, kind: recipe}
    ready = all_moments_ready(session, selection)
    if not ready:
        stop_output(session, selection, kind)
    job_ids = [queue_output(session, selection, kind, Priority.AWAITED_PACK)] if ready else []
    settle(session, selection)
    return job_ids


def stop_output(session: Session, selection: SelectionRow, kind: str) -> None:
    """Take the right to hand in from whoever is at work on an output; it is made anew when every moment is ready."""
    at_work = (JobRow.kind == kind) & (JobRow.state == JobState.RUNNING)
    session.execute(delete(JobRow).where(JobRow.selection_id == selection.id, JobRow.moment_id.is_(None), at_work))


def _others_named(recipe: dict[str, Any]) -> set[str]:
    """The other selections whose moments an output shows."""
    return {*recipe.get("earlier", ()), recipe.get("companion", "")} - {""}


def _outputs_of(selection: SelectionRow) -> Select[JobRow]:
    return select(JobRow).where(JobRow.selection_id == selection.id, JobRow.moment_id.is_(None))


def settle(session: Session, selection: SelectionRow) -> None:
    """Bring the selection's state in line with its moments and outputs.

    A review that was ready stays so while an output is made anew with other choices: what was made before is there.
    """
    session.flush()
    was_ready = selection.state == SelectionState.READY
    moments = set(session.scalars(select(MomentRow.state).where(MomentRow.selection_id == selection.id)))
    awaited = _outputs_of(selection).where(JobRow.kind.in_(selection.outputs))
    outputs = set(session.scalars(awaited.with_only_columns(JobRow.state)))
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


def retry_selection(session: Session, selection_id: str) -> list[str]:
    """Queue failed and cancelled jobs again, with all their attempts; their ids, to be sent after commit.

    Raises: SelectionGone.
    """
    selection = lock_selection(session, selection_id)
    if selection is None:
        raise SelectionGone(selection_id)
    ended = select(JobRow).where(
        JobRow.selection_id == selection_id, JobRow.state.in_([JobState.FAILED, JobState.CANCELLED])
    )
    job_ids = []
    for job in session.scalars(ended.order_by(JobRow.priority, JobRow.created_at)).all():
        queue_again(job)
        if job.moment_id is not None:
            session.execute(update(MomentRow).where(MomentRow.id == job.moment_id).values(state=MomentState.QUEUED))
        job_ids.append(job.id)
    session.flush()
    settle(session, selection)
    return job_ids
