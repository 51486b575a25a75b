"""Two more months for an answer that is hard to give, where the family is told so in time (UK GDPR, Art. 12 (3))."""

from __future__ import annotations

from datetime import date
from typing import Final

from sqlalchemy.orm import Session

from records.audit.actions import Action
from records.audit.actor import Actor
from records.audit.log import note
from records.clock import local_day, utcnow
from records.models import RetentionHoldRow, SubjectAccessRow
from records.retention_policy.periods import Period
from records.subject_access.requests import ANSWERED_WITHIN, State, SubjectAccessGone, SubjectAccessUnready, state_of

EXTENDED_TO: Final = Period(months=3)
"""By the calendar, from the day on which it was asked: one month and two further ones."""


def extend_request(session: Session, who: Actor, row: SubjectAccessRow, *, because: str, told_on: date) -> None:
    """It is answered within three months instead of one, as the family was told with the reason on that day.

    Raises: SubjectAccessGone; SubjectAccessUnready where it was extended or answered before, no reason is given, or the
    family was not told in time.
    """
    if row.ended_at is not None:
        raise SubjectAccessGone(row.id)
    if row.extended_on is not None:
        raise _unready("It has two more months already. The law gives no others.")
    if state_of(row) is State.HANDED_OUT:
        raise _unready("It is answered already.")
    if not because.strip():
        raise _unready("Say why it takes longer, as the family was told.")
    if not row.received_on <= told_on <= local_day(utcnow()):
        raise _unready("The day on which the family was told lies between the day on which they asked and today.")
    if told_on > (by := ANSWERED_WITHIN.after(row.received_on)):
        raise _unready(f"The family has to be told within the first month, by {by.isoformat()}. Answer now.")
    row.extended_on, row.extended_because = told_on, because.strip()
    row.due_on = EXTENDED_TO.after(row.received_on)
    hold = session.get(RetentionHoldRow, row.hold_id) if row.hold_id else None
    if hold is not None and hold.released_at is None:
        hold.review_on = row.due_on
    note(session, who, Action.EXTEND_SUBJECT_ACCESS, row.id, family_id=row.family_id)


def _unready(sentence: str) -> SubjectAccessUnready:
    return SubjectAccessUnready(sentence, for_guider=sentence)
