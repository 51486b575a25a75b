"""The tables of a guider's training: ratings of her review recordings, and her logbook.

``guider`` is the random code of the browser that sent or wrote something, as in selections; empty where none is known.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from pipeline.rating_scale import Answer
from records.clock import utcnow
from records.keys.codes import code_index
from records.keys.store import KeyKind
from records.models.base import Base, Json, new_id
from records.models.sealed import SealedText

if TYPE_CHECKING:
    from records.keys.ring import KeyRing

__all__ = ["Base", "LogbookClientRow", "LogbookCycleRow", "LogbookHoursRow", "LogbookRow", "RatingRow"]


class RatingRow(Base):
    """One rater's answers to one recording of a shared review; erased with it."""

    __tablename__ = "ratings"
    __table_args__ = (UniqueConstraint("selection_id", "rater"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    selection_id: Mapped[str] = mapped_column(ForeignKey("selections.id", ondelete="CASCADE"), index=True)
    rater: Mapped[str] = mapped_column(String(32))
    """A code, never a name."""
    account_id: Mapped[str | None] = mapped_column(String(32))
    """Who gave them, and alone changes them; None: from before this was written down, changed by who works on it."""
    answers: Mapped[dict[str, Answer]] = mapped_column(Json(dict[str, Answer]))
    """By the question's key: 0 to the highest, or not_applicable. What is open is not in it; totals are not stored."""
    saved_at: Mapped[datetime] = mapped_column(default=utcnow)


class LogbookRow(Base):
    """What a guider's logbook is checked against."""

    __tablename__ = "logbooks"

    guider: Mapped[str] = mapped_column(String(64), primary_key=True)
    profile: Mapped[str] = mapped_column(String(32))
    began_on: Mapped[date | None]
    shown_to_managers: Mapped[bool] = mapped_column(default=False)
    """Without codes; the guider said so."""


class LogbookClientRow(Base):
    """A family in a logbook. Erasing the family leaves the row and takes the code: that somebody was there stays."""

    __tablename__ = "logbook_clients"
    __table_args__ = (UniqueConstraint("guider", "family_index"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    guider: Mapped[str] = mapped_column(String(64))
    family: Mapped[str | None] = mapped_column(SealedText("logbook_clients.family", KeyKind.FAMILY, "family_id"))
    family_index: Mapped[str | None] = mapped_column(String(64), index=True)
    """By which the code is found without being read (records/keys/codes.py)."""
    family_id: Mapped[str | None] = mapped_column(String(32), index=True)
    """The family here that the code means; None: one that is on paper, or a code from before families."""

    def index(self, ring: KeyRing) -> None:
        """Let it be found by its code; called when that is written."""
        self.family_index = None if self.family is None else code_index(ring, self.family)


class LogbookCycleRow(Base):
    """What of a cycle was written by hand, or kept when its films were erased; the rest is read from the selections."""

    __tablename__ = "logbook_cycles"
    __table_args__ = (UniqueConstraint("client_id", "cycle"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    client_id: Mapped[str] = mapped_column(ForeignKey("logbook_clients.id", ondelete="CASCADE"), index=True)
    cycle: Mapped[int]
    role: Mapped[str] = mapped_column(String(16))
    filmed_on: Mapped[date | None]
    reviewed_on: Mapped[date | None]
    left_out: Mapped[bool] = mapped_column(default=False)


class LogbookHoursRow(Base):
    """A supervision or intervision session, or a training day, written by hand."""

    __tablename__ = "logbook_hours"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    guider: Mapped[str] = mapped_column(String(64), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    held_on: Mapped[date]
    minutes: Mapped[int]
    role: Mapped[str] = mapped_column(String(16))
