"""Asking for an output of a selection, for another recipe of one, and again for what was made before a correction."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from pipeline.outputs.kinds import find_kind
from pipeline.purposes import Purpose
from records.consent.uses import require_made
from records.errors import SelectionGone
from records.ledger.outputs import choose_recipe, job_of, outputs_of, queue_output, stop_output
from records.ledger.scheduling import Priority
from records.ledger.selections import all_moments_ready, lock_selection, settle
from records.models import JobState


def ask_for_output(
    session: Session, selection_id: str, kind: str, recipe: dict[str, Any], purpose: Purpose | None = None
) -> None:
    """Note what was chosen for a kind, and have it made as soon as every moment is ready.

    Without a purpose it is for what such a kind is usually for.

    What was made before goes at once where it may show another selection that is no longer named.
    Raises: SelectionGone, PurposeWrong.
    """
    selection = lock_selection(session, selection_id)
    if selection is None:
        raise SelectionGone(selection_id)
    output = choose_recipe(session, selection, kind, recipe, find_kind(kind).purpose_of(selection.shape.of, purpose))
    if all_moments_ready(session, selection):
        queue_output(session, selection, output, Priority.AWAITED_PACK)
    else:
        stop_output(session, output)
    settle(session, selection)


def make_stale_again(session: Session, selection_id: str) -> None:
    """Have everything made again that was made before something in it was changed, as it was chosen and for what it is.

    Raises: SelectionGone, ConsentMissing.
    """
    selection = lock_selection(session, selection_id)
    if selection is None:
        raise SelectionGone(selection_id)
    if not all_moments_ready(session, selection):
        return  # with the last of them everything is made again
    for output in outputs_of(session, selection_id):
        job = job_of(session, output)
        if output.made_before and (job is None or job.state not in {JobState.QUEUED, JobState.RUNNING, JobState.HELD}):
            require_made(session, output)
            queue_output(session, selection, output, Priority.AWAITED_PACK)
    settle(session, selection)
