"""Days that pass for a database: every time in it moves back."""

from __future__ import annotations

from sqlalchemy import Date, text
from sqlalchemy.orm import Session

from records.models import Base
from records.models.base import UtcDateTime


def let_days_pass(session: Session, days: int) -> None:
    """Move every time in a database of SQLite back by so many days, but for the audit's, which nobody changes."""
    for table in Base.metadata.sorted_tables:
        if table.name == "audit":
            continue
        moved = []
        for column in table.columns:
            if isinstance(column.type, UtcDateTime):
                moved.append(f"{column.name} = strftime('%Y-%m-%d %H:%M:%f', {column.name}, '-{days} days') || '000'")
            elif isinstance(column.type, Date):
                no_day = f"CASE WHEN {column.name} LIKE '0001-%' THEN {column.name}"  # the first of all stands for none
                moved.append(f"{column.name} = {no_day} ELSE date({column.name}, '-{days} days') END")
        if moved:
            session.execute(text(f'UPDATE "{table.name}" SET {", ".join(moved)}'))  # noqa: S608
