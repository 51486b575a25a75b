"""Tables of the right to see: who asked for what is held of a family, and what a person decided about each thing of it.

The answer itself is kept nowhere: it is put together while it is taken away.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from records.clock import utcnow
from records.keys.store import KeyKind
from records.models.base import Base, Json, new_id
from records.models.sealed import SealedText


class SubjectAccessRow(Base):
    """A request to see what is held of a family (UK GDPR, Art. 15); it goes with the family."""

    __tablename__ = "subject_access"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    family_id: Mapped[str] = mapped_column(ForeignKey("families.id", ondelete="CASCADE"), index=True)
    received_on: Mapped[date]
    due_on: Mapped[date]
    """By when it has to be answered."""
    extended_on: Mapped[date | None]
    """When the family was told that it takes two more months; null: it does not."""
    extended_because: Mapped[str | None] = mapped_column(
        SealedText("subject_access.extended_because", KeyKind.FAMILY, "family_id")
    )
    """Why, as they were told."""
    asked_by: Mapped[str] = mapped_column(SealedText("subject_access.asked_by", KeyKind.FAMILY, "family_id"))
    """Who asked, by role and initials, or who acts for them."""
    people: Mapped[tuple[str, ...]] = mapped_column(Json(tuple[str, ...]))
    """The ids of those of the family whose data it is about."""
    opened_at: Mapped[datetime] = mapped_column(default=utcnow)
    opened_by: Mapped[str] = mapped_column(String(32))
    """The account; of somebody at the console, what the audit calls them."""
    hold_id: Mapped[str | None] = mapped_column(String(32))
    """The hold that keeps everything of the family until it is answered."""
    checked_at: Mapped[datetime | None]
    """When somebody said last that everything was looked at; what is decided otherwise takes it back."""
    checked_by: Mapped[str | None] = mapped_column(String(32))
    checker: Mapped[str] = mapped_column(SealedText("subject_access.checker", KeyKind.FAMILY, "family_id"), default="")
    """Their name, as they gave it."""
    handed_out_at: Mapped[datetime | None]
    """When it was handed out first."""
    ended_at: Mapped[datetime | None]
    """When it was closed, answered or withdrawn."""


class SubjectAccessDecisionRow(Base):
    """What a person decided about one thing that is held; it goes with the request."""

    __tablename__ = "subject_access_decisions"

    request_id: Mapped[str] = mapped_column(ForeignKey("subject_access.id", ondelete="CASCADE"), primary_key=True)
    item: Mapped[str] = mapped_column(String(48), primary_key=True)
    """Its kind and its id."""
    family_id: Mapped[str] = mapped_column(String(32))
    decision: Mapped[str] = mapped_column(String(16))
    """include, leave_out or cover."""
    reason: Mapped[str] = mapped_column(
        SealedText("subject_access_decisions.reason", KeyKind.FAMILY, "family_id"), default=""
    )
    """Why it is left out, as the family reads it."""
    fingerprint: Mapped[str] = mapped_column(String(64))
    """Of what was looked at: once it is another, nothing is decided about it."""
    by: Mapped[str] = mapped_column(String(32))
    decided_at: Mapped[datetime] = mapped_column(default=utcnow)
