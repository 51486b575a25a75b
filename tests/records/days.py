"""Days that pass for a database: every time in it moves back."""

from __future__ import annotations

from sqlalchemy import Column, Date, text
from sqlalchemy.orm import Session

from records.models import Base
from records.models.base import UtcDateTime


def let_days_pass(session: Session, days: int) -> None:
    """Move every time in a database back by so many days, but for the audit's, which nobody changes."""
    earlier = _in_sqlite if session.get_bind().dialect.name == "sqlite" else _in_postgresql
    for table in Base.metadata.sorted_tables:
        moved = [f'"{one.name}" = {then}' for one in table.columns if (then := earlier(one, days))]
        if moved and table.name != "audit":
            session.execute(text(f'UPDATE "{table.name}" SET {", ".join(moved)}'))  # noqa: S608


def _in_sqlite(column: Column[object], days: int) -> str:
    name = f'"{column.name}"'
    if isinstance(column.type, UtcDateTime):
        return f"strftime('%Y-%m-%d %H:%M:%f', {name}, '-{days} days') || '000'"
    if isinstance(column.type, Date):  # the first of all stands for none
        return f"CASE WHEN {name} LIKE '0001-%' THEN {name} ELSE date({name}, '-{days} days') END"
    return ""


def _in_postgresql(column: Column[object], days: int) -> str:
    name = f'"{column.name}"'
    if isinstance(column.type, UtcDateTime):
        return f"{name} - interval '{days} days'"
    if isinstance(column.type, Date):
        return f"CASE WHEN {name} = '0001-01-01' THEN {name} ELSE {name} - {days} END"
    return ""
