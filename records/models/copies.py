"""Tables of what left the service: copies that were handed out, and the links among them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from records.clock import utcnow
from records.keys.store import KeyKind
from records.models.base import Base, new_id
from records.models.sealed import SealedText


class HandedOutCopyRow(Base):
    """A copy of an output that left: to whom, why, until when, and when it was brought back.

    No foreign key leads from it. A copy is out there whether or not what it was made of is still here, so its row
    outlives an erased selection, and an erased family too, until somebody says that the copy is back.
    """

    __tablename__ = "handed_out_copies"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    family_id: Mapped[str] = mapped_column(String(32), index=True)
    selection_id: Mapped[str] = mapped_column(String(32), index=True)
    kind: Mapped[str] = mapped_column(String(32))
    """The kind of output."""
    carrier: Mapped[str] = mapped_column(String(8))
    """sealed, link or plain."""
    purpose: Mapped[str] = mapped_column(String(32))
    to_whom: Mapped[str] = mapped_column(SealedText("handed_out_copies.to_whom", KeyKind.SERVICE), default="")
    """A role with initials, or an organisation; empty: it lies where the account that took it saves files.

    Sealed with the service's own key: once the family is erased somebody still has to ask for the copy.
    """
    reason: Mapped[str] = mapped_column(SealedText("handed_out_copies.reason", KeyKind.FAMILY, "family_id"), default="")
    """Why it left plain, where somebody said so; unreadable once the family is erased."""
    by: Mapped[str] = mapped_column(String(32), index=True)
    """The account that handed it out."""
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    until: Mapped[datetime | None]
    """When it is to be back; a link opens nothing from then on."""
    ended_at: Mapped[datetime | None]
    ended_how: Mapped[str] = mapped_column(String(16), default="")
    """returned or revoked; empty while it is out."""


class CopyLinkRow(Base):
    """What opens a copy that is a link. It is in no backup: a link that was revoked since must not open again."""

    __tablename__ = "copy_links"

    copy_id: Mapped[str] = mapped_column(ForeignKey("handed_out_copies.id", ondelete="CASCADE"), primary_key=True)
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    """SHA-256 of the secret, which has 256 bits and is kept nowhere."""
    opened: Mapped[int] = mapped_column(default=0)
    """How often it was opened."""
    last_opened_at: Mapped[datetime | None]
