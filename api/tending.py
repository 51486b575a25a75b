"""What an API process does by itself: hands on uploads that a crash left waiting, and erases those left alone."""

from __future__ import annotations

import asyncio

import structlog
from starlette.concurrency import run_in_threadpool

from api.parts import Parts
from pipeline.errors import PipelineError
from records.upload_upkeep import expire_uploads
from worker.broker import enqueue

log = structlog.get_logger("api")


async def tend_uploads(parts: Parts) -> None:
    """Do it now and every ``heal_s``, until cancelled. An outage is waited out."""
    while True:
        try:
            await run_in_threadpool(tend_once, parts)
        except PipelineError as error:
            log.warning("tending_failed", code=error.code, cause=str(error))
        await asyncio.sleep(parts.settings.heal_s)


def tend_once(parts: Parts) -> int:
    """How many uploads were handed on or erased. Safe beside requests and other processes."""
    tended = expire_uploads(parts.db, parts.settings)
    for upload in parts.uploads.waiting_to_finish():
        try:
            job_ids = parts.uploads.finish(upload)
        except PipelineError as error:  # one that cannot be handed on must not keep the others waiting
            log.warning("upload_not_handed_on", upload=upload.id, code=error.code, cause=str(error))
            continue
        for job_id in job_ids or []:
            enqueue(job_id, parts.settings, parts.db)
            tended += 1
    return tended
