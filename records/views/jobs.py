"""Jobs as IT may see them: what, since when, why not, and what can be done; nothing of the family they are for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session

from pipeline.errors import PipelineError, plain_reasons
from pipeline.moments import Selection
from records.models import JobRow, JobState, SelectionRow
from records.redaction import redact, words_in
from records.views.queue_stats import DAY, given_up, seconds_between, stalls

_LONGEST_LOG = 2000


class JobFilter(StrEnum):
    """Which jobs to look at."""

    FAILED = "failed"
    """Given up, or cancelled."""
    STALLED = "stalled"
    WAITING = "waiting"
    HELD = "held"
    RUNNING = "running"


class Reason(BaseModel):
    """Why the last attempt failed: a stable code, and its sentence in general words."""

    model_config = ConfigDict(frozen=True)

    code: str
    sentence: str


JobAction = Literal["retry", "acknowledge", "cancel", "hold", "release", "priority"]
"""What IT may do with a job."""


class JobLine(BaseModel):
    """One job."""

    model_config = ConfigDict(frozen=True)

    id: str
    kind: str
    state: JobState
    stalled: bool
    priority: int
    attempts: int
    queued_at: datetime
    not_before: datetime | None
    """Between two attempts: when the next may begin."""
    started_at: datetime | None
    finished_at: datetime | None
    progress: float
    worker: str | None
    acknowledged_at: datetime | None
    """When IT took note that it was given up."""
    waited_s: float
    """From the asking to the first attempt, or until now."""
    reason: Reason | None
    log: str
    """The end of what the attempt said, without anything of a person; empty where it said nothing."""
    can: list[JobAction]
    """What may be done with it now."""


class JobPage(BaseModel):
    """Some jobs, and how many there are in all."""

    model_config = ConfigDict(frozen=True)

    jobs: list[JobLine]
    total: int


_CAN: dict[str, list[JobAction]] = {
    JobState.QUEUED: ["hold", "cancel", "priority"],
    JobState.HELD: ["release", "cancel", "priority"],
    JobState.RUNNING: ["cancel"],
    JobState.FAILED: ["retry", "acknowledge"],
    JobState.CANCELLED: ["retry"],
}


def job_page(session: Session, look: JobFilter, now: datetime, *, limit: int, offset: int = 0) -> JobPage:
    """The jobs one looks at: failed ones newest first, the others in the order in which they matter."""
    chosen = _chosen(look, now)
    query = _jobs(now).where(chosen)
    going = select(SelectionRow.id).where(~SelectionRow.visible)  # not by a join: it takes ten times as long
    total = session.scalar(select(func.count()).where(chosen, JobRow.selection_id.not_in(going))) or 0
    order: tuple[Any, ...] = (JobRow.priority, JobRow.queued_at)
    if look == JobFilter.FAILED:
        order = (JobRow.finished_at.desc(),)
    elif look in {JobFilter.STALLED, JobFilter.RUNNING}:
        order = (case((stalls(now), 0), else_=1), JobRow.started_at)
    found = session.execute(query.order_by(*order, JobRow.id).limit(limit).offset(offset))
    return JobPage(jobs=[_line(job, shape, stalled, now) for job, shape, stalled in found], total=total)


def given_up_ids(session: Session, now: datetime, *, limit: int) -> Sequence[str]:
    """The ids of jobs that were given up within a day."""
    return session.scalars(select(JobRow.id).where(*given_up(now)).limit(limit)).all()


def job_line(session: Session, job_id: str, now: datetime) -> JobLine | None:
    """One job; None where there is none, or its selection is being erased."""
    found = session.execute(_jobs(now).where(JobRow.id == job_id)).one_or_none()
    return None if found is None else _line(found[0], found[1], found[2], now)


def _jobs(now: datetime) -> Any:
    columns = (JobRow, SelectionRow.shape, case((stalls(now), 1), else_=0))
    return select(*columns).join(SelectionRow, SelectionRow.id == JobRow.selection_id).where(SelectionRow.visible)


def _chosen(look: JobFilter, now: datetime) -> ColumnElement[bool]:
    states = {JobFilter.WAITING: JobState.QUEUED, JobFilter.HELD: JobState.HELD, JobFilter.RUNNING: JobState.RUNNING}
    if look == JobFilter.FAILED:
        return JobRow.state.in_([JobState.FAILED, JobState.CANCELLED])
    return stalls(now) if look == JobFilter.STALLED else JobRow.state == states[look]


def _can(job: JobRow, now: datetime) -> list[JobAction]:
    actions = _CAN.get(job.state, [])
    if job.acknowledged_at or (job.finished_at and job.finished_at < now - DAY):  # it counts for nothing any more
        return [action for action in actions if action != "acknowledge"]
    return actions


def _line(job: JobRow, shape: Selection, stalled: int, now: datetime) -> JobLine:
    reason = None
    if job.error_code:
        sentence = plain_reasons().get(job.error_code, PipelineError.for_guider)
        reason = Reason(code=job.error_code, sentence=sentence)
    return JobLine(
        id=job.id,
        kind=job.kind,
        state=JobState(job.state),
        stalled=bool(stalled),
        priority=job.priority,
        attempts=job.attempts,
        queued_at=job.queued_at,
        not_before=job.not_before if job.not_before and job.not_before > now else None,
        started_at=job.started_at,
        finished_at=job.finished_at,
        progress=job.progress,
        worker=job.worker,
        acknowledged_at=job.acknowledged_at,
        waited_s=seconds_between(job.queued_at, job.started_at or job.finished_at or now),
        reason=reason,
        log=redact(job.error_detail or "", words_in(shape))[-_LONGEST_LOG:],
        can=_can(job, now),
    )
