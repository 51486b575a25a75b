"""Asking for an output of a selection, or for another recipe of one."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from pipeline.outputs.kinds import find_kind
from pipeline.purposes import Purpose
from records.errors import SelectionGone
from records.ledger.outputs import choose_recipe, queue_output, stop_output
from records.ledger.scheduling import Priority
from records.ledger.selections import all_moments_ready, lock_selection, settle


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
