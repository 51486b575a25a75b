"""What somebody wrote about a family beside its reviews: reasons, to whom copies went, words of an agreement."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from records.copies.register import RIGHT_OF_ACCESS
from records.models import (
    ConsentRow,
    FamilyShareRow,
    HandedOutCopyRow,
    HandOverRow,
    RetentionHoldRow,
    SubjectAccessRow,
)


def notes_of(session: Session, family_id: str, request: SubjectAccessRow) -> list[tuple[str, str]]:
    """Of what each is, and the words; of agreements those of the people who ask alone."""
    return [(about, words) for about, words in _notes(session, family_id, request) if words]


def _notes(session: Session, family_id: str, request: SubjectAccessRow) -> Iterator[tuple[str, str]]:
    its = select(SubjectAccessRow.hold_id).where(SubjectAccessRow.family_id == family_id)
    of_requests = set(session.scalars(its))
    holds = select(RetentionHoldRow).where(RetentionHoldRow.family_id == family_id)
    for hold in session.scalars(holds.order_by(RetentionHoldRow.created_at, RetentionHoldRow.id)):
        if hold.id not in of_requests:
            yield "Why it was put on hold", hold.reason
    shares = select(FamilyShareRow).where(FamilyShareRow.family_id == family_id)
    for share in session.scalars(shares.order_by(FamilyShareRow.created_at, FamilyShareRow.id)):
        yield "Why it was opened or shared", share.reason
    given = select(HandOverRow).where(HandOverRow.family_id == family_id)
    for hand_over in session.scalars(given.order_by(HandOverRow.created_at, HandOverRow.id)):
        yield "Why another guider works with it", hand_over.reason
    copies = select(HandedOutCopyRow).where(HandedOutCopyRow.family_id == family_id)
    for copy in session.scalars(copies.order_by(HandedOutCopyRow.created_at, HandedOutCopyRow.id)):
        if copy.purpose != RIGHT_OF_ACCESS:
            yield "To whom a copy went", copy.to_whom
            yield "Why a copy went plain", copy.reason
    consents = select(ConsentRow).where(ConsentRow.family_id == family_id, ConsentRow.person_id.in_(request.people))
    for row in session.scalars(consents.order_by(ConsentRow.recorded_at, ConsentRow.id)):
        yield "In their own words", row.own_words
