"""What was made before something that it shows was changed.

Whoever changes what an output shows marks it in the same transaction: what is there stays, says what it lacks, and is
made again when somebody asks. What a worker is just making loses its lease, so that nothing is finished from then on
that holds what was there before.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy.orm import Session

from pipeline.outputs.kinds import KINDS
from pipeline.written import Written
from records.ledger.jobs import queue_again
from records.ledger.outputs import job_of, outputs_of, outputs_showing
from records.ledger.selections import settle
from records.models import JobState, OutputRow, SelectionRow


def mark_made_before(
    session: Session, selection: SelectionRow, changed: Collection[Written], moment_kind: str | None = None
) -> None:
    """Mark every output, of any selection, that shows of this one what was ``changed``; where that is of moments of one
    kind, only what shows such.

    The caller holds the whole family (records.ledger.selections.lock_family).
    """
    for output in _showing(session, selection):
        kind = KINDS.get(output.kind)
        if kind is None or (moment_kind and not kind.shows_moment(moment_kind)):
            continue
        lacking = kind.shown_with(output.recipe) & set(changed)
        if not lacking:
            continue
        if output.made_at is not None:
            output.made_before = tuple(one for one in Written if one in {*output.made_before, *lacking})
        job = job_of(session, output)
        if job is not None and job.state == JobState.RUNNING:
            queue_again(session, job)
            settle(session, output.selection)


def _showing(session: Session, selection: SelectionRow) -> list[OutputRow]:
    own = outputs_of(session, selection.id)
    return [*own, *(one for one in outputs_showing(session, selection_id=selection.id) if one not in own)]
