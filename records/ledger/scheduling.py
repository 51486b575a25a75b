"""Whose turn it is: the order in which due jobs are taken.

1. How urgent the kind of work is (Priority): what is made in a second or two comes before everything that takes longer.
   What waits for long moves up, at last to the very first, so that nothing waits for ever.
2. Fair share: the guider for whom least runs or was begun of late. A review that is near gives a head start of some
   jobs, and not more, so that one guider's forty clips for tomorrow do not stop another's single one.
3. Age.

A worker may have processes that take what is short alone (``claim_next(most_long=…)``): a light moment is made at once
while encoders are busy with a hundred others, and they lose nothing to it but its second of work.

Only the jobs' own columns are read: states, times, numbers, and a guider's random code; nothing of a family.
"""

from __future__ import annotations

from collections.abc import Callable
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

from records.models import JobRow, JobState, WorkerRow


class Priority(IntEnum):
    """How urgent a kind of work is: 0 is the most urgent, 9 the least. IT may give a job any of them."""

    SHORT = 2
    """A moment that needs no encoding, or hardly any: a still, or a clip that was sent as it is to be."""
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
"""After this a job counts as a moment does; after four times as long it counts as what is short."""
_OVERDUE_RANK = Priority.SHORT
_SOON, _NEAR = timedelta(days=1), timedelta(days=7)
_SOON_JOBS, _NEAR_JOBS = 4, 2
"""The head start in jobs where the review is today or tomorrow, and where it is within a week."""

_MOST_SHORT_BYTES = 20_000_000
_MOST_SHORT_MS = 60_000
_MOST_SHORT_BYTES_A_MS = 312.5
"""2.5 Mbit/s: twice what the page's lighter moments have, a fifth of what phones film."""
_Conditions = Callable[[Any], tuple[Any, ...]]

_LEAST_URGENT = 9
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


def is_short(kind: str, size_bytes: int, span_ms: int) -> bool:
    """Whether a moment that came as a cut of its own is made in a second or two: by its kind, its size and the rate of
    the pictures in it, which need not be encoded again or are few. Who is wrong here waits a little longer.
    """
    if size_bytes > _MOST_SHORT_BYTES:
        return False
    return kind == "still" or (span_ms <= _MOST_SHORT_MS and size_bytes <= span_ms * _MOST_SHORT_BYTES_A_MS)


def runs_long(session: Session, worker: str) -> int:
    """How many jobs that are not short a worker runs; its other processes wait here until this one has claimed."""
    session.execute(select(WorkerRow.name).where(WorkerRow.name == worker).with_for_update())
    running = (JobRow.state == JobState.RUNNING, JobRow.worker == worker, JobRow.priority > Priority.SHORT)
    return session.scalar(select(func.count()).where(*running)) or 0


def next_due_job(session: Session, now: datetime, *, short_only: bool = False) -> ColumnElement[str]:
    """The id of the due job whose turn it is, held against others who ask at the same instant (PostgreSQL).

    Where others hold all that come first, it is any that they leave.
    """
    of_many = session.get_bind().dialect.name == "postgresql"
    among = _due(now, most=Priority.SHORT if short_only else None)
    waiting = _heads(_first_alone(session, now, among)) if of_many else _all_due(among)
    first = _in_turn(waiting, now).limit(_MOST_ASKING).subquery()
    held, left = JobRow.__table__.alias(), JobRow.__table__.alias()
    turn = select(held.c.id).join(first, first.c.id == held.c.id).where(*among(held.c)).order_by(*_turn(first))
    oldest = select(left.c.id).where(*among(left.c)).order_by(left.c.priority, left.c.queued_at, left.c.id)
    # In a SELECT of its own: beside a policy on rows PostgreSQL takes no COALESCE for an index's key, as it might tell.
    return select(func.coalesce(_one_not_held(turn, held), _one_not_held(oldest, left))).scalar_subquery()


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


def _due(now: datetime, *, most: int | None = None) -> _Conditions:
    def conditions(job: Any) -> tuple[Any, ...]:
        return is_due(job, now) if most is None else (*is_due(job, now), job.priority <= most)

    return conditions


def _first_alone(session: Session, now: datetime, among: _Conditions) -> _Conditions:
    """Only what is most urgent, where nothing less urgent has moved up: so fewer heads are looked for."""
    job = JobRow.__table__.alias()
    first = select(job.c.priority).where(*among(job.c)).order_by(*_alike(job.c), job.c.queued_at, job.c.id).limit(1)
    level = session.scalar(first)
    if level is None:
        return among
    later = [
        select(job.c.id).where(job.c.state == _QUEUED, job.c.priority == one, job.c.queued_at < now - _PATIENCE)
        for one in range(level + 1, _LEAST_URGENT + 1)
    ]
    near = select(job.c.id).where(job.c.state == _QUEUED, _review_within(_SOON, job.c, now), job.c.priority > level)
    has_moved_up = select(or_(*(one.limit(1).exists() for one in [*later, near])))
    return among if session.scalar(has_moved_up) else _due(now, most=level)


def _all_due(among: _Conditions) -> FromClause:
    table = JobRow.__table__.alias()
    return select(*_asked_of(table.c)).where(*among(table.c)).subquery()


def _heads(among: _Conditions) -> FromClause:
    """The oldest due job of each urgency, guider and day of the review: whose turn it is, is one of them.

    Jobs alike in these three are taken by age, so no other can come first. An index leads from each to the next one: as
    many steps as guiders wait, not as jobs do. SQLite has no LATERAL, and serves one machine with a short queue.
    """

    def first_of(table: FromClause, *after: ColumnElement[bool]) -> Select[Any]:
        order = (*_alike(table.c), table.c.queued_at, table.c.id)
        return select(*_asked_of(table.c)).where(*among(table.c), *after).order_by(*order).limit(1)

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
