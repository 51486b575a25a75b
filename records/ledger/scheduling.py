"""Whose turn it is: the order in which due jobs are taken.

1. How urgent the kind of work is (Priority). What waits for long moves up, so that nothing waits for ever.
2. Fair share: the guider for whom least runs or was begun of late. A review that is near gives a head start of some
   jobs, and not more, so that one guider's forty clips for tomorrow do not stop another's single one.
3. Age.

Only the jobs' own columns are read: states, times, numbers, and a guider's random code; nothing of a family.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any

from sqlalchemy import ScalarSelect, and_, case, func, or_, select

from records.models import JobRow, JobState


class Priority(IntEnum):
    """How urgent a kind of work is: 0 is the most urgent, 9 the least. IT may give a job any of them."""

    AWAITED_PACK = 3
    """A guider whose moments are all ready waits for one short job only."""
    MOMENT = 5
    """Sent by a guider from her desk."""
    WHOLE_FILM = 6
    """A moment of a film that came whole, which took its time anyway."""
    LATER = 8
    """A pack that nobody waits for yet."""


RECENT = timedelta(minutes=10)
"""What was begun for a guider within this time counts in her share, finished or not."""
_PATIENCE = timedelta(minutes=15)
"""After this a job counts as a moment does; after four times as long it comes before fresh moments."""
_OVERDUE_RANK = Priority.MOMENT - 1
_SOON, _NEAR = timedelta(days=1), timedelta(days=7)
_SOON_JOBS, _NEAR_JOBS = 4, 2
"""The head start in jobs where the review is today or tomorrow, and where it is within a week."""


def is_due(job: Any, now: datetime) -> tuple[Any, ...]:
    """The conditions under which a job (JobRow, or the columns of its table) waits and could begin."""
    return (
        job.state == JobState.QUEUED,
        job.cancel_requested.is_(False),
        or_(job.not_before.is_(None), job.not_before <= now),
    )


def next_due_job(now: datetime) -> ScalarSelect[str]:
    """The id of the due job whose turn it is, held against others who ask at the same instant (PostgreSQL)."""
    table, others = JobRow.__table__.alias(), JobRow.__table__.alias()  # plain tables: half the work of mapped ones
    job, other = table.c, others.c
    shares = (
        select(other.guider, func.count().label("jobs"))
        .where(or_(other.state == JobState.RUNNING, other.started_at >= now - RECENT))
        .group_by(other.guider)
        .subquery()
    )
    head_start = case(
        (_review_within(_SOON, job, now), _SOON_JOBS), (_review_within(_NEAR, job, now), _NEAR_JOBS), else_=0
    )
    return (
        select(job.id)
        .outerjoin(shares, shares.c.guider == job.guider)
        .where(*is_due(job, now))
        .order_by(_rank(job, now), func.coalesce(shares.c.jobs, 0) - head_start, job.queued_at, job.id)
        .limit(1)
        .with_for_update(skip_locked=True, of=table)
        .scalar_subquery()
    )


def _rank(job: Any, now: datetime) -> Any:
    moves_up = or_(job.queued_at < now - _PATIENCE, _review_within(_SOON, job, now))
    return case(
        (job.priority <= _OVERDUE_RANK, job.priority),
        (job.queued_at < now - 4 * _PATIENCE, int(_OVERDUE_RANK)),
        (and_(job.priority > Priority.MOMENT, moves_up), int(Priority.MOMENT)),
        else_=job.priority,
    )


def _review_within(time: timedelta, job: Any, now: datetime) -> Any:
    """Also where it was yesterday: days are counted in UTC."""
    return job.review_on.between((now - timedelta(days=1)).date(), (now + time).date())
