"""Requests to see in figures, for managers and information governance: when each is due, and no code of any family."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, ConfigDict
from sqlalchemy import select
from sqlalchemy.orm import Session

from records.models import AccountRow, FamilyRow, SubjectAccessRow
from records.subject_access.items import Decision, find_items
from records.subject_access.requests import State, request_view


class SubjectAccessFigures(BaseModel):
    """How far one request is."""

    model_config = ConfigDict(frozen=True)

    id: str
    owner: str
    """Who answers it, by name: the family's guider."""
    state: State
    received_on: date
    due_on: date
    is_overdue: bool
    items: int
    undecided: int
    left_out: int
    to_cover: int


def subject_access_report(session: Session) -> list[SubjectAccessFigures]:
    """Every request that is not closed, the one that is due first first."""
    query = (
        select(SubjectAccessRow, AccountRow.display_name)
        .join(FamilyRow, FamilyRow.id == SubjectAccessRow.family_id)
        .outerjoin(AccountRow, AccountRow.id == FamilyRow.owner_account_id)
        .where(SubjectAccessRow.ended_at.is_(None), FamilyRow.visible)
        .order_by(SubjectAccessRow.due_on, SubjectAccessRow.id)
    )
    found = []
    for row, owner in session.execute(query).all():
        view, decided = request_view(row), [one.item.decision for one in find_items(session, row)]
        found.append(
            SubjectAccessFigures(
                id=row.id,
                owner=owner or "",
                state=view.state,
                received_on=row.received_on,
                due_on=row.due_on,
                is_overdue=view.is_overdue,
                items=len(decided),
                undecided=decided.count(None),
                left_out=decided.count(Decision.LEAVE_OUT),
                to_cover=decided.count(Decision.COVER),
            )
        )
    return found
