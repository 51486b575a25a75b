"""A request to see what is held of a family: opened, looked at thing by thing, checked by a named person, handed out.

    open  →  every item is included, left out with a reason, or is to be covered first
          →  checked: a person says by name that all of it was looked at
          →  handed out: from then on the answer can be taken away, for 30 days after it was checked
          →  closed

While it is open nothing of the family is erased: a hold says so. Nobody's agreement is asked: to see what is held of
oneself is a right and no use of it (UK GDPR, Art. 15). Nothing of the answer is kept; what is looked at again is
compared with what was decided each time it is taken away.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from records.actions.end_hold import end_hold
from records.audit.actions import Action
from records.audit.actor import Actor
from records.audit.log import note
from records.clock import local_day, utcnow
from records.copies.register import RIGHT_OF_ACCESS, Carrier
from records.errors import RecordsError
from records.families.families import FamilyGone
from records.models import FamilyRow, HandedOutCopyRow, RetentionHoldRow, SubjectAccessDecisionRow, SubjectAccessRow
from records.retention.holds import place_hold
from records.retention_policy.periods import Period
from records.retention_policy.policy import Policy
from records.subject_access.items import Decision, FoundItem, SubjectAccessItem, find_items

LASTS: Final = timedelta(days=30)
"""So long after it was checked an answer can be taken away."""
ANSWERED_WITHIN: Final = Period(months=1)
"""By the calendar, from the day on which it was asked: UK GDPR, Art. 12 (3)."""
COPY_KIND: Final = "subject_access"
"""In the register of copies, in the place of a kind of output."""
_HOLD_REASON: Final = "Somebody asked to see what is held of them. Nothing goes before that is answered."


class SubjectAccessGone(RecordsError):
    """There is no such request, or it was closed."""

    code = "subject_access_gone"
    for_guider = "This request is not open any more."


class SubjectAccessUnready(RecordsError):
    """It cannot go on like this: something was not looked at, or is missing."""

    code = "subject_access_unready"
    for_guider = "Look at everything first, and say of each thing whether it goes into the answer."


class State(StrEnum):
    """Where it stands."""

    OPEN = "open"
    CHECKED = "checked"
    HANDED_OUT = "handed_out"
    CLOSED = "closed"


class SubjectAccessRequest(BaseModel):
    """A request, and where it stands."""

    model_config = ConfigDict(frozen=True)

    id: str
    family_id: str
    state: State
    received_on: date
    due_on: date
    is_overdue: bool
    extended_on: date | None
    """When the family was told that it takes two more months; null: it does not."""
    extended_because: str
    asked_by: str
    people: tuple[str, ...]
    """Whose data it is about: ids of people of the family."""
    opened_at: datetime
    checked_at: datetime | None
    checker: str
    good_until: datetime | None
    """Until when the answer that was checked can be taken away."""
    handed_out_at: datetime | None
    ended_at: datetime | None


class SubjectAccessView(BaseModel):
    """A request with everything that is looked at."""

    model_config = ConfigDict(frozen=True)

    request: SubjectAccessRequest
    code: str
    """Of the family."""
    people: dict[str, str]
    """Everybody of the family, by id, as a sentence names them."""
    items: list[SubjectAccessItem]
    undecided: int
    """How many nobody has looked at yet, or not since they changed."""
    to_cover: int
    """In how many somebody is to be covered first."""


def open_request(
    session: Session,
    who: Actor,
    policy: Policy,
    family_id: str,
    *,
    asked_by: str,
    about: Sequence[str],
    received_on: date | None = None,
) -> SubjectAccessRow:
    """A new request, and a hold on the family. The caller asked whether they may.

    ``about``: whose data, by the ids of people of the family or as it names them.

    Raises: FamilyGone; SubjectAccessUnready where it is not said who asks, or for whom.
    """
    family = session.get(FamilyRow, family_id, with_for_update=True)
    if family is None or not family.visible:
        raise FamilyGone(family_id)
    received = received_on or local_day(utcnow())
    known = {name: one.id for one in family.people for name in (one.id, one.title)}
    if not asked_by.strip():
        raise _unready("Say who asks, by role and initials, or who acts for them.")
    if received > local_day(utcnow()):
        raise _unready("The day on which it was asked cannot lie ahead.")
    if not known.keys() >= set(about) or (known and not about):
        raise _unready("Say whose data it is about: one or more of the people of this family.")
    due = ANSWERED_WITHIN.after(received)
    hold = place_hold(session, who, family_id, policy, _HOLD_REASON, due)
    row = SubjectAccessRow(
        family_id=family_id,
        received_on=received,
        due_on=due,
        asked_by=asked_by.strip(),
        people=tuple(dict.fromkeys(known[one] for one in about)),
        opened_by=who.account_id,
        hold_id=hold.id,
    )
    session.add(row)
    session.flush()
    note(session, who, Action.OPEN_SUBJECT_ACCESS, row.id, family_id=family_id)
    return row


def find_request(session: Session, family_id: str, request_id: str, *, lock: bool = False) -> SubjectAccessRow:
    """A request of this family, closed or not. Raises: SubjectAccessGone."""
    row = session.get(SubjectAccessRow, request_id, with_for_update=lock or None)
    if row is None or row.family_id != family_id:
        raise SubjectAccessGone(request_id)
    return row


def request_for(session: Session, family_id: str) -> SubjectAccessRow:
    """The family's newest request that is not closed. Raises: SubjectAccessGone."""
    its = select(SubjectAccessRow).where(SubjectAccessRow.family_id == family_id, SubjectAccessRow.ended_at.is_(None))
    row = session.scalars(its.order_by(SubjectAccessRow.opened_at.desc(), SubjectAccessRow.id).limit(1)).one_or_none()
    if row is None:
        raise SubjectAccessGone(family_id)
    return row


def requests_of(session: Session, family_id: str) -> list[SubjectAccessRequest]:
    """All of a family, the newest first."""
    its = select(SubjectAccessRow).where(SubjectAccessRow.family_id == family_id)
    ordered = its.order_by(SubjectAccessRow.opened_at.desc(), SubjectAccessRow.id)
    return [request_view(row) for row in session.scalars(ordered)]


def request_view(row: SubjectAccessRow) -> SubjectAccessRequest:
    """As it is shown."""
    return SubjectAccessRequest(
        id=row.id,
        family_id=row.family_id,
        state=state_of(row),
        received_on=row.received_on,
        due_on=row.due_on,
        is_overdue=row.handed_out_at is None and row.ended_at is None and row.due_on < local_day(utcnow()),
        extended_on=row.extended_on,
        extended_because=row.extended_because or "",
        asked_by=row.asked_by,
        people=row.people,
        opened_at=row.opened_at,
        checked_at=row.checked_at,
        checker=row.checker,
        good_until=row.checked_at + LASTS if row.checked_at else None,
        handed_out_at=row.handed_out_at,
        ended_at=row.ended_at,
    )


def state_of(row: SubjectAccessRow) -> State:
    """Where it stands."""
    if row.ended_at is not None:
        return State.CLOSED
    if row.checked_at is None:
        return State.OPEN
    return State.HANDED_OUT if row.handed_out_at is not None else State.CHECKED


def view_request(session: Session, row: SubjectAccessRow) -> SubjectAccessView:
    """With everything that is looked at; of one that is closed no item."""
    family = session.get_one(FamilyRow, row.family_id)
    found = [one.item for one in find_items(session, row)] if row.ended_at is None else []
    return SubjectAccessView(
        request=request_view(row),
        code=family.code,
        people={one.id: one.title for one in family.people},
        items=found,
        undecided=sum(one.decision is None for one in found),
        to_cover=sum(one.decision is Decision.COVER for one in found),
    )


def decide(
    session: Session, who: Actor, row: SubjectAccessRow, item_id: str, decision: Decision, reason: str, fingerprint: str
) -> None:
    """Say what becomes of one thing, as it was looked at. What was checked has to be checked again.

    Raises: SubjectAccessGone; SubjectAccessUnready where it is another by now, cannot be included as it is, or is left
    out without a reason.
    """
    _require_open(row)
    found = next((one.item for one in find_items(session, row) if one.item.id == item_id), None)
    if found is None or found.fingerprint != fingerprint:
        raise _unready("This is not what was looked at: it has changed, or is gone. Look at it again.")
    if decision is Decision.INCLUDE and not found.may_include:
        raise _unready(f"{found.why_not} Leave it out, or cover them first.")
    if decision is Decision.COVER and not found.may_cover:
        raise _unready("Nobody can be covered in this here. Leave it out, and say why.")
    if decision is Decision.LEAVE_OUT and len(reason.strip()) < _SHORTEST_REASON:
        raise _unready("Say why it is left out: the family reads it.")
    there = session.get(SubjectAccessDecisionRow, (row.id, item_id))
    if there is None:
        there = SubjectAccessDecisionRow(request_id=row.id, item=item_id, family_id=row.family_id)
        session.add(there)
    there.decision, there.fingerprint, there.by, there.decided_at = decision, fingerprint, who.account_id, utcnow()
    there.reason = reason.strip() if decision is not Decision.INCLUDE else ""
    row.checked_at = None
    note(
        session,
        who,
        Action.DECIDE_SUBJECT_ACCESS,
        row.id,
        family_id=row.family_id,
        selection_id=found.selection_id,
        moment_id=found.moment_id,
        figures={"decision": decision},
    )


def check(session: Session, who: Actor, row: SubjectAccessRow, name: str) -> None:
    """A person says by name that everything was looked at. Raises: SubjectAccessGone, SubjectAccessUnready."""
    _require_open(row)
    if not name.strip():
        raise _unready("Say who looked at it: your name stands in the answer.")
    items = require_decided(session, row)
    row.checked_at, row.checked_by, row.checker = utcnow(), who.account_id, name.strip()
    figures = {"included": sum(one.included for one in items), "left_out": sum(not one.included for one in items)}
    note(session, who, Action.CHECK_SUBJECT_ACCESS, row.id, family_id=row.family_id, figures=figures)


def require_decided(session: Session, row: SubjectAccessRow) -> list[FoundItem]:
    """All items, if each is included or left out as it is now. Raises: SubjectAccessUnready."""
    items = find_items(session, row)
    waiting = sum(one.item.decision is None for one in items)
    covering = sum(one.item.decision is Decision.COVER for one in items)
    forbidden = sum(one.item.decision is Decision.INCLUDE and not one.item.may_include for one in items)
    if waiting or forbidden:
        raise _unready(f"{_count(waiting + forbidden)} to be looked at before the answer can leave.")
    if covering:
        raise _unready(f"{_count(covering)} to be covered before the answer can leave.")
    return items


def hand_out(
    session: Session, who: Actor, row: SubjectAccessRow, to_whom: str, carrier: Carrier = Carrier.PLAIN
) -> None:
    """Enter that the answer leaves, plain or sealed: in the register of copies and in the audit.

    The hold stays until the request is closed: a no that waits for its end would take away what is being saved.

    Raises: SubjectAccessGone, SubjectAccessUnready.
    """
    require_answer(session, row)
    if not to_whom.strip():
        raise _unready("Say whom it is handed to, by role and initials, or who takes it for them.")
    copy = HandedOutCopyRow(
        family_id=row.family_id,
        selection_id="",
        kind=COPY_KIND,
        carrier=carrier,
        purpose=RIGHT_OF_ACCESS,
        to_whom=to_whom.strip(),
        reason="They asked to see what is held of them.",
        by=who.account_id,
    )
    session.add(copy)
    session.flush()
    note(session, who, Action.HAND_OUT, copy.id, family_id=row.family_id, figures={"carrier": carrier})
    copy.created_at = utcnow()  # after the line: the answer tells of it
    row.handed_out_at = row.handed_out_at or utcnow()


def handed_out_last(session: Session, row: SubjectAccessRow) -> datetime:
    """When an answer of this family was entered last; now, where none was."""
    its = select(func.max(HandedOutCopyRow.created_at))
    its = its.where(HandedOutCopyRow.family_id == row.family_id, HandedOutCopyRow.kind == COPY_KIND)
    return session.scalar(its) or utcnow()


def require_answer(session: Session, row: SubjectAccessRow) -> list[FoundItem]:
    """What is in the answer, if it was checked, nothing has changed since, and its time has not run out.

    Raises: SubjectAccessGone, SubjectAccessUnready.
    """
    _require_open(row)
    if row.checked_at is None:
        raise _unready("Somebody has to say by name that everything was looked at.")
    if row.checked_at + LASTS < utcnow():
        raise _unready(f"It was checked more than {LASTS.days} days ago. Look at it again, and check it anew.")
    return require_decided(session, row)


def close_request(session: Session, who: Actor, row: SubjectAccessRow) -> set[str]:
    """It was answered, or withdrawn: the hold ends, and what was decided goes.

    The selections that a no of meanwhile takes away, whose erasing the caller ends after the commit.
    Raises: SubjectAccessGone.
    """
    _require_open(row)
    row.ended_at = utcnow()
    for one in session.scalars(
        select(SubjectAccessDecisionRow).where(SubjectAccessDecisionRow.request_id == row.id)
    ).all():
        session.delete(one)
    note(session, who, Action.CLOSE_SUBJECT_ACCESS, row.id, family_id=row.family_id)
    hold = session.get(RetentionHoldRow, row.hold_id) if row.hold_id else None
    if hold is None or hold.released_at is not None:
        return set()
    return set(end_hold(session, who, row.family_id, hold.id).selection_ids)


def _require_open(row: SubjectAccessRow) -> None:
    if row.ended_at is not None:
        raise SubjectAccessGone(row.id)


_SHORTEST_REASON: Final = 3


def _count(number: int) -> str:
    return "1 thing is" if number == 1 else f"{number} things are"


def _unready(sentence: str) -> SubjectAccessUnready:
    return SubjectAccessUnready(sentence, for_guider=sentence)
