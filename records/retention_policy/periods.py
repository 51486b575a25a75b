"""Times as councils' retention schedules write them: CASE+6, DOB+25, READY+14D."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Self, TypeVar

_PERIOD = re.compile(r"([1-9][0-9]{0,3})([DWMY]?)")
_TERM = re.compile(r"([A-Z]+)\+(.*)")
_When = TypeVar("_When", date, datetime)
_LAST_YEAR = 9999


class Clock(StrEnum):
    """From when a time runs."""

    CASE = "CASE"
    """Involvement ended."""
    DOB = "DOB"
    """The child was born."""
    READY = "READY"
    """The moments of a selection were ready."""
    MADE = "MADE"
    """An output was made."""
    SENT = "SENT"
    """An upload arrived."""


@dataclass(frozen=True)
class Period:
    """A length of time by the calendar: a month after January 31 is February 28."""

    months: int = 0
    days: int = 0

    @classmethod
    def parse(cls, text: str) -> Self:
        """14D, 2W, 6M, 6Y or 6, which are years. Raises: ValueError."""
        found = _PERIOD.fullmatch(text)
        if found is None:
            raise ValueError(f"{text!r} is no length of time: write 14D, 2W, 6M or 6Y")
        amount = int(found[1])
        match found[2]:
            case "D":
                return cls(days=amount)
            case "W":
                return cls(days=7 * amount)
            case "M":
                return cls(months=amount)
        return cls(months=12 * amount)

    def after(self, when: _When) -> _When:
        """So long after ``when``; what lies beyond the calendar is its last year."""
        months = when.year * 12 + when.month - 1 + self.months
        year, month = min(months // 12, _LAST_YEAR), months % 12 + 1
        day = min(when.day, calendar.monthrange(year, month)[1])
        try:
            return when.replace(year=year, month=month, day=day) + timedelta(days=self.days)
        except OverflowError:
            return when.replace(year=_LAST_YEAR, month=12, day=31)

    def before(self, when: _When) -> _When:
        """So long before ``when``."""
        return Period(-self.months, -self.days).after(when)

    def __str__(self) -> str:
        if self.days:
            return f"{self.days}D"
        return f"{self.months // 12}Y" if self.months % 12 == 0 else f"{self.months}M"


@dataclass(frozen=True)
class Term:
    """A time from a clock: CASE+6."""

    clock: Clock
    period: Period

    @classmethod
    def parse(cls, text: str) -> Self:
        """CASE+6, DOB+25, READY+14D. Raises: ValueError."""
        found = _TERM.fullmatch(text)
        if found is None or found[1] not in Clock.__members__:
            raise ValueError(f"{text!r} is no time to keep something: write {', '.join(Clock)}, + and a length of time")
        return cls(Clock(found[1]), Period.parse(found[2]))

    def __str__(self) -> str:
        return f"{self.clock}+{self.period}"
