"""Saying who can be seen or heard in a moment, where that is not everybody of the family."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from records.actions.record_consents import find_person
from records.audit.actions import Action
from records.audit.actor import Actor
from records.audit.log import note
from records.documents import FamilyPerson
from records.errors import MomentGone, SelectionGone
from records.ledger.selections import lock_selection
from records.models import FamilyRow, MomentRow


def set_people_seen(
    session: Session, who: Actor, selection_id: str, moment_id: str, people: Sequence[FamilyPerson] | None
) -> None:
    """From now on these can be seen or heard in it; None: everybody of the family.

    Raises: SelectionGone, MomentGone.
    """
    selection = lock_selection(session, selection_id)
    if selection is None:
        raise SelectionGone(selection_id)
    moment = session.get(MomentRow, moment_id)
    if moment is None or moment.selection_id != selection_id:
        raise MomentGone(moment_id)
    family = session.get_one(FamilyRow, selection.family_id, with_for_update=True)
    moment.people = None if people is None else tuple(find_person(family, person).id for person in people)
    note(session, who, Action.SET_PEOPLE_SEEN, selection_id=selection_id, moment_id=moment_id)
