"""Asking for an output of a selection, or for another recipe of one."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from records.errors import SelectionGone
from records.ledger.scheduling import Priority
from records.ledger.selections import all_moments_ready, lock_selection, queue_output, settle, stop_output
from records.models import ArtifactRow


def ask_for_output(session: Session, selection_id: str, kind: str, recipe: dict[str, Any]) -> None:
    """Note what was chosen for a kind, and have it made as soon as every moment is ready.

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
    if ready:
        queue_output(session, selection, kind, Priority.AWAITED_PACK)
    settle(session, selection)


def _others_named(recipe: dict[str, Any]) -> set[str]:
    """The other selections whose moments an output shows."""
    return {*recipe.get("earlier", ()), recipe.get("companion", "")} - {""}
