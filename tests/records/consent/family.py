"""A family of two and what they said, for tests of what waits for it; under the policy that is shipped."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from sqlalchemy import update
from sqlalchemy.orm import Session

from pipeline.purposes import Purpose
from records.clock import utcnow
from records.consent.check import Said
from records.documents import FamilyPerson
from records.models import ConsentRow, FamilyRow, MomentRow

MOTHER = FamilyPerson(id="a" * 32, role="mother", initials="M")
CHILD = FamilyPerson(id="b" * 32, role="child", initials="E")
A_DAY = date(2026, 11, 2)


def say(
    session: Session,
    family_id: str,
    said: Said,
    purposes: Iterable[Purpose] = (Purpose.SHARED_REVIEW,),
    people: Iterable[FamilyPerson] = (MOTHER, CHILD),
) -> None:
    """Record it as the newest, without what follows from it."""
    session.get_one(FamilyRow, family_id).people = (MOTHER, CHILD)
    for person in people:
        for purpose in purposes:
            newest = (ConsentRow.person_id == person.id) & (ConsentRow.purpose == purpose)
            session.execute(update(ConsentRow).where(newest, ConsentRow.ended_at.is_(None)).values(ended_at=utcnow()))
            session.add(
                ConsentRow(
                    family_id=family_id,
                    person_id=person.id,
                    purpose=purpose,
                    said=said,
                    basis="consent",
                    said_on=A_DAY,
                    recorded_by="0" * 32,
                )
            )
    session.flush()


def show_only(session: Session, moment_ids: Iterable[str], *people: FamilyPerson) -> None:
    """Say of moments who alone can be seen or heard in them."""
    for moment_id in moment_ids:
        session.get_one(MomentRow, moment_id).people = tuple(person.id for person in people)
    session.flush()
