"""Holds: while a family has one, nothing of it is erased, neither by the policy nor by hand."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime

from pydantic import BaseModel, ConfigDict
from sqlalchemy import select
from sqlalchemy.orm import Session

from records.audit.actions import Action
from records.audit.actor import Actor
from records.audit.log import note
from records.clock import local_day, utcnow
from records.families.families import FamilyGone
from records.models import FamilyRow, RetentionHoldRow
from records.retention.errors import FamilyHeld, HoldGone
from records.retention_policy.policy import Policy


class HoldView(BaseModel):
    """Why a family is kept, and until when that was decided."""

    model_config = ConfigDict(frozen=True)

    id: str
    reason: str
    review_on: date
    created_at: datetime
    is_overdue: bool
    """The day of its review has passed. It holds nevertheless."""


def place_hold(
    session: Session, who: Actor, family_id: str, policy: Policy, reason: str, review_on: date | None = None
) -> HoldView:
    """Keep everything of a family until the hold is released. The caller asked whether they may. Raises: FamilyGone."""
    family = session.get(FamilyRow, family_id, with_for_update=True)
    if family is None or not family.visible:
        raise FamilyGone(family_id)
    row = RetentionHoldRow(
        family_id=family_id,
        reason=reason,
        review_on=review_on or policy.hold_review.after(local_day(utcnow())),
        by=who.account_id,
    )
    session.add(row)
    session.flush()
    note(session, who, Action.HOLD_FAMILY, row.id, family_id=family_id)
    return _view(row)


def release_hold(session: Session, who: Actor, family_id: str, hold_id: str) -> None:
    """The family goes when the policy says so, after a notice. Raises: HoldGone."""
    row = session.get(RetentionHoldRow, hold_id, with_for_update=True)
    if row is None or row.family_id != family_id or row.released_at is not None:
        raise HoldGone(hold_id)
    row.released_at, row.released_by = utcnow(), who.account_id
    note(session, who, Action.RELEASE_FAMILY, hold_id, family_id=family_id)


def holds_of(session: Session, family_ids: Collection[str]) -> dict[str, list[HoldView]]:
    """The holds in force, by family; families without one are left out."""
    found: dict[str, list[HoldView]] = {}
    query = select(RetentionHoldRow).where(
        RetentionHoldRow.family_id.in_(family_ids), RetentionHoldRow.released_at.is_(None)
    )
    for row in session.scalars(query.order_by(RetentionHoldRow.created_at)):
        found.setdefault(row.family_id, []).append(_view(row))
    return found


def is_held(session: Session, family_id: str) -> bool:
    """Whether nothing of it may be erased."""
    held = select(RetentionHoldRow.id).where(
        RetentionHoldRow.family_id == family_id, RetentionHoldRow.released_at.is_(None)
    )
    return session.scalar(held.limit(1)) is not None


def require_not_held(session: Session, family_id: str) -> None:
    """Nothing, if it may be erased; no hold begins before this transaction ends. Raises: FamilyHeld."""
    session.get(FamilyRow, family_id, with_for_update=True)
    if is_held(session, family_id):
        raise FamilyHeld(family_id)


def _view(row: RetentionHoldRow) -> HoldView:
    return HoldView(
        id=row.id,
        reason=row.reason,
        review_on=row.review_on,
        created_at=row.created_at,
        is_overdue=row.review_on < local_day(utcnow()),
    )
