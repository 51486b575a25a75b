"""Recurring duties: one row each, and one caller of all takes the turn."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import or_, select, update

from records.database import Database, rows_changed
from records.models import ClockRow, utcnow

RECOVERY = "healing"
"""As its row has been called since the first step."""
SWEEPING = "sweeping"
SAMPLING = "sampling"
RETENTION = "retention"


def take_turn(db: Database, clock: str, every_s: float) -> bool:
    """Whether the clock is due and this caller, of all, is the one to act on it. Raises: DatabaseUnavailable.

    A turn that lies further ahead than any right clock would put it is due too: it was set by one that was wrong.
    """
    now, every = utcnow(), timedelta(seconds=every_s)
    is_due = (ClockRow.name == clock, or_(ClockRow.due_at <= now, ClockRow.due_at > now + 2 * every))
    with db.reading() as session:  # most often it is not due, and nobody need wait for a writer
        if session.scalar(select(ClockRow.name).where(*is_due)) is None:
            return False
    with db.session() as session:
        return rows_changed(session, update(ClockRow).where(*is_due).values(due_at=now + every)) == 1


def note_ended(db: Database, clock: str) -> None:
    with db.session() as session:
        session.execute(update(ClockRow).where(ClockRow.name == clock).values(ended_at=utcnow()))
