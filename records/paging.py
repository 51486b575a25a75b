"""Where a page of a list ends: the next one begins behind it, whatever was added before it meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, or_

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
CURSOR_PATTERN: Final = "^[0-9]{1,17}-[0-9a-f]{32}$"
"""Of a position in an address: up to the year 5138."""


@dataclass(frozen=True)
class Position:
    """The place of a row among others by a time and, where that is the same, by its id; the newest come first."""

    at: datetime
    id: str

    def __str__(self) -> str:
        """Microseconds since 1970 and the id."""
        return f"{(self.at - _EPOCH) // _MICROSECOND}-{self.id}"

    def is_followed_by(self, at: Any, row_id: Any) -> ColumnElement[bool]:
        """The condition under which a row with these columns comes behind it in the list."""
        return and_(at <= self.at, or_(at < self.at, row_id < self.id))


def parse_position(text: str) -> Position:
    """What ``str`` made of one, by CURSOR_PATTERN."""
    microseconds, _, row_id = text.partition("-")
    return Position(_EPOCH + int(microseconds) * _MICROSECOND, row_id)
