"""Pictures of several cycles in one booklet: earlier reviews of the same family by the same guider."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from pipeline.moments import FilmOf
from pipeline.outputs.kinds import find_kind, parse_recipe
from pipeline.prepared import EarlierWrong
from pipeline.print.recipes import CyclesRecipe, StillChoice, StillsRecipe
from records.effects import effects_of
from records.ledger.scheduling import Priority
from records.ledger.selections import all_moments_ready, lock_selection, queue_output, settle, stop_output
from records.models import ArtifactRow, SelectionRow, SelectionState

_WORDED_IN = ("booklet", "picture_notes")


def earlier_reviews(session: Session, selection: SelectionRow) -> Sequence[SelectionRow]:
    """Every review whose pictures may join in: ready, of this family's films, by this guider, and before this one."""
    query = select(SelectionRow).where(
        SelectionRow.family == selection.family,
        SelectionRow.guider.is_not_distinct_from(selection.guider),
        SelectionRow.id != selection.id,
        SelectionRow.state == SelectionState.READY,
        SelectionRow.visible,
    )
    found = [row for row in session.scalars(query) if _place(row) < _place(selection) and _is_of_family(row)]
    return sorted(found, key=_place) if _is_of_family(selection) else []


def find_earlier(session: Session, selection: SelectionRow, recipe: object) -> Sequence[SelectionRow]:
    """The reviews that a recipe names, in the order of their cycles. Raises: EarlierWrong."""
    if not isinstance(recipe, CyclesRecipe) or not recipe.earlier:
        return []
    found = [row for row in earlier_reviews(session, selection) if row.id in recipe.earlier]
    if len(found) != len(set(recipe.earlier)):
        raise EarlierWrong
    return found


def choices_in(row: SelectionRow) -> tuple[StillChoice, ...]:
    """What was chosen for its stills when its own booklet or notes were made."""
    for kind in _WORDED_IN:
        if kind in row.recipes:
            recipe = parse_recipe(find_kind(kind), row.recipes[kind])
            if isinstance(recipe, StillsRecipe) and recipe.stills:
                return recipe.stills
    return ()


def withdraw_from_later(session: Session, selection: SelectionRow, *, gone: bool) -> None:
    """Take out what later reviews made with pictures of this one.

    It is made again, without this review where that is ``gone`` or must not be seen for now.
    """
    others = select(SelectionRow.id).where(
        SelectionRow.family == selection.family, SelectionRow.id != selection.id, SelectionRow.visible
    )
    for other_id in session.scalars(others.order_by(SelectionRow.id)).all():
        if (other := lock_selection(session, other_id)) is None:
            continue
        kinds = [kind for kind, recipe in other.recipes.items() if selection.id in recipe.get("earlier", ())]
        for kind in kinds:
            files = (ArtifactRow.selection_id == other.id) & (ArtifactRow.kind == kind)
            effects_of(session).delete(session.scalars(select(ArtifactRow.storage_key).where(files)))
            session.execute(delete(ArtifactRow).where(files))
            if gone:
                left = [one for one in other.recipes[kind]["earlier"] if one != selection.id]
                other.recipes = {**other.recipes, kind: {**other.recipes[kind], "earlier": left}}
            if all_moments_ready(session, other):
                queue_output(session, other, kind, Priority.AWAITED_PACK)
            else:
                stop_output(session, other, kind)
        if kinds:
            settle(session, other)


def _place(row: SelectionRow) -> tuple[int, datetime]:
    return row.cycle, row.created_at


def _is_of_family(row: SelectionRow) -> bool:
    return str(row.shape.get("of", FilmOf.FAMILY_FILM)) == FilmOf.FAMILY_FILM
