"""Other selections that an output may show: earlier reviews, and the other film of the same cycle.

One rule for both: they are of the same family, and the caller may see them. Where several share one account, nobody
knows who of them works with whom, so that there they were sent by the same guider, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from pipeline.moments import FilmOf
from pipeline.outputs.kinds import find_kind, parse_recipe
from pipeline.pack.companion import WithCompanion
from pipeline.prepared import CompanionWrong, EarlierWrong, check_companion
from pipeline.print.recipes import CyclesRecipe, StillChoice, StillsRecipe
from records.accounts.principal import SERVICE, SHARED_GUIDER_ACCOUNT, Principal
from records.families.access import may_see
from records.ledger.outputs import outputs_of
from records.ledger.selections import all_moments_ready
from records.models import FamilyRow, SelectionRow, SelectionState

_WORDED_IN = ("booklet", "picture_notes")


def earlier_reviews(session: Session, selection: SelectionRow, who: Principal) -> Sequence[SelectionRow]:
    """Every review whose pictures may join in: ready, of this family's films, and before this one."""
    query = _of_family(selection).where(may_see(who), SelectionRow.state == SelectionState.READY)
    found = [row for row in session.scalars(query) if _place(row) < _place(selection) and _is_of_family(row)]
    return sorted(found, key=_place) if _is_of_family(selection) else []


def find_earlier(session: Session, selection: SelectionRow, recipe: object) -> Sequence[SelectionRow]:
    """The reviews that a recipe names, in the order of their cycles. Raises: EarlierWrong."""
    if not isinstance(recipe, CyclesRecipe) or not recipe.earlier:
        return []
    found = [row for row in earlier_reviews(session, selection, SERVICE) if row.id in recipe.earlier]
    if len(found) != len(set(recipe.earlier)):
        raise EarlierWrong
    return found


def companions(session: Session, selection: SelectionRow, who: Principal) -> Sequence[SelectionRow]:
    """Every selection of the other film of the same family and cycle, the newest first, ready or not."""
    query = _of_family(selection).where(may_see(who), SelectionRow.cycle == selection.cycle)
    rows = session.scalars(query.order_by(SelectionRow.created_at.desc(), SelectionRow.id))
    return [row for row in rows if _is_of_family(row) != _is_of_family(selection)]


def find_companion(session: Session, selection: SelectionRow, recipe: object) -> SelectionRow | None:
    """The selection of the other film that a recipe names; None where it names none.

    Raises: CompanionWrong where the family has none of that name, it is not of the other film of the same cycle, or is
    not all ready.
    """
    if not isinstance(recipe, WithCompanion) or not recipe.companion:
        return None
    query = _of_family(selection).where(SelectionRow.id == recipe.companion)
    other = session.scalars(query).one_or_none()
    if other is None:
        sentence = "The moments of the other film are not here any more, or not sent by you. Choose others, or none."
        raise CompanionWrong(sentence, for_guider=sentence)
    check_companion(selection.shape, other.shape)
    if not all_moments_ready(session, other):
        sentence = "The moments of the other film are not all ready yet. Please wait for them, and ask again."
        raise CompanionWrong(sentence, for_guider=sentence)
    return other


def choices_in(session: Session, selection_id: str) -> tuple[StillChoice, ...]:
    """What was chosen for the stills of a selection when its own booklet or notes were made."""
    chosen: dict[str, Mapping[str, Any]] = {output.kind: output.recipe for output in outputs_of(session, selection_id)}
    for kind in _WORDED_IN:
        recipe = parse_recipe(find_kind(kind), chosen.get(kind, {}))
        if isinstance(recipe, StillsRecipe) and recipe.stills:
            return recipe.stills
    return ()


def _of_family(selection: SelectionRow) -> Select[SelectionRow]:
    a_person_s = select(FamilyRow.id).where(
        FamilyRow.id == SelectionRow.family_id, FamilyRow.owner_account_id != SHARED_GUIDER_ACCOUNT
    )
    return select(SelectionRow).where(
        SelectionRow.family_id == selection.family_id,
        or_(SelectionRow.guider.is_not_distinct_from(selection.guider), a_person_s.exists()),
        SelectionRow.id != selection.id,
        SelectionRow.visible,
    )


def _place(row: SelectionRow) -> tuple[int, datetime]:
    return row.cycle, row.created_at


def _is_of_family(row: SelectionRow) -> bool:
    return row.shape.of == FilmOf.FAMILY_FILM
