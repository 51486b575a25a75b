"""How the service was, minute by minute, for a week: what the ledger alone cannot tell afterwards."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from records.database import Database
from records.models import SampleRow, utcnow

EVERY_S = 60
KEPT = timedelta(days=8)
_UNBROKEN = timedelta(seconds=2.5 * EVERY_S)
"""Longer without a sample: nobody knows what was between."""
_PRESENT = timedelta(days=1)
_LEAST_SPAN = timedelta(hours=6)
"""From less than this no rate is reckoned: one large upload is no trend."""


def keep_sample(db: Database, sample: SampleRow, *, after_outage: bool = False) -> None:
    """Remember how it is now, and since when it has been so; ``after_outage``: since now.

    Raises: DatabaseUnavailable.
    """
    sample.at = sample.since = utcnow()
    if not after_outage:
        with db.reading() as session:
            sample.since = since_when(session, sample.state, sample.at)
    try:
        with db.session() as session:
            session.add(sample)
            session.execute(delete(SampleRow).where(SampleRow.at < sample.at - KEPT))
    except IntegrityError:  # another process kept one at this very instant
        return


def since_when(session: Session, state: str, now: datetime) -> datetime:
    """Since when it has been in this state without a gap; now, where it was another or nobody looked."""
    last = session.scalars(select(SampleRow).order_by(SampleRow.at.desc()).limit(1)).first()
    unbroken = last is not None and last.state == state and now - last.at < _UNBROKEN
    return last.since if unbroken and last is not None else now


def filling_per_day(session: Session, free_bytes: int, now: datetime) -> int | None:
    """Bytes by which the disk fills in a day, at the rate of the last one; negative where it empties. None: unknown."""
    known = select(SampleRow).where(SampleRow.at >= now - _PRESENT, SampleRow.disk_free_bytes.is_not(None))
    first = session.scalars(known.order_by(SampleRow.at).limit(1)).first()
    if first is None or first.disk_free_bytes is None or now - first.at < _LEAST_SPAN:
        return None
    return round((first.disk_free_bytes - free_bytes) * (timedelta(days=1) / (now - first.at)))
