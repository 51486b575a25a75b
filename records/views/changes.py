"""Which of many selections have changed, asked in one statement however many are watched.

It says that something is different, not what: the watchers then read the views of those few.
"""

from __future__ import annotations

from collections.abc import Collection
from itertools import islice

from sqlalchemy import CTE, ColumnElement, Select, Text, cast, func, literal, select, union_all
from sqlalchemy.orm import Session

from records.models import (
    ArtifactRow,
    ArtworkRow,
    Base,
    HidingRow,
    JobRow,
    MomentRow,
    OutputRow,
    SelectionRow,
    UploadRow,
    WordsRow,
)

_NEVER_SHOWN: dict[type[Base], set[str]] = {
    SelectionRow: {"shape", "film", "family", "family_id", "guider", "begun_by", "erasing_at"},
    HidingRow: {"marks", "pictures"},
    JobRow: {"lease_token", "lease_until", "worker", "moved_at", "sent_at", "error_detail", "acknowledged_at"},
    UploadRow: {"holder", "expires_at"},
    MomentRow: set(),
    OutputRow: set(),
    ArtifactRow: set(),
    ArtworkRow: set(),
    WordsRow: {"words", "saved_at"},
}
"""The tables that a selection's view is made from, and what in them the view does not show, or never changes.

Of an upload the view shows when it expires; that grows with its offset, and would tell nothing more."""
_AT_ONCE = 5000
"""How many selections one statement asks for: SQLite takes 32,766 values."""


def fingerprints(session: Session, selection_ids: Collection[str]) -> dict[str, str]:
    """A text for each of these selections that is there: another one whenever its view may be another."""
    ids = iter(selection_ids)
    found: dict[str, str] = {}
    while some := list(islice(ids, _AT_ONCE)):
        for row in session.execute(_asking(some)):
            # PostgreSQL gives them in another order once it knows more of its tables.
            found[row.selection_id] = "\n".join(sorted(row.lines.split("\n")))
    return found


def _asking(ids: list[str]) -> Select[tuple[str, str]]:
    watched = select(SelectionRow.id).where(SelectionRow.id.in_(ids), SelectionRow.visible).cte("watched")
    lines = union_all(*(_lines_of(table, unseen, watched) for table, unseen in _NEVER_SHOWN.items())).subquery()
    together = func.aggregate_strings(lines.c.line, "\n").label("lines")
    return select(lines.c.selection_id, together).group_by(lines.c.selection_id)


def _lines_of(table: type[Base], unseen: set[str], watched: CTE) -> Select[tuple[str, str]]:
    columns = table.__table__.columns
    owner = columns["id" if table is SelectionRow else "selection_id"]
    line: ColumnElement[str] = literal(table.__tablename__)
    for column in columns:
        if column.name not in unseen:
            line = line + "|" + func.coalesce(cast(column, Text), "")
    return select(owner.label("selection_id"), line.label("line")).where(owner.in_(select(watched.c.id)))
