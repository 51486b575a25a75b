"""Releasing a hold, and with the last one what people of the family said no to meanwhile: it goes then."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from pipeline.purposes import Purpose
from records.actions.record_consents import Consequences, carry_out, lock_whole_family
from records.audit.actions import Action
from records.audit.actor import Actor
from records.audit.log import note
from records.documents import FamilyPerson, Statement
from records.models import ConsentRow, FamilyRow, RetentionHoldRow
from records.retention.holds import is_held, release_hold


def end_hold(session: Session, who: Actor, family_id: str, hold_id: str) -> Consequences:
    """Release a hold, and take away what nothing holds any more.

    The caller ends the erasing of ``selection_ids`` after the commit. Raises: HoldGone, FamilyGone.
    """
    lock_whole_family(session, family_id)
    release_hold(session, who, family_id, hold_id)
    session.flush()
    return heed_waiting(session, who, family_id)


def heed_waiting(session: Session, who: Actor, family_id: str) -> Consequences:
    """Take away what was said no to while the family was on hold; nothing where it still is, or nobody said no.

    The caller ends the erasing of ``selection_ids`` after the commit. Raises: FamilyGone.
    """
    family = lock_whole_family(session, family_id)
    if is_held(session, family_id):
        return Consequences(held=True)
    waiting = select(ConsentRow).where(ConsentRow.family_id == family_id, ConsentRow.waits_for_hold)
    rows = session.scalars(waiting.order_by(ConsentRow.recorded_at, ConsentRow.id)).all()
    noes = _statements(family, [row for row in rows if row.ended_at is None])  # who agreed since has taken it back
    for row in rows:
        row.waits_for_hold = False
    session.flush()
    if not noes:
        return Consequences()
    found = carry_out(session, who, family_id, noes)
    figures = {"outputs": len(found.output_ids), "moments": len(found.moment_ids)}
    figures |= {"selections": len(found.selection_ids)}
    note(session, who, Action.HEED_CONSENT, family_id=family_id, figures=figures)
    return found


def families_waiting(session: Session) -> list[str]:
    """The families that are not on hold any more, and in which a no of that time is still to be heeded."""
    held = exists().where(RetentionHoldRow.family_id == FamilyRow.id, RetentionHoldRow.released_at.is_(None))
    waits = exists().where(ConsentRow.family_id == FamilyRow.id, ConsentRow.waits_for_hold)
    here = select(FamilyRow.id).where(FamilyRow.visible, waits, ~held)
    return list(session.scalars(here.order_by(FamilyRow.id)))


def _statements(family: FamilyRow, rows: Sequence[ConsentRow]) -> list[Statement]:
    people: dict[str, FamilyPerson] = {person.id: person for person in family.people}
    return [
        Statement(person=people[row.person_id], purposes=(Purpose(row.purpose),), agrees=False)
        for row in rows
        if row.person_id in people
    ]
