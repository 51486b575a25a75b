"""Operations over HTTP, for IT: how the service is, its jobs and workers, and what can be done about them.

Nothing here shows footage, captions or a family's code. Every act is written to the audit in its own transaction.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import PlainTextResponse

from api.dependencies import AppContext, Asker, Ctx, GivenId
from api.diagnostics.health_cache import HealthCache
from api.diagnostics.incident_report import incident_report
from api.errors import described
from api.middleware.access import OPERATIONS
from records.accounts.principal import Principal
from records.actions import manage_jobs
from records.actions.manage_jobs import set_priority
from records.audit import log as audit
from records.audit.actions import Action
from records.audit.log import AuditLine, Figure
from records.clock import utcnow
from records.errors import JobMissing, JobStateWrong, SourceErased
from records.ledger import workers
from records.views.history import Series, Span, series
from records.views.jobs import JobFilter, JobLine, JobPage, given_up_ids, job_line, job_page
from worker.monitoring.health import Health

router = APIRouter(prefix=OPERATIONS, tags=["operations"])
_MOST_AT_ONCE = 500


def health_cache(request: Request) -> HealthCache:
    """The process's look at the service."""
    cache: HealthCache = request.app.state.health
    return cache


GivenHealth = Annotated[HealthCache, Depends(health_cache)]
WorkerName = Annotated[str, Path(pattern=r"^[A-Za-z0-9._:-]{1,200}$", examples=["ward-2:4711"])]


class Urgency(BaseModel):
    """Where a job is to stand: 0 first, 9 last."""

    model_config = ConfigDict(extra="forbid")

    priority: Annotated[int, Field(ge=0, le=9, strict=True)]


class RetriedJobs(BaseModel):
    """How many jobs were queued again."""

    jobs: int


class Acknowledged(BaseModel):
    """Of how many jobs note was taken."""

    jobs: int


@router.get("", summary="Health of the service", responses=described(401))
def get_health(cache: GivenHealth) -> Health:
    """Is it well, since when, what is wrong, what to do now, and every figure. What is unknown is null."""
    return cache.get()


@router.get("/series", summary="History over a day or a week", responses=described(401, 422, 503))
def get_health_history(ctx: Ctx, span: Annotated[Span, Query()] = Span.DAY) -> Series:
    """In quarters of an hour, or in steps of two hours. A step of which nothing is known holds nulls."""
    with ctx.db.reading() as session:
        return series(session, span, utcnow())


@router.get("/jobs", summary="Jobs, as IT may see them", responses=described(401, 422, 503))
def list_jobs(
    ctx: Ctx,
    which: Annotated[JobFilter, Query()] = JobFilter.FAILED,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> JobPage:
    """Failed, stalled, waiting, held or running ones, with the reason, attempts, and the end of what was logged."""
    with ctx.db.reading() as session:
        return job_page(session, which, utcnow(), limit=limit, offset=offset)


@router.get("/audit", summary="Audit log, newest first", responses=described(401, 422, 503))
def list_audit_entries(ctx: Ctx, limit: Annotated[int, Query(ge=1, le=500)] = 50) -> list[AuditLine]:
    """Who did what, when, to which job or worker."""
    with ctx.db.reading() as session:
        return audit.newest(session, limit)


@router.get("/report", summary="An incident report to copy", response_class=PlainTextResponse, responses=described(401))
def get_incident_report(ctx: Ctx, cache: GivenHealth) -> PlainTextResponse:
    """Versions, checks, figures, jobs and redacted logs as plain text; the same as `vigpack doctor --report`."""
    return PlainTextResponse(incident_report(ctx.settings, ctx.db, cache.get()))


@router.post("/jobs/{job_id}/retry", summary="Retry a job", responses=described(401, 404, 409, 503))
def retry_job(job_id: GivenId, ctx: Ctx, who: Asker) -> JobLine:
    """Queue a failed or cancelled job again, with all its attempts."""
    return _act(ctx, who, Action.RETRY, job_id, manage_jobs.retry_job)


@router.post("/jobs/{job_id}/acknowledge", summary="Acknowledge a failed job", responses=described(401, 404, 409, 503))
def acknowledge_job(job_id: GivenId, ctx: Ctx, who: Asker) -> JobLine:
    """Take note that it was given up: it is counted and told no more, and can still be tried again."""
    return _act(ctx, who, Action.ACKNOWLEDGE, job_id, manage_jobs.acknowledge_job)


@router.post("/jobs/{job_id}/cancel", summary="Cancel a job", responses=described(401, 404, 409, 503))
def cancel_job(job_id: GivenId, ctx: Ctx, who: Asker) -> JobLine:
    """End a waiting or held job now; ask a running one to stop, which it does within seconds."""
    return _act(ctx, who, Action.CANCEL, job_id, manage_jobs.cancel_job)


@router.post("/jobs/{job_id}/hold", summary="Put a job on hold", responses=described(401, 404, 409, 503))
def hold_job(job_id: GivenId, ctx: Ctx, who: Asker) -> JobLine:
    """Keep a waiting job from being taken until it is released."""
    return _act(ctx, who, Action.HOLD, job_id, manage_jobs.hold_job)


@router.post("/jobs/{job_id}/release", summary="Release a held job", responses=described(401, 404, 409, 503))
def release_job(job_id: GivenId, ctx: Ctx, who: Asker) -> JobLine:
    """Let it be taken again."""
    return _act(ctx, who, Action.RELEASE, job_id, manage_jobs.release_job)


@router.put("/jobs/{job_id}/priority", summary="Change a job's priority", responses=described(401, 404, 409, 422, 503))
def move_job(job_id: GivenId, urgency: Urgency, ctx: Ctx, who: Asker) -> JobLine:
    """Let a waiting or held job come earlier or later: 0 is the most urgent, 9 the least."""
    priority = urgency.priority
    return _act(
        ctx,
        who,
        Action.PRIORITY,
        job_id,
        lambda session, job: set_priority(session, job, priority),
        figures={"priority": priority},
    )


@router.post("/retry-failed", summary="Retry failed jobs", responses=described(401, 503))
def retry_failed_jobs(ctx: Ctx, who: Asker) -> RetriedJobs:
    """Queue everything again that was given up within a day: after an outage, this one act is enough."""
    return RetriedJobs(jobs=_with_all_given_up(ctx, who, retry_job))


@router.post("/acknowledge-failed", summary="Acknowledge failed jobs", responses=described(401, 503))
def acknowledge_failed_jobs(ctx: Ctx, who: Asker) -> Acknowledged:
    """Take note of everything that was given up within a day."""
    return Acknowledged(jobs=_with_all_given_up(ctx, who, acknowledge_job))


@router.post("/workers/{name}/drain", status_code=204, summary="Drain a worker", responses=described(401, 404, 503))
def drain_worker(name: WorkerName, ctx: Ctx, who: Asker) -> None:
    """Let it take no more jobs, end those it has, and end."""
    with ctx.db.session() as session:
        workers.drain_worker(session, name)
        audit.note(session, who, Action.DRAIN, name)


@router.post(
    "/workers/{name}/undrain", status_code=204, summary="Undo draining a worker", responses=described(401, 404, 503)
)
def undrain_worker(name: WorkerName, ctx: Ctx, who: Asker) -> None:
    """Let a drained worker work again: at once where it waits, else when it is started."""
    with ctx.db.session() as session:
        workers.undrain_worker(session, name)
        audit.note(session, who, Action.UNDRAIN, name)


def _with_all_given_up(ctx: AppContext, who: Principal, act: Callable[[str, AppContext, Principal], JobLine]) -> int:
    with ctx.db.reading() as session:
        ids = given_up_ids(session, utcnow(), limit=_MOST_AT_ONCE)
    done = 0
    for job_id in ids:
        with contextlib.suppress(JobMissing, JobStateWrong, SourceErased):  # somebody was faster, or it was erased
            act(job_id, ctx, who)
            done += 1
    return done


def _act(
    ctx: AppContext,
    who: Principal,
    action: Action,
    job_id: str,
    act: Callable[..., None],
    figures: Mapping[str, Figure] | None = None,
) -> JobLine:
    """Do it and write it down in one transaction; the job as it stands then."""
    with ctx.db.session() as session:
        act(session, job_id)
        audit.note(session, who, action, job_id, figures=figures)
        session.flush()
        line = job_line(session, job_id, utcnow())
    if line is None:
        raise JobMissing(job_id)
    return line
