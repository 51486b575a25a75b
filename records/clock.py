"""The service's clock."""

from __future__ import annotations

from datetime import UTC, date, datetime


def utcnow() -> datetime:
    """The present moment, in UTC."""
    return datetime.now(UTC)


def local_day(moment: datetime) -> date:
    """The day that people here write down: by this machine's time zone (``TZ``), not by UTC."""
    return moment.astimezone().date()
