"""The service's clock."""

from __future__ import annotations

from datetime import UTC, datetime


def utcnow() -> datetime:
    """The present moment, in UTC."""
    return datetime.now(UTC)
