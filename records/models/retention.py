"""Tables of retention: how long a family is kept, what keeps it longer, and what is left of one that was erased."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from records.clock import utcnow
from records.documents import CopyOut, ErasedCounts
from records.keys.store import KeyKind
from records.models.base import Base, Json, new_id
from records.models.sealed import SealedText


class FamilyRetentionRow(Base):
    """What was decided about how long one family is kept; one without a row is kept by the default schedule."""

    __tablename__ = "family_retention"

    family_id: Mapped[str] = mapped_column(ForeignKey("families.id", ondelete="CASCADE"), primary_key=True)
    schedule: Mapped[str] = mapped_column(String(32), default="")
    """By its name in the policy; empty: the default."""
    erase_by: Mapped[date | None]
    """Computed once from the child's month of birth, which is not kept."""
    since: Mapped[datetime | None]
    """Of families that were there before there was a policy: no clock began sooner."""
    still_on_at: Mapped[datetime | None]
    """When the guider last said that involvement goes on."""
    noticed_at: Mapped[datetime | None]
    """When its guider was told that it goes …"""
    noticed_for: Mapped[datetime | None]
    """… and when the policy would have had it gone: a later date asks for another notice."""


class RetentionHoldRow(Base):
    """A reason to erase nothing of a family; it goes with the family."""

    __tablename__ = "retention_holds"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    family_id: Mapped[str] = mapped_column(ForeignKey("families.id", ondelete="CASCADE"), index=True)
    reason: Mapped[str] = mapped_column(SealedText("retention_holds.reason", KeyKind.FAMILY, "family_id"))
    review_on: Mapped[date]
    """When somebody looks whether it is still needed; until it is released it holds."""
    by: Mapped[str] = mapped_column(String(64))
    """The account; of somebody at the console, what the audit calls them."""
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    released_at: Mapped[datetime | None]
    released_by: Mapped[str | None] = mapped_column(String(64))


class ErasureCertificateRow(Base):
    """That a family was erased: ids and counts, no word of it. While ``finished_at`` is None, erasing goes on."""

    __tablename__ = "erasure_certificates"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    family_id: Mapped[str] = mapped_column(String(32), index=True)
    """That of a family that is no more."""
    owner_account_id: Mapped[str] = mapped_column(String(32), index=True)
    by: Mapped[str] = mapped_column(String(64))
    cause: Mapped[str] = mapped_column(String(16))
    """asked or policy."""
    rule: Mapped[str] = mapped_column(String(100), default="")
    """The schedule's times, where the policy was the cause."""
    begun_at: Mapped[datetime] = mapped_column(default=utcnow)
    finished_at: Mapped[datetime | None]
    counts: Mapped[ErasedCounts] = mapped_column(Json(ErasedCounts))
    copies_out: Mapped[tuple[CopyOut, ...]] = mapped_column(Json(tuple[CopyOut, ...]), default=())
    """What had left the service and was not brought back."""
