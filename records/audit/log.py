"""The audit: who did what, when, to which thing. Rows are added and never changed; the database itself refuses it."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict
from sqlalchemy import select
from sqlalchemy.orm import Session

from records.models import AuditRow


class AuditLine(BaseModel):
    """One thing that somebody did."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    at: datetime
    who: str
    action: str
    target: str
    detail: str


def note(session: Session, who: str, action: str, target: str, detail: str = "") -> None:
    """Add a line in the transaction of the act itself: neither is there without the other.

    ``target`` is an identifier or a worker's name, never a family's code; ``detail`` is for figures.
    """
    session.add(AuditRow(who=who, action=action, target=target, detail=detail))


def newest(session: Session, limit: int = 50) -> list[AuditLine]:
    """The last lines, newest first."""
    rows = session.scalars(select(AuditRow).order_by(AuditRow.id.desc()).limit(limit))
    return [AuditLine.model_validate(row) for row in rows]
