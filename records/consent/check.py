"""Whether moments may be used for a purpose: asked before anything is made, shown, opened, shared or handed out."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from pipeline.purposes import Purpose
from records.clock import utcnow
from records.consent.in_force import policy_of, settings_of
from records.documents import FamilyPerson
from records.errors import RecordsError
from records.models import ConsentRow, FamilyRow, MomentRow, SelectionRow


class Said(StrEnum):
    """What somebody said to a purpose."""

    AGREED = "agreed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class Lack(StrEnum):
    """What stands against a use."""

    NOBODY_NAMED = "nobody_named"
    """It is not recorded who belongs to the family."""
    NOT_RECORDED = "not_recorded"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True)
class Missing:
    """One person's agreement that is missing for a purpose; without a person, that of the whole family."""

    purpose: Purpose
    lack: Lack
    person: FamilyPerson | None = None
    said_on: date | None = None


class ConsentMissing(RecordsError):
    """Somebody who can be seen or heard has not agreed to this purpose."""

    code = "consent_missing"

    def __init__(self, missing: Sequence[Missing], title: str) -> None:
        self.missing = tuple(missing)
        super().__init__(f"{len(missing)} for {missing[0].purpose}", for_guider=_sentence(missing, title))


def missing(
    session: Session,
    purpose: Purpose,
    *,
    selection_ids: Collection[str] = (),
    moment_ids: Collection[str] = (),
    family_id: str = "",
) -> list[Missing]:
    """Who of those who can be seen or heard has not agreed to this use; empty: it may be used.

    Asked of every moment of some selections, of some moments, or of everybody of a family. A family of before may go
    on without a record until its time of grace ends; what somebody said no to stops at once.
    """
    policy = policy_of(session)[purpose]
    if not policy.heeds_no:
        return []
    found: list[Missing] = []
    for one, seen in _seen(session, selection_ids, moment_ids, family_id).items():
        family = session.get_one(FamilyRow, one)
        waits = policy.waits and not in_grace(session, family)
        if not family.people and seen != frozenset() and waits:
            found.append(Missing(purpose, Lack.NOBODY_NAMED))
        said = _said_to(session, one, purpose)
        for person in family.people:
            if seen is not None and person.id not in seen:
                continue
            row = said.get(person.id)
            if row is None and waits:
                found.append(Missing(purpose, Lack.NOT_RECORDED, person))
            elif row is not None and row.said != Said.AGREED:
                found.append(Missing(purpose, Lack(row.said), person, row.said_on))
    return found


def require(
    session: Session,
    purpose: Purpose,
    *,
    selection_ids: Collection[str] = (),
    moment_ids: Collection[str] = (),
    family_id: str = "",
) -> None:
    """Nothing, if everybody agreed. Raises: ConsentMissing, whose sentence names who and what."""
    found = missing(session, purpose, selection_ids=selection_ids, moment_ids=moment_ids, family_id=family_id)
    if found:
        raise ConsentMissing(found, policy_of(session)[purpose].title)


@dataclass(frozen=True)
class _Answer:
    said: str
    said_on: date


def _said_to(session: Session, family_id: str, purpose: Purpose) -> dict[str, _Answer]:
    """By person. No more columns are asked for than workers may read (records/migrations/worker_role.py)."""
    newest = select(ConsentRow.person_id, ConsentRow.said, ConsentRow.said_on)
    newest = newest.where(ConsentRow.family_id == family_id, ConsentRow.ended_at.is_(None))
    return {row[0]: _Answer(row[1], row[2]) for row in session.execute(newest.where(ConsentRow.purpose == purpose))}


def newest_consents(session: Session, family_id: str) -> Sequence[ConsentRow]:
    """What everybody of a family said last, to each purpose."""
    query = select(ConsentRow).where(ConsentRow.family_id == family_id, ConsentRow.ended_at.is_(None))
    return session.scalars(query.order_by(ConsentRow.recorded_at, ConsentRow.id)).all()


def grace_until(session: Session, family: FamilyRow) -> datetime | None:
    """Until when a family of before goes on without a record; None for one of which it was always asked."""
    if family.grace_from is None:
        return None
    return family.grace_from + timedelta(days=settings_of(session).consent_grace_days)


def in_grace(session: Session, family: FamilyRow) -> bool:
    """Whether the lack of a record stops nothing yet."""
    until = grace_until(session, family)
    return until is not None and utcnow() < until


def _seen(
    session: Session, selection_ids: Collection[str], moment_ids: Collection[str], family_id: str
) -> dict[str, frozenset[str] | None]:
    """The people of each family who can be seen or heard; None: everybody."""
    seen: dict[str, frozenset[str] | None] = {family_id: None} if family_id else {}
    query = select(SelectionRow.family_id, MomentRow.people).join(MomentRow, MomentRow.selection_id == SelectionRow.id)
    chosen = or_(SelectionRow.id.in_(selection_ids), MomentRow.id.in_(moment_ids))
    for one, people in session.execute(query.where(chosen)):
        before = seen.get(one, frozenset())
        seen[one] = None if people is None or before is None else before | set(people)
    return seen


def _sentence(missing: Sequence[Missing], title: str) -> str:
    """Who and what, and the way to fix it, in one sentence."""
    first = missing[0]
    if first.lack is Lack.NOBODY_NAMED:
        return (
            f"It is not recorded yet who belongs to this family and agreed to “{title}”: "
            "open Families, Who agreed, and write it down once."
        )
    no = next((one for one in missing if one.lack is not Lack.NOT_RECORDED), None)
    if no is not None and no.person is not None:
        said = "no longer agrees" if no.lack is Lack.WITHDRAWN else "did not agree"
        return (
            f"{_capital(no.person.title)} {said} to “{title}” (said on {no.said_on:%d.%m.%Y}): "
            "take only moments without them, and say under each who can be seen."
        )
    named = [one.person.title for one in missing if one.person is not None]
    who = named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"
    return (
        f"It is not recorded that {who} agreed to “{title}”: open Families, Who agreed, and write down what they said."
    )


def _capital(words: str) -> str:
    return words[0].upper() + words[1:]
