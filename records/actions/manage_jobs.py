"""What IT may do with a job or a worker: each function changes rows in the caller's transaction, and nothing else.

None of them shows or needs anything of a family. The caller writes the audit.
"""

from __future__ import annotations

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from pipeline.errors import Cancelled
from records.effects import effects_of
from records.errors import JobMissing, JobStateWrong, PriorityWrong
from records.ledger.jobs import queue_again
from records.ledger.outcome_counts import Outcome, count_outcome
from records.ledger.selections import lock_selection, require_source, settle
from records.models import JobRow, JobState, MomentRow, MomentState, SelectionRow, utcnow

LEAST_URGENT = 9


def retry_job(session: Session, job_id: str) -> None:
    """Queue a failed or cancelled job again, with all its attempts.

    Raises: JobMissing, JobStateWrong, SourceErased.
    """
    selection, job = _locked(session, job_id, JobState.FAILED, JobState.CANCELLED)
    if job.moment_id is not None:
        require_source(session.get_one(MomentRow, job.moment_id))
    queue_again(session, job)
    _show(session, selection, job, MomentState.QUEUED)


def acknowledge_job(session: Session, job_id: str) -> None:
    """Take note that a job was given up; the guider still reads why, and it can still be tried again.

    Raises: JobMissing, JobStateWrong.
    """
    _, job = _locked(session, job_id, JobState.FAILED)
    job.acknowledged_at = utcnow()


def cancel_job(session: Session, job_id: str) -> None:
    """End a waiting or held job now; ask a running one to stop, which it does within seconds.

    Its moment or output is then failed, in words for the guider, until somebody tries it again.
    Raises: JobMissing, JobStateWrong.
    """
    selection, job = _locked(session, job_id, JobState.QUEUED, JobState.HELD, JobState.RUNNING)
    job.cancel_requested = True
    if job.state != JobState.RUNNING:
        job.state, job.finished_at = JobState.CANCELLED, utcnow()
        job.error_code, job.error_sentence, job.error_detail = Cancelled.code, Cancelled.for_guider, None
        count_outcome(session, job.kind, Outcome.CANCELLED, code=Cancelled.code)
        _show(session, selection, job, MomentState.FAILED)


def hold_job(session: Session, job_id: str) -> None:
    """Keep a waiting job from being taken until it is released. The guider sees it as waiting.

    Raises: JobMissing, JobStateWrong.
    """
    _, job = _locked(session, job_id, JobState.QUEUED)
    job.state = JobState.HELD


def release_job(session: Session, job_id: str) -> None:
    """Let a held job be taken again; it keeps its age.

    Raises: JobMissing, JobStateWrong.
    """
    _, job = _locked(session, job_id, JobState.HELD)
    job.state = JobState.QUEUED
    job.not_before = utcnow()  # its time on hold is no waiting for a worker
    job.sent_at = None
    effects_of(session).wake(job.id)


def set_priority(session: Session, job_id: str, priority: int) -> None:
    """Move a waiting or held job: 0 is the most urgent, 9 the least; see records.ledger.scheduling.Priority.

    Raises: JobMissing, JobStateWrong, PriorityWrong.
    """
    if not 0 <= priority <= LEAST_URGENT:
        raise PriorityWrong
    _, job = _locked(session, job_id, JobState.QUEUED, JobState.HELD)
    job.priority = priority


def _locked(session: Session, job_id: str, *states: JobState) -> tuple[SelectionRow, JobRow]:
    selection_id = session.scalar(select(JobRow.selection_id).where(JobRow.id == job_id))
    selection = lock_selection(session, selection_id) if selection_id else None
    query = select(JobRow).where(JobRow.id == job_id).with_for_update().execution_options(populate_existing=True)
    job = session.scalars(query).one_or_none()
    if selection is None or job is None:
        raise JobMissing(job_id)
    if job.state not in states:
        raise JobStateWrong(f"it is {job.state}, not {' or '.join(states)}")
    return selection, job


def _show(session: Session, selection: SelectionRow, job: JobRow, state: MomentState) -> None:
    session.flush()
    if job.moment_id is not None:
        session.execute(update(MomentRow).where(MomentRow.id == job.moment_id).values(state=state))
    settle(session, selection)
