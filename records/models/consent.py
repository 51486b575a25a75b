"""Tables of consent: what each person of a family said to each purpose, and the forms on which it was written."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, false, text
from sqlalchemy.orm import Mapped, mapped_column

from records.clock import utcnow
from records.keys.store import KeyKind
from records.models.base import Base, new_id
from records.models.sealed import SealedText


class ConsentRow(Base):
    """What one person of a family said to one purpose; it stays when something newer was, and goes with the family.

    The newest of a person and purpose is the one that has not ended.
    """

    __tablename__ = "consents"
    __table_args__ = (
        Index(
            "uq_consents_newest",
            "person_id",
            "purpose",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    family_id: Mapped[str] = mapped_column(ForeignKey("families.id", ondelete="CASCADE"), index=True)
    person_id: Mapped[str] = mapped_column(String(32))
    """In the family's ``people``."""
    purpose: Mapped[str] = mapped_column(String(32))
    said: Mapped[str] = mapped_column(String(16))
    """agreed, refused or withdrawn."""
    basis: Mapped[str] = mapped_column(String(32))
    """On which the purpose rested when it was recorded."""
    given_by: Mapped[str] = mapped_column(SealedText("consents.given_by", KeyKind.FAMILY, "family_id"), default="")
    """Who said it, by role and initials; empty: the person."""
    said_on: Mapped[date]
    own_words: Mapped[str] = mapped_column(SealedText("consents.own_words", KeyKind.FAMILY, "family_id"), default="")
    """The child's own word about it."""
    form_id: Mapped[str | None] = mapped_column(ForeignKey("consent_forms.id", ondelete="SET NULL"))
    recorded_at: Mapped[datetime] = mapped_column(default=utcnow)
    recorded_by: Mapped[str] = mapped_column(String(32))
    """The account that wrote it down."""
    ended_at: Mapped[datetime | None]
    """When something newer was recorded."""
    waits_for_hold: Mapped[bool] = mapped_column(default=False, server_default=false())
    """A no that was written down while the family was on hold: what it takes away goes when no hold is left."""


class ConsentFormRow(Base):
    """A photograph or PDF of the form that somebody signed; erased with the family."""

    __tablename__ = "consent_forms"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    family_id: Mapped[str] = mapped_column(ForeignKey("families.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    storage_key: Mapped[str] = mapped_column(String(200), unique=True)
    media_type: Mapped[str] = mapped_column(String(100))
    bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
