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

from sqlalchemy import (
    ColumnElement,
    FromClause,
    ScalarSelect,
    Select,
    and_,
    case,
    func,
    literal_column,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.orm import Session

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

_MOST_ASKING = 16
"""So many at one instant get the job whose turn it is."""
_QUEUED: ColumnElement[str] = literal_column(f"'{JobState.QUEUED}'")
"""Written out, as in the conditions of the indexes that serve it: a parameter might be anything."""


def is_due(job: Any, now: datetime) -> tuple[Any, ...]:
    """The conditions under which a job (JobRow, or the columns of its table) waits and could begin."""
    return (
        job.state == _QUEUED,
        job.cancel_requested.is_(False),
        or_(job.not_before.is_(None), job.not_before <= now),
    )


def next_due_job(session: Session, now: datetime) -> ColumnElement[str]:
    """The id of the due job whose turn it is, held against others who ask at the same instant (PostgreSQL).

    Where others hold all that come first, it is any that they leave.
    """
    of_many = session.get_bind().dialect.name == "postgresql"
    waiting = _heads(now) if of_many else _all_due(now)
    first = _in_turn(waiting, now).limit(_MOST_ASKING).subquery()
    held, left = JobRow.__table__.alias(), JobRow.__table__.alias()
    turn = select(held.c.id).join(first, first.c.id == held.c.id).where(*is_due(held.c, now)).order_by(*_turn(first))
    oldest = select(left.c.id).where(*is_due(left.c, now)).order_by(left.c.priority, left.c.queued_at, left.c.id)
    return func.coalesce(_one_not_held(turn, held), _one_not_held(oldest, left))


def _one_not_held(jobs: Select[str], table: FromClause) -> ScalarSelect[str]:
    return jobs.limit(1).with_for_update(skip_locked=True, of=table).scalar_subquery()


def _in_turn(waiting: FromClause, now: datetime) -> Select[Any]:
    job, other = waiting.c, JobRow.__table__.alias().c  # a plain table: half the work of a mapped one
    shares = (
        select(other.guider, func.count().label("jobs"))
        .where(or_(other.state == JobState.RUNNING, other.started_at >= now - RECENT))
        .group_by(other.guider)
        .subquery()
    )
    head_start = case(
        (_review_within(_SOON, job, now), _SOON_JOBS), (_review_within(_NEAR, job, now), _NEAR_JOBS), else_=0
    )
    share = (func.coalesce(shares.c.jobs, 0) - head_start).label("share")
    turn = select(job.id, _rank(job, now).label("rank"), share, job.queued_at)
    turn = turn.outerjoin_from(waiting, shares, shares.c.guider == job.guider)
    return turn.order_by("rank", "share", job.queued_at, job.id)


def _turn(first: FromClause) -> tuple[ColumnElement[Any], ...]:
    return first.c.rank, first.c.share, first.c.queued_at, first.c.id


def _all_due(now: datetime) -> FromClause:
    table = JobRow.__table__.alias()
    return select(*_asked_of(table.c)).where(*is_due(table.c, now)).subquery()


def _heads(now: datetime) -> FromClause:
    """The oldest due job of each urgency, guider and day of the review: whose turn it is, is one of them.

    Jobs alike in these three are taken by age, so no other can come first. An index leads from each to the next one: as
    many steps as guiders wait, not as jobs do. SQLite has no LATERAL, and serves one machine with a short queue.
    """

    def first_of(table: FromClause, *after: ColumnElement[bool]) -> Select[Any]:
        order = (*_alike(table.c), table.c.queued_at, table.c.id)
        return select(*_asked_of(table.c)).where(*is_due(table.c, now), *after).order_by(*order).limit(1)

    begin, following = JobRow.__table__.alias(), JobRow.__table__.alias()
    heads = select(first_of(begin).subquery()).cte("heads", recursive=True)
    further = first_of(following, tuple_(*_alike(following.c)) > tuple_(*_alike(heads.c))).lateral()
    return heads.union_all(select(*further.c).select_from(heads.join(further, true())))


def _alike(job: Any) -> tuple[Any, ...]:
    return job.priority, job.guider, job.review_on


def _asked_of(job: Any) -> tuple[Any, ...]:
    return job.id, job.queued_at, *_alike(job)


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
