"""Outputs of selections: what was chosen for each, the job that makes it, and what it shows.

``output_sources`` holds, before any byte of it is read, whatever a file of an output may show: the selections that its
recipe names from the transaction that chose it, and each moment and photograph from the transaction in which a worker
looked them up. So one join finds what shows a thing that is to be seen no more. Whoever changes an output or its
sources holds its selection (records.ledger.selections.lock_selection).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, func, insert, select
from sqlalchemy.orm import Session

from pipeline.purposes import Purpose
from records.documents import Recipe, recipe_of
from records.effects import effects_of
from records.ledger.jobs import WITHOUT_REASON, add_job, queue_again
from records.ledger.scheduling import Priority
from records.models import ArtifactRow, JobRow, JobState, OutputRow, OutputSourceRow, SelectionRow, utcnow


@dataclass(frozen=True)
class Source:
    """What an output shows: a moment or a photograph of a selection; with neither, a selection its recipe names."""

    selection_id: str
    moment_id: str = ""
    artwork_id: str = ""


def new_output(kind: str, chosen: Mapping[str, Any], position: int, purpose: Purpose, *, awaited: bool) -> OutputRow:
    """The row of an output, not yet in the database, with what its recipe names."""
    recipe = recipe_of(chosen)
    sources = [OutputSourceRow(selection_id=other) for other in sorted(named_in(recipe))]
    return OutputRow(kind=kind, recipe=recipe, position=position, purpose=purpose, awaited=awaited, sources=sources)


def named_in(recipe: Recipe) -> set[str]:
    """The other selections that a recipe names."""
    return {*recipe.get("earlier", ()), recipe.get("companion", "")} - {""}


def outputs_of(session: Session, selection_id: str) -> Sequence[OutputRow]:
    """The outputs of a selection, in the order in which they were asked for."""
    query = select(OutputRow).where(OutputRow.selection_id == selection_id).order_by(OutputRow.position)
    return session.scalars(query).all()


def find_output(session: Session, selection_id: str, kind: str) -> OutputRow | None:
    """The output of that kind."""
    query = select(OutputRow).where(OutputRow.selection_id == selection_id, OutputRow.kind == kind)
    return session.scalars(query.execution_options(populate_existing=True)).one_or_none()


def choose_recipe(
    session: Session, selection: SelectionRow, kind: str, chosen: Mapping[str, Any], purpose: Purpose
) -> OutputRow:
    """Note what was chosen for a kind and what it is for, from now on one of the selection's outputs.

    What was made before goes at once where it may show another selection that is no longer named.
    """
    output = find_output(session, selection.id, kind)
    if output is None:
        last = select(func.max(OutputRow.position)).where(OutputRow.selection_id == selection.id)
        highest = session.scalar(last)
        output = new_output(kind, chosen, 0 if highest is None else highest + 1, purpose, awaited=False)
        output.selection_id = selection.id
        session.add(output)
        session.flush()
        return output
    output.recipe, output.purpose = recipe_of(chosen), purpose
    shown = {one.selection_id for one in sources_of(session, output)} - {selection.id}
    if shown - named_in(output.recipe):
        take_back_files(session, output)
    note_sources(session, output, _named(output))
    return output


def queue_output(session: Session, selection: SelectionRow, output: OutputRow, priority: Priority) -> None:
    """Have an output made, or made anew.

    An attempt that is under way loses its lease: what it was making is no longer wanted. What was made before stays
    until the new one is finished; what IT holds stays on hold.
    """
    output.asked_at = utcnow()
    there = job_of(session, output)
    if there is None:
        add_job(session, output.kind, selection, priority=priority)
    elif there.state != JobState.HELD:
        queue_again(session, there)
        there.priority = priority


def stop_output(session: Session, output: OutputRow) -> None:
    """Take the right to hand in from the job at work on an output; it is made anew when every moment is ready."""
    session.execute(delete(JobRow).where(*_job_of(output), JobRow.state == JobState.RUNNING))


def drop_output(session: Session, output: OutputRow) -> None:
    """Leave nothing of an output: neither files, nor job, nor that it was asked for."""
    take_back_files(session, output)
    session.execute(delete(JobRow).where(*_job_of(output)))
    session.execute(delete(OutputRow).where(OutputRow.id == output.id))


def take_back_files(session: Session, output: OutputRow) -> None:
    """Leave nothing of what was made of an output; its recipe stays, and its job."""
    made = (ArtifactRow.selection_id == output.selection_id) & (ArtifactRow.kind == output.kind)
    made &= ArtifactRow.moment_id.is_(None)
    effects_of(session).delete(session.scalars(select(ArtifactRow.storage_key).where(made)))
    session.execute(delete(ArtifactRow).where(made))
    output.made_at = None
    output.made_before = ()
    _set_sources(session, output, _named(output))


def note_made(session: Session, output: OutputRow, sources: Iterable[Source]) -> None:
    """Note that an output was finished now, from nothing but ``sources``; what was made before is gone."""
    output.made_at = utcnow()
    output.made_before = ()
    _set_sources(session, output, {*sources, *_named(output)})


def note_sources(session: Session, output: OutputRow, sources: Iterable[Source]) -> None:
    """Note what an output is going to show, beside what it shows."""
    _set_sources(session, output, sources_of(session, output) | set(sources))


def sources_of(session: Session, output: OutputRow) -> set[Source]:
    """Everything that an output shows or is going to show."""
    columns = (OutputSourceRow.selection_id, OutputSourceRow.moment_id, OutputSourceRow.artwork_id)
    return {Source(*one) for one in session.execute(select(*columns).where(OutputSourceRow.output_id == output.id))}


def outputs_showing(session: Session, *, selection_id: str = "", artwork_id: str = "") -> Sequence[OutputRow]:
    """Every output that shows something of a selection or of one photograph, or is going to, of any selection."""
    shown = select(OutputSourceRow.output_id)
    if selection_id:
        shown = shown.where(OutputSourceRow.selection_id == selection_id)
    if artwork_id:
        shown = shown.where(OutputSourceRow.artwork_id == artwork_id)
    query = select(OutputRow).join(SelectionRow).where(OutputRow.id.in_(shown), SelectionRow.visible)
    return session.scalars(query.order_by(OutputRow.selection_id, OutputRow.position)).all()


def job_of(session: Session, output: OutputRow) -> JobRow | None:
    """The job that makes an output; None until every moment is ready."""
    return session.scalars(select(JobRow).options(*WITHOUT_REASON).where(*_job_of(output))).one_or_none()


def _job_of(output: OutputRow) -> tuple[ColumnElement[bool], ...]:
    return JobRow.selection_id == output.selection_id, JobRow.moment_id.is_(None), JobRow.kind == output.kind


def _named(output: OutputRow) -> set[Source]:
    return {Source(other) for other in named_in(output.recipe)}


def _set_sources(session: Session, output: OutputRow, sources: set[Source]) -> None:
    there = sources_of(session, output)
    for gone in there - sources:
        named = and_(*(getattr(OutputSourceRow, name) == value for name, value in asdict(gone).items()))
        session.execute(delete(OutputSourceRow).where(OutputSourceRow.output_id == output.id, named))
    if new := [{"output_id": output.id, **asdict(one)} for one in sources - there]:
        session.execute(insert(OutputSourceRow), new)
