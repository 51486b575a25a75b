"""Tables of families: whose each is, and with whom it is shared."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from records.clock import utcnow
from records.documents import FamilyPeople
from records.keys.codes import code_index, code_look
from records.keys.store import KeyKind
from records.models.base import Base, new_id
from records.models.erasable import Erasable
from records.models.sealed import SealedJson, SealedText

if TYPE_CHECKING:
    from records.keys.ring import KeyRing


class FamilyRow(Erasable, Base):
    """A family that a guider works with, under a code; it goes with the last of its selections."""

    __tablename__ = "families"
    __table_args__ = (Index("ix_families_owner_account_id", "owner_account_id", "viewed_at", "id"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    code: Mapped[str] = mapped_column(SealedText("families.code", KeyKind.FAMILY, "id"))
    code_index: Mapped[str | None] = mapped_column(String(64), unique=True)
    """By which the code is found without being read (records/keys/codes.py); None: from before, not sealed yet."""
    code_look: Mapped[str | None] = mapped_column(String(64), index=True)
    """The same for all codes that look alike."""
    owner_account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"))
    """Her guider's. This machine and all who share the guiders' token count as one: that of the token."""
    people: Mapped[FamilyPeople] = mapped_column(
        SealedJson("families.people", KeyKind.FAMILY, "id", FamilyPeople, tuple), default=()
    )
    """By role and initials at most, each with an id that stays."""
    opened_at: Mapped[datetime] = mapped_column(default=utcnow)
    viewed_at: Mapped[datetime] = mapped_column(default=utcnow)
    """When its guider last turned to it from another one: hers are listed by it."""
    grace_from: Mapped[datetime | None]
    """Of a family that was there before anybody was asked who agreed: since when that is asked; None: it always was."""
    ended_at: Mapped[datetime | None]
    """When the work with them ended: the clock CASE of retention."""
    key_made_at: Mapped[datetime | None]
    """When it was given its key; None: it is from before there were any."""

    def make_key(self, ring: KeyRing) -> None:
        """Give it its key; called when it is added. Raises: KeyGone."""
        ring.make_family(self.id)
        self.key_made_at = utcnow()

    def index(self, ring: KeyRing) -> None:
        """Let it be found by its code; called when that is written."""
        self.code_index, self.code_look = code_index(ring, self.code), code_look(ring, self.code)


class FamilyShareRow(Base):
    """Somebody who may see a family that is another's; it stays when it has ended, and goes with the family."""

    __tablename__ = "family_shares"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    family_id: Mapped[str] = mapped_column(ForeignKey("families.id", ondelete="CASCADE"), index=True)
    selection_id: Mapped[str | None] = mapped_column(ForeignKey("selections.id", ondelete="CASCADE"), index=True)
    """The one that is shared; None: the whole family."""
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    """colleague, supervisor or break_glass."""
    until: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(SealedText("family_shares.reason", KeyKind.FAMILY, "family_id"), default="")
    by: Mapped[str] = mapped_column(String(32))
    """The account that shared it."""
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    viewed_at: Mapped[datetime] = mapped_column(default=utcnow)
    """When those with whom it is shared last turned to the family."""
    ended_at: Mapped[datetime | None]


class HandOverRow(Base):
    """A family that was given to another guider, and why; it goes with the family."""

    __tablename__ = "hand_overs"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    family_id: Mapped[str] = mapped_column(ForeignKey("families.id", ondelete="CASCADE"), index=True)
    from_account_id: Mapped[str] = mapped_column(String(32))
    to_account_id: Mapped[str] = mapped_column(String(32))
    by: Mapped[str] = mapped_column(String(32))
    """The account that did it; of somebody at the console, what the audit calls them."""
    reason: Mapped[str] = mapped_column(SealedText("hand_overs.reason", KeyKind.FAMILY, "family_id"))
    created_at: Mapped[datetime] = mapped_column(default=utcnow)


class NoticeRow(Base):
    """What others did with somebody's families or account, told to them; one about a family goes with it."""

    __tablename__ = "notices"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(32))
    subject_id: Mapped[str] = mapped_column(String(32))
    """Of what was done, by the kind: a hand-over, a share, a reset; the session that changed a sign-in; who wrote down
    a no."""
    device: Mapped[str | None] = mapped_column(String(100))
    """In which browser a sign-in was changed."""
    family_id: Mapped[str | None] = mapped_column(ForeignKey("families.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    seen_at: Mapped[datetime | None]
