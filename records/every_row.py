"""What everybody who works with the database may know of every row: that it is there, and its file's name.

On PostgreSQL a worker's role may be shown only rows that a job names (records/migrations/worker_role.py). Sweeping
takes a file without a row for rubbish, so it must not take a hidden row for none: it reads views that hide nothing
(step 0048), and says first that it bears no hidden ones.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import column, func, select, table, text
from sqlalchemy.orm import Session
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from records.models import Base, SelectionRow

_SHOWN: Final = {
    "artifacts": ("storage_key",),
    "artwork": ("selection_id", "storage_key", "created_at"),
    "jobs": ("state", "lease_token", "queued_at", "finished_at"),
    "selections": ("id", "erasing_at"),
    "uploads": ("id", "state", "storage_key"),
    "withheld": ("storage_key",),
}


def every(session: Session, row: type[Base]) -> ReadOnlyColumnCollection[str, Any]:
    """Columns of a table that hide no row."""
    whole = row.__table__.c
    if session.get_bind().dialect.name != "postgresql":
        return whole
    shown = [column(name, whole[name].type) for name in _SHOWN[row.__tablename__]]
    return table(f"all_{row.__tablename__}", *shown).c


def bear_no_hidden_rows(session: Session) -> None:
    """Until the transaction ends, a query from which our role's rights would hide rows is refused as a whole."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SET LOCAL row_security = off"))


def hold_selection(session: Session, selection_id: str) -> bool:
    """Hold a selection until the transaction ends; False where there is none or it is being erased.

    For who needs to see nothing of it; else records.ledger.selections.lock_selection().
    """
    if session.get_bind().dialect.name == "postgresql":
        return bool(session.scalar(select(func.hold_selection(selection_id))))
    return (
        session.scalar(select(SelectionRow.id).where(SelectionRow.id == selection_id, SelectionRow.visible)) is not None
    )
