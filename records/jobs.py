"""The jobs ledger: who does what, until when. The row is the truth; the message in the queue only wakes a worker.

A job is claimed by one ``UPDATE … WHERE`` that changes exactly one row. The claim holds a lease with a random token;
whoever has no valid token can neither renew nor finish. Leases compare the clocks of several machines: they must agree
within a quarter of ``lease_s`` (any NTP does).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import CursorResult, Update, and_, func, or_, select, update
from sqlalchemy.orm import Session

from pipeline.errors import Cancelled
from records.database import Database
from records.errors import LeaseLost
from records.models import ArtifactRow, JobRow, JobState, MomentRow, MomentState, new_id, utcnow
from records.settings import Settings

MOMENT = "moment"
"""The kind of the jobs that make one clip or still; every other kind is a kind of output."""
LONGEST_REST_S = 3600
"""Between two attempts at a job."""


@dataclass(frozen=True)
class Claim:
    """The right to work on a job, as long as its token stands in the row."""

    job_id: str
    kind: str
    selection_id: str
    moment_id: str | None
    token: str
    attempt: int
    lease_s: float


def add_job(session: Session, kind: str, selection_id: str, moment_id: str | None = None, priority: int = 5) -> JobRow:
    """A new job, due at once. Its id is sent to the queue after the transaction is committed."""
    job = JobRow(kind=kind, selection_id=selection_id, moment_id=moment_id, priority=priority)
    session.add(job)
    session.flush()
    return job


def claim(db: Database, job_id: str, worker: str, settings: Settings) -> Claim | None:
    """The job for this worker alone, or None where it is done, taken, not yet due or gone."""
    now = utcnow()
    token = new_id()
    dead_lease = and_(
        JobRow.state == JobState.RUNNING, JobRow.lease_until < now, JobRow.attempts < settings.max_attempts
    )
    free = and_(JobRow.state == JobState.QUEUED, or_(JobRow.not_before.is_(None), JobRow.not_before <= now))
    taking = (
        update(JobRow)
        .where(JobRow.id == job_id, JobRow.cancel_requested.is_(False), or_(free, dead_lease))
        .values(
            state=JobState.RUNNING,
            lease_token=token,
            lease_until=now + timedelta(seconds=settings.lease_s),
            worker=worker,
            attempts=JobRow.attempts + 1,
            started_at=func.coalesce(JobRow.started_at, now),
            progress=0.0,
        )
    )
    with db.session() as session:
        if rows_changed(session, taking) != 1:
            return None
        job = session.get_one(JobRow, job_id)
        if job.moment_id is not None:
            session.execute(update(MomentRow).where(MomentRow.id == job.moment_id).values(state=MomentState.RUNNING))
        return Claim(job.id, job.kind, job.selection_id, job.moment_id, token, job.attempts, settings.lease_s)


def renew(db: Database, claim: Claim, progress: float | None = None) -> None:
    """Hold the job for another lease, and note how far it is (0 to 1).

    Raises: LeaseLost (another worker has it, or it was erased), Cancelled, DatabaseUnavailable.
    """
    values: dict[str, Any] = {"lease_until": utcnow() + timedelta(seconds=claim.lease_s)}
    if progress is not None:
        values["progress"] = min(max(progress, 0.0), 1.0)
    with db.session() as session:
        if rows_changed(session, update(JobRow).where(*holds(claim)).values(values)) != 1:
            raise LeaseLost(claim.job_id)
        if session.scalar(select(JobRow.cancel_requested).where(JobRow.id == claim.job_id)):
            raise Cancelled(claim.job_id)


def holds(claim: Claim) -> tuple[Any, ...]:
    """The conditions under which a claim is still good."""
    return (JobRow.id == claim.job_id, JobRow.state == JobState.RUNNING, JobRow.lease_token == claim.token)


def rows_changed(session: Session, statement: Update) -> int:
    """How many rows the update changed."""
    result = session.execute(statement, execution_options={"synchronize_session": False})
    return cast("CursorResult[Any]", result).rowcount


def back_off(settings: Settings, attempts: int) -> timedelta:
    """How long a job rests after its attempts so far: doubled with each, an hour at most."""
    return timedelta(seconds=min(settings.retry_after_s * 2 ** max(attempts - 1, 0), LONGEST_REST_S))


def mark_sent(db: Database, job_id: str) -> int | None:
    """Note that a queued job's id goes to the queue now; its priority, or None where it is not queued any more."""
    sending = update(JobRow).where(JobRow.id == job_id, JobRow.state == JobState.QUEUED).values(sent_at=utcnow())
    with db.session() as session:
        return session.scalar(sending.returning(JobRow.priority))


def mark_unsent(db: Database, job_id: str) -> None:
    """Note that sending failed, so that healing need not wait before it tries."""
    with db.session() as session:
        session.execute(update(JobRow).where(JobRow.id == job_id).values(sent_at=None))


def _due(now: datetime) -> tuple[Any, ...]:
    return (JobRow.state == JobState.QUEUED, or_(JobRow.not_before.is_(None), JobRow.not_before <= now))


def waiting_ids(db: Database, limit: int) -> list[str]:
    """The jobs a worker could begin now, most urgent and then oldest first."""
    with db.reading() as session:
        query = select(JobRow.id).where(*_due(utcnow())).order_by(JobRow.priority, JobRow.created_at).limit(limit)
        return list(session.scalars(query))


def take_unsent(db: Database, limit: int, *, silent_s: float) -> list[tuple[str, int]]:
    """Id and priority of due jobs whose message is missing longest, now marked as sent by the caller.

    Only those never sent, or sent more than ``silent_s`` ago. Two callers at once never get the same job.
    """
    now = utcnow()
    silent = or_(JobRow.sent_at.is_(None), JobRow.sent_at < now - timedelta(seconds=silent_s))
    oldest = (
        select(JobRow.id, JobRow.priority)
        .where(*_due(now), silent)
        .order_by(JobRow.sent_at.is_not(None), JobRow.sent_at, JobRow.priority, JobRow.created_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    with db.session() as session:
        taken = [(row.id, row.priority) for row in session.execute(oldest)]
        session.execute(update(JobRow).where(JobRow.id.in_([job_id for job_id, _ in taken])).values(sent_at=now))
        return taken


def live_tokens(session: Session) -> set[str]:
    """The tokens of every running job: what bears another token will never be finished."""
    return {
        token for token in session.scalars(select(JobRow.lease_token).where(JobRow.state == JobState.RUNNING)) if token
    }


def referenced_keys(session: Session, keys: list[str]) -> set[str]:
    """Those of the keys that a finished artifact stands on."""
    return set(session.scalars(select(ArtifactRow.storage_key).where(ArtifactRow.storage_key.in_(keys))))


@dataclass(frozen=True)
class Counts:
    """The ledger at one moment."""

    by_state: dict[tuple[str, str], int]
    """(kind, state) → jobs."""
    due: int
    """Queued and allowed to begin."""
    oldest_waiting_s: float | None
    """Since when the longest waiting due job could have begun; None where none waits."""
    last_done_at: datetime | None


def counts(db: Database) -> Counts:
    """How many jobs are in which state, and how long the oldest due one waits. Raises: DatabaseUnavailable."""
    now = utcnow()
    with db.reading() as session:
        grouped = select(JobRow.kind, JobRow.state, func.count()).group_by(JobRow.kind, JobRow.state)
        by_state = {(kind, state): number for kind, state, number in session.execute(grouped)}
        since = func.coalesce(JobRow.not_before, JobRow.queued_at)
        due, oldest = session.execute(select(func.count(), func.min(since)).where(*_due(now))).one()
        last_done = session.scalar(select(func.max(JobRow.finished_at)).where(JobRow.state == JobState.DONE))
    waited = None if oldest is None else max((now - oldest).total_seconds(), 0.0)
    return Counts(by_state, due, waited, last_done)
