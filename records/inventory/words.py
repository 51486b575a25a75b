"""Times and amounts as people say them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from records.retention_policy.periods import Clock, Period, Term

_FROM: Final = {
    Clock.CASE: "after involvement ended",
    Clock.DOB: "after the child’s birth",
    Clock.READY: "after its moments are ready",
    Clock.MADE: "after it was made",
    Clock.SENT: "after it arrived",
}
_UNITS_S: Final = ((86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


def counted(number: int, what: str) -> str:
    """``1 day``, ``14 days``."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def said_period(period: Period) -> str:
    """``14 days``, ``2 months``, ``6 years``."""
    if period.days:
        return counted(period.days, "day")
    years, months = divmod(period.months, 12)
    return counted(period.months, "month") if months else counted(years, "year")


def said_term(term: Term) -> str:
    """``2 months after involvement ended``."""
    return f"{said_period(term.period)} {_FROM[term.clock]}"


def said_terms(terms: Iterable[Term]) -> str:
    """Several of them, of which the latest counts."""
    said = [said_term(term) for term in terms]
    return said[0] if len(said) == 1 else f"{' or '.join(said)}, whichever is later"


def said_seconds(seconds: int) -> str:
    """``8 hours``, ``90 days``: in the largest unit in which it is whole."""
    for length, unit in _UNITS_S:
        if seconds % length == 0:
            return counted(seconds // length, unit)
    raise AssertionError(seconds)


def said_interval(seconds: int) -> str:
    """As it stands after *every*: ``hour``, ``5 minutes``."""
    return said_seconds(seconds).removeprefix("1 ")
