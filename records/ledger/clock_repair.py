"""Times in the ledger that no right clock would have written.

A machine whose clock was ahead, and was then set right or died, leaves leases and rests that end far in the future:
its jobs would wait for that day. Such times are brought back to the longest that a right clock could have meant.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import update

from records.database import Database, rows_changed
from records.ledger.jobs import LONGEST_REST_S
from records.models import JobRow, JobState, utcnow
from records.settings import Settings

_TOLERANCE = 2
"""Times a lease: machines' clocks may differ a little."""


def clamp_future_timestamps(db: Database, settings: Settings) -> int:
    """Shorten what ends too late; how many jobs. Raises: DatabaseUnavailable.

    A lease is cut to a whole one from now: a worker that still has it renews it, another loses it then.
    """
    now = utcnow()
    lease, rest = timedelta(seconds=settings.lease_s), timedelta(seconds=LONGEST_REST_S)
    leases = update(JobRow).where(JobRow.state == JobState.RUNNING, JobRow.lease_until > now + _TOLERANCE * lease)
    rests = update(JobRow).where(JobRow.state == JobState.QUEUED, JobRow.not_before > now + rest + lease)
    with db.session() as session:
        shortened = rows_changed(session, leases.values(lease_until=now + lease))
        return shortened + rows_changed(session, rests.values(not_before=now))
