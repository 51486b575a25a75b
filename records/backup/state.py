"""When the last good backup was made, as the database knows it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from records.database import Database
from records.models import ClockRow, SelectionRow

_CLOCK = "backup"


def note_backup(db: Database, made_at: datetime) -> None:
    """Keep that a good backup of that moment is there. Raises: DatabaseUnavailable."""
    with db.session() as session:
        session.merge(ClockRow(name=_CLOCK, due_at=made_at, ended_at=made_at))


def last_backup_at(session: Session) -> datetime | None:
    """The moment whose state the last good backup holds; None where none was made, or not by ``vigpack backup``."""
    return session.scalar(select(ClockRow.ended_at).where(ClockRow.name == _CLOCK))


def unsaved_since(session: Session) -> datetime | None:
    """Since when there has been something that no backup holds: the last backup, or else the oldest selection's coming.

    None where there is nothing to lose.
    """
    return last_backup_at(session) or session.scalar(select(func.min(SelectionRow.created_at)))
