"""The jobs ledger: who does what, until when. The row is the truth; the message in the queue only wakes a worker.

A worker that is woken claims the job whose turn it is (records/ledger/scheduling.py), whichever job the message
names, by one ``UPDATE … WHERE`` that changes exactly one row. The claim holds a lease with a random token; a worker
without a valid token can neither renew nor finish. A lease that ran out is given back by recovery, after a rest
(records/actions/complete_job.py). Leases compare the clocks of several machines: they must agree within a quarter of
``lease_s`` (any NTP does).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import case, func, select, update
from sqlalchemy.orm import Session, defer

from pipeline.errors import Cancelled
from records.database import Database, rows_changed
from records.effects import effects_of
from records.errors import LeaseLost
from records.every_row import every
from records.ledger.scheduling import Priority, is_due, next_due_job, runs_long
from records.ledger.workers import is_worker_draining
from records.models import (
    NO_REVIEW,
    ArtifactRow,
    JobRow,
    JobState,
    MomentRow,
    MomentState,
    SelectionRow,
    WithheldRow,
    new_id,
    utcnow,
)
from records.settings import Settings

MOMENT = "moment"
"""The kind of the jobs that make one clip or still; every other kind is a kind of output."""
WITHOUT_REASON = (defer(JobRow.error_sentence), defer(JobRow.error_detail))
"""As much of a job as workers may read: why it failed may name people."""
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
    is_short: bool = False
    """Made in a second or two (records/ledger/scheduling.py)."""


def add_job(
    session: Session,
    kind: str,
    selection: SelectionRow,
    moment_id: str | None = None,
    priority: int = Priority.MOMENT,
) -> JobRow:
    """A new job, due at once; a worker is woken for it after the commit."""
    job = JobRow(
        kind=kind,
        selection_id=selection.id,
        moment_id=moment_id,
        priority=priority,
        guider=selection.guider or selection.id,
        review_on=selection.review_on or NO_REVIEW,
    )
    session.add(job)
    session.flush()
    effects_of(session).wake(job.id)
    return job


def claim_next(db: Database, worker: str, settings: Settings, *, most_long: int | None = None) -> Claim | None:
    """The job whose turn it is, for this worker alone; None where none is due, or where the worker is drained.

    ``most_long``: while the worker runs so many jobs that are not short, only what is short; None: whatever it runs.
    """
    now = utcnow()
    token = new_id()
    with db.session() as session:
        short_only = most_long is not None and runs_long(session, worker) >= most_long
        chosen = next_due_job(session, now, short_only=short_only)
        taking = (
            update(JobRow)
            .where(JobRow.id == chosen, *is_due(JobRow, now), ~is_worker_draining(worker))
            .values(
                state=JobState.RUNNING,
                lease_token=token,
                lease_until=now + timedelta(seconds=settings.lease_s),
                worker=worker,
                attempts=JobRow.attempts + 1,
                started_at=func.coalesce(JobRow.started_at, now),
                progress=0.0,
                moved_at=now,
            )
            .returning(JobRow.id, JobRow.kind, JobRow.selection_id, JobRow.moment_id, JobRow.attempts, JobRow.priority)
        )
        job = session.execute(taking, execution_options={"synchronize_session": False}).one_or_none()
        if job is None:
            return None
        if job.moment_id is not None:
            session.execute(update(MomentRow).where(MomentRow.id == job.moment_id).values(state=MomentState.RUNNING))
        is_short = job.priority <= Priority.SHORT
        return Claim(job.id, job.kind, job.selection_id, job.moment_id, token, job.attempts, settings.lease_s, is_short)


def queue_again(session: Session, job: JobRow) -> None:
    """Make an ended job as if it had just been asked for, with all its attempts; a worker is woken after the commit.

    The caller holds the selection, and brings moment and selection in line (records.ledger.selections.settle).
    """
    if job.priority == Priority.SHORT:  # its ends or what is covered changed, or it failed: it may take longer now
        job.priority = Priority.MOMENT
    job.state = JobState.QUEUED
    job.queued_at = utcnow()
    job.not_before = job.sent_at = job.started_at = job.finished_at = job.acknowledged_at = None
    job.lease_token = job.lease_until = None
    job.attempts = 0
    job.progress = 0.0
    job.cancel_requested = False
    job.error_code = job.error_sentence = job.error_detail = None
    effects_of(session).wake(job.id)


def renew(db: Database, claim: Claim, progress: float | None = None) -> None:
    """Hold the job for another lease, and note how far it is (0 to 1).

    Raises: LeaseLost (another worker has it, or it was erased), Cancelled, DatabaseUnavailable.
    """
    now = utcnow()
    values: dict[str, Any] = {"lease_until": now + timedelta(seconds=claim.lease_s)}
    if progress is not None:
        values["progress"] = done = min(max(progress, 0.0), 1.0)
        values["moved_at"] = case((JobRow.progress < done, now), else_=JobRow.moved_at)
    with db.session() as session:
        if rows_changed(session, update(JobRow).where(*holds(claim)).values(values)) != 1:
            raise LeaseLost(claim.job_id)
        if session.scalar(select(JobRow.cancel_requested).where(JobRow.id == claim.job_id)):
            raise Cancelled(claim.job_id)


def holds(claim: Claim) -> tuple[Any, ...]:
    """The conditions under which a claim is still good."""
    return (JobRow.id == claim.job_id, JobRow.state == JobState.RUNNING, JobRow.lease_token == claim.token)


def back_off(settings: Settings, attempts: int) -> timedelta:
    """How long a job rests after its attempts so far: doubled with each, an hour at most."""
    return timedelta(seconds=min(settings.retry_after_s * 2 ** max(attempts - 1, 0), LONGEST_REST_S))


def mark_sent(db: Database, job_id: str) -> bool:
    """Note that a queued job's id goes to the queue now; False where it is not queued any more."""
    sending = update(JobRow).where(JobRow.id == job_id, JobRow.state == JobState.QUEUED).values(sent_at=utcnow())
    with db.session() as session:
        return rows_changed(session, sending) == 1


def mark_unsent(db: Database, job_id: str) -> None:
    """Note that sending failed, so that recovery need not wait before it tries."""
    with db.session() as session:
        session.execute(update(JobRow).where(JobRow.id == job_id).values(sent_at=None))


def take_unsent(db: Database, limit: int, *, silent_s: float) -> list[str]:
    """The due jobs whose message is missing longest, now marked as sent by the caller.

    Only those never sent, or sent more than ``silent_s`` ago. Two callers at once never get the same job.
    """
    now = utcnow()
    silent = JobRow.sent_at < now - timedelta(seconds=silent_s)
    taken = list[str]()
    with db.session() as session:
        for missing in (JobRow.sent_at.is_(None), silent):  # not by one condition: an index finds each by itself
            if room := limit - len(taken):
                oldest = select(JobRow.id).where(*is_due(JobRow, now), missing).order_by(JobRow.sent_at).limit(room)
                taken += session.scalars(oldest.with_for_update(skip_locked=True))
        session.execute(update(JobRow).where(JobRow.id.in_(taken)).values(sent_at=now))
        return taken


def live_tokens(session: Session) -> set[str]:
    """The tokens of every running job: what bears another token will never be finished."""
    job = every(session, JobRow)
    return {token for token in session.scalars(select(job.lease_token).where(job.state == JobState.RUNNING)) if token}


def referenced_keys(session: Session, keys: list[str]) -> set[str]:
    """Those of the keys that a finished artifact stands on, or a file that is withheld."""
    kept: set[str] = set()
    # In this order: what is released in between is found by one or the other.
    for row in (WithheldRow, ArtifactRow):
        key = every(session, row).storage_key
        kept |= set(session.scalars(select(key).where(key.in_(keys))))
    return kept


def is_any_due(db: Database) -> bool:
    """Whether any job waits and could begin. Raises: DatabaseUnavailable."""
    with db.reading() as session:
        return session.scalar(select(JobRow.id).where(*is_due(JobRow, utcnow())).limit(1)) is not None


def count_due(db: Database) -> int:
    """How many jobs wait and could begin. Raises: DatabaseUnavailable."""
    with db.reading() as session:
        return session.scalar(select(func.count()).where(*is_due(JobRow, utcnow()))) or 0
