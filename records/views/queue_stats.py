"""The queue in figures, read from the ledger: how much waits and for how long, what runs and how, who works.

Nothing here leads to a family: jobs and workers have names of their own.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, computed_field
from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import Session

from pipeline.errors import PipelineError, plain_reasons
from records.folders import FolderProblem
from records.ledger.jobs import MOMENT
from records.ledger.outcome_counts import Outcome, OutcomeCounts, outcome_counts, quantile_s
from records.ledger.recurring import RECOVERY
from records.ledger.scheduling import is_due
from records.ledger.workers import MISSED_BEATS
from records.models import ClockRow, JobRow, JobState, WorkerRow
from records.settings import Settings

DAY = timedelta(days=1)
UNMOVED_S = 600
"""A job whose progress stands still for so long hangs, though its lease is kept."""
_MOST_RUNNING = 200
_UNFINISHED = [state for state in JobState if state != JobState.DONE]
"""What is done is counted as it ends (records/ledger/outcome_counts.py): there may be a million of them."""


class _Figure(BaseModel):
    model_config = ConfigDict(frozen=True)


class JobCount(_Figure):
    """How many jobs of a kind are in a state; those that are done are not counted here."""

    kind: str
    state: str
    jobs: int


class Depth(_Figure):
    """How many jobs of a kind and an urgency (0 first, 9 last) wait and may begin."""

    kind: str
    priority: int
    jobs: int


class RunningJob(_Figure):
    """A job that somebody works on."""

    id: str
    kind: str
    priority: int
    worker: str | None
    attempt: int
    progress: float
    """0 to 1."""
    running_s: float | None
    """Since its first attempt began."""
    lease_age_s: float | None
    """Since its worker last said that it works on it."""
    unmoved_s: float | None
    """Since its progress last grew."""
    stalled: bool
    """Its worker went silent, or it stands still."""


WorkerState = Literal["working", "draining", "silent", "left"]


class WorkerFigure(_Figure):
    """A worker that has been seen within a day."""

    name: str
    version: str
    state: WorkerState
    """draining: it takes no more jobs; left: it ended in order, after it was drained, or another began in its place."""
    started_at: datetime
    seen_s: float
    """Since its last sign of life."""
    jobs_done: int
    skew_s: float | None
    """By how much its clock is ahead of the database's."""
    folder_problems: list[FolderProblem]
    """What it cannot write on its machine."""
    jail: str | None = None
    """What keeps in what opens films on its machine; null: its version does not say."""
    jail_missing_because: str = ""
    decoding: str = ""
    """By what it decodes films; empty: it did not say so far."""
    runs: list[str]
    """The ids of the jobs it works on."""


class Failures(_Figure):
    """How many jobs were given up for one reason."""

    code: str
    sentence: str
    """The reason in general words; never what was said of one film."""
    jobs: int


class Pictures(_Figure):
    """How many clips' pictures came about in one way."""

    how: str
    """``copied``, or why they were encoded: a code of pipeline.artifact.EncodingReason."""
    clips: int


class ReadyTimes(_Figure):
    """How long moments took from the complete upload to ready; to two digits, None where there were none."""

    jobs: int
    p50_s: float | None
    p95_s: float | None
    p99_s: float | None


class QueueFigures(_Figure):
    """The ledger at one moment."""

    jobs: list[JobCount]
    waiting: list[Depth]
    due: int
    """Waiting and allowed to begin."""
    oldest_waiting_s: float
    """How long the first of them could have begun; 0 when none waits."""
    running: list[RunningJob]
    stalled: int
    last_done_at: datetime | None
    done_24h: int
    done_per_hour: int
    """Finished in the last hour; of what was erased since, nothing is known."""
    failed_24h: list[Failures]
    """Counted when they were given up, tried again since or not."""
    pictures_24h: list[Pictures]
    """Of the clips that were finished, most first."""
    failed_now: int
    """Given up within a day, not tried again since, and not acknowledged."""
    ready_24h: ReadyTimes
    last_recovery_at: datetime | None
    """When lost messages and dead leases were last looked for, to the end."""
    workers: list[WorkerFigure]

    @computed_field(  # type: ignore[prop-decorator]
        description="The same as `last_recovery_at`, for one release.", json_schema_extra={"deprecated": True}
    )
    @property
    def healed_at(self) -> datetime | None:
        """The last recovery under its former name."""
        return self.last_recovery_at


def queue_figures(session: Session, settings: Settings, now: datetime) -> QueueFigures:
    """Everything the ledger tells of the queue."""
    due = case((and_(*is_due(JobRow, now)), 1), else_=0)
    groups = (JobRow.kind, JobRow.state, JobRow.priority, due)
    since = func.min(func.coalesce(JobRow.not_before, JobRow.queued_at))
    there = select(*groups, func.count(), since).where(JobRow.state.in_(_UNFINISHED)).group_by(*groups)
    states, depths, waits = Counter[tuple[str, str]](), Counter[tuple[str, int]](), list[datetime]()
    for kind, state, priority, is_waiting, jobs, first in session.execute(there):
        states[kind, state] += jobs
        if is_waiting:
            depths[kind, priority] += jobs
            waits.append(first)
    running = running_jobs(session, settings, now)
    day = outcome_counts(session, now - DAY)
    last_hour = (JobRow.state == JobState.DONE, JobRow.finished_at > now - timedelta(hours=1))
    moments = day.ready_ms().get(MOMENT, [])
    return QueueFigures(
        jobs=[JobCount(kind=kind, state=state, jobs=n) for (kind, state), n in sorted(states.items())],
        waiting=[Depth(kind=kind, priority=priority, jobs=n) for (kind, priority), n in sorted(depths.items())],
        due=depths.total(),
        oldest_waiting_s=seconds_between(min(waits), now) if waits else 0.0,
        running=running,
        stalled=session.scalar(select(func.count()).where(stalls(now))) or 0,
        last_done_at=session.scalar(select(func.max(JobRow.finished_at)).where(JobRow.state == JobState.DONE)),
        done_24h=day.count(Outcome.DONE),
        done_per_hour=session.scalar(select(func.count()).where(*last_hour)) or 0,
        failed_24h=_failures(day),
        pictures_24h=[Pictures(how=how, clips=clips) for how, clips in day.clips_by_picture().items()],
        failed_now=session.scalar(select(func.count()).where(*given_up(now))) or 0,
        ready_24h=ReadyTimes(
            jobs=sum(jobs for _, jobs in moments),
            p50_s=quantile_s(moments, 0.5),
            p95_s=quantile_s(moments, 0.95),
            p99_s=quantile_s(moments, 0.99),
        ),
        last_recovery_at=session.scalar(select(ClockRow.ended_at).where(ClockRow.name == RECOVERY)),
        workers=_workers(session, settings, running, now),
    )


def stalls(now: datetime) -> ColumnElement[bool]:
    """The condition under which a running job stands still: a lease that ran out, or progress that does not grow."""
    still = func.coalesce(JobRow.moved_at, JobRow.started_at) < now - timedelta(seconds=UNMOVED_S)
    return and_(JobRow.state == JobState.RUNNING, or_(JobRow.lease_until < now, still))


def given_up(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """The conditions under which a job was given up within a day, not tried again since, and nobody took note of it."""
    return JobRow.state == JobState.FAILED, JobRow.finished_at >= now - DAY, JobRow.acknowledged_at.is_(None)


def running_jobs(session: Session, settings: Settings, now: datetime) -> list[RunningJob]:
    """What is worked on, the longest first."""
    query = select(JobRow, stalls(now)).where(JobRow.state == JobState.RUNNING)
    found = session.execute(query.order_by(JobRow.started_at).limit(_MOST_RUNNING))
    return [
        RunningJob(
            id=job.id,
            kind=job.kind,
            priority=job.priority,
            worker=job.worker,
            attempt=job.attempts,
            progress=job.progress,
            running_s=_age(job.started_at, now),
            lease_age_s=_age(job.lease_until and job.lease_until - timedelta(seconds=settings.lease_s), now),
            unmoved_s=_age(job.moved_at or job.started_at, now),
            stalled=bool(stalled),
        )
        for job, stalled in found
    ]


def _workers(session: Session, settings: Settings, running: list[RunningJob], now: datetime) -> list[WorkerFigure]:
    silent_since = now - timedelta(seconds=MISSED_BEATS * settings.heartbeat_s)
    rows = list(session.scalars(select(WorkerRow).where(WorkerRow.seen_at >= now - DAY).order_by(WorkerRow.name)))
    silent = [row for row in rows if row.left_at is None and _seen_at(row) < silent_since]
    replaced = _replaced(silent, [row for row in rows if row.left_at is None and row not in silent])

    def state(row: WorkerRow) -> WorkerState:
        if row.left_at or row in replaced or (row in silent and row.draining):
            return "left"
        return "silent" if row in silent else "draining" if row.draining else "working"

    return [
        WorkerFigure(
            name=row.name,
            version=row.version,
            state=state(row),
            started_at=row.started_at,
            seen_s=seconds_between(_seen_at(row), now),
            jobs_done=row.jobs_done,
            skew_s=row.skew_s,
            folder_problems=list(row.folder_problems or ()),
            jail=row.jail,
            jail_missing_because=row.jail_missing_because or "",
            decoding=row.decoding or "",
            runs=[job.id for job in running if job.worker == row.name],
        )
        for row in rows
    ]


def _seen_at(row: WorkerRow) -> datetime:
    """By the database's clock: a worker whose own is wrong is not taken for silent."""
    return row.seen_at - timedelta(seconds=row.skew_s or 0.0)


def _replaced(silent: list[WorkerRow], alive: list[WorkerRow]) -> list[WorkerRow]:
    """Those silent ones in whose place another began since: containers that are made anew come under new names.

    Each that began since stands for one, the first for the one that fell silent first.
    """
    newcomers = sorted(row.started_at for row in alive)
    replaced = []
    for row in sorted(silent, key=lambda one: one.seen_at):
        if since := [began for began in newcomers if began > row.seen_at]:
            newcomers.remove(since[0])
            replaced.append(row)
    return replaced


def _failures(day: OutcomeCounts) -> list[Failures]:
    told = plain_reasons()
    return [
        Failures(code=code, sentence=told.get(code, PipelineError.for_guider), jobs=jobs)
        for code, jobs in day.failed_by_code().items()
    ]


def seconds_between(start: datetime, end: datetime) -> float:
    """Seconds from start to end, to the thousandth; never less than none, whatever the clocks say."""
    return round(max((end - start).total_seconds(), 0.0), 3)


def _age(moment: datetime | None, now: datetime) -> float | None:
    return None if moment is None else seconds_between(moment, now)
