"""The people of a family, by role and initials at most, each under an id by which consents and moments name them."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from records.documents import MOST_PEOPLE, FamilyPeople, FamilyPerson
from records.errors import RecordsError
from records.models import ConsentRow, MomentRow, SelectionRow, new_id


class PersonNamed(RecordsError):
    """Somebody was to be left out of a family of whom something is recorded."""

    code = "person_named"

    def __init__(self, person: FamilyPerson) -> None:
        sentence = (
            f"The {person.title} stays with the family: it is recorded what they agreed to, or in which moments they "
            "can be seen. Write down in Who agreed what has changed."
        )
        super().__init__("somebody of whom something is recorded", for_guider=sentence)


class FamilyFull(RecordsError):
    """One person more than a family can have."""

    code = "family_full"
    for_guider = f"A family has {MOST_PEOPLE} people here at most. Take those who can be seen or heard in its films."


def add_person(there: FamilyPeople, person: FamilyPerson) -> FamilyPeople:
    """The people with one more, under an id that nobody had. Raises: FamilyFull."""
    if len(there) >= MOST_PEOPLE:
        raise FamilyFull
    return (*there, person.model_copy(update={"id": new_id()}))


def name_people(there: FamilyPeople, people: FamilyPeople, *, kept: Collection[str] = ()) -> FamilyPeople:
    """The people as they are to be, each with an id: the one it brings, else that of who had this role and initials.

    Raises: PersonNamed, where somebody of ``kept`` is left out.
    """
    free = {person.id: person for person in there}
    brought = [free.pop(person.id, None) for person in people]  # who brings an id keeps it, before anybody is matched
    named: list[FamilyPerson] = []
    for person, had in zip(people, brought, strict=True):
        same = (one.id for one in free.values() if (one.role, one.initials) == (person.role, person.initials))
        found = had.id if had else next(same, "")
        free.pop(found, None)
        named.append(person.model_copy(update={"id": found or new_id()}))
    if gone := [person for person in free.values() if person.id in kept]:
        raise PersonNamed(gone[0])
    return tuple(named)


def people_named(session: Session, family_id: str) -> set[str]:
    """The ids of those of whom it is recorded what they said, or in which moments they can be seen."""
    said = select(ConsentRow.person_id).where(ConsentRow.family_id == family_id)
    query = select(MomentRow.people).join(SelectionRow, SelectionRow.id == MomentRow.selection_id)
    shown = session.scalars(query.where(SelectionRow.family_id == family_id))
    return {*session.scalars(said), *(one for people in shown for one in people or ())}
