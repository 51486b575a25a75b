"""What an API process does by itself: hands on uploads that a crash left waiting, ends erasures, samples."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import threading

from starlette.concurrency import run_in_threadpool

from api.dependencies import AppContext
from api.errors import note_incident
from api.records_ready import RecordsReady
from api.temp_folder import sweep_private
from pipeline.errors import PipelineError
from records.actions.apply_retention import EVERY_S as EVERY_S_OF_RETENTION
from records.actions.apply_retention import apply_retention
from records.actions.draft_keys import destroy_idle_draft_keys
from records.actions.erase import resume_erasures
from records.actions.erase_family import resume_family_erasures
from records.actions.sweep_forms import sweep_forms
from records.audit.checkpoints import write_checkpoint
from records.audit.lifecycle import note_start, note_stop
from records.clock import utcnow
from records.database_traces import scrub_if_needed
from records.errors import DatabaseUnavailable
from records.ledger.recurring import RETENTION, SAMPLING, note_ended, take_turn
from records.logs import get_logger
from records.pulse import beat_pulse
from records.uploads.cleanup import expire_uploads
from records.views.samples import EVERY_S
from worker.monitoring.health import health, take_sample

log = get_logger("api")
_BEAT_S = 1.0
_STOP_WITHIN_S = 5.0


async def keep_beating(hung_after_s: float) -> None:
    """Show, until cancelled, that this process's event loop turns; where it stands still for so long, the process ends.

    Its supervisor starts it anew. A thread looks, which counts only time in which it was itself allowed to run: after a
    stop from outside, or a machine's sleep, the loop has its time again.
    """
    beats, ended = itertools.count(), threading.Event()
    last = next(beats)

    def watch() -> None:
        seen, waited_s = last, 0.0
        while not ended.wait(_BEAT_S):
            waited_s = waited_s + _BEAT_S if seen == last else 0.0
            seen = last
            if waited_s > hung_after_s:
                log.critical("event_loop_hung", waited_s=waited_s)
                os._exit(1)

    threading.Thread(target=watch, name="watch-event-loop", daemon=True).start()
    try:
        while True:
            last = next(beats)
            beat_pulse()
            await asyncio.sleep(_BEAT_S)
    finally:
        ended.set()


async def keep_running_maintenance(ctx: AppContext, ready: RecordsReady) -> None:
    """Do it now and every ``recovery_s``, until cancelled. An outage is waited out."""
    after_outage = False
    while True:
        try:
            await run_in_threadpool(ready.look)
            await run_in_threadpool(run_maintenance, ctx, after_outage=after_outage)
            after_outage = False
        except DatabaseUnavailable as error:
            after_outage = True
            log.warning("maintenance_failed", code=error.code, cause=str(error))
        except PipelineError as error:
            log.warning("maintenance_failed", code=error.code, cause=str(error))
        except Exception as error:  # noqa: BLE001 noted under its number; otherwise all maintenance would end unseen
            note_incident(error)
        await asyncio.sleep(ctx.settings.recovery_s)


async def keep_noted_in_audit(ctx: AppContext) -> None:
    """Note that the API began, as soon as the database takes it; when cancelled, that it ended."""
    begun: asyncio.Task[str | None] | None = None
    try:
        while True:
            begun = asyncio.create_task(run_in_threadpool(note_start, ctx.db, ctx.settings))
            try:
                if await asyncio.shield(begun) is not None:
                    break
            except PipelineError as error:
                log.warning("start_not_noted", code=error.code, cause=str(error))
            await asyncio.sleep(ctx.settings.recovery_s)
        await asyncio.Event().wait()
    finally:
        # Also where it ends in the instant in which the start is written.
        with contextlib.suppress(PipelineError):
            start_id = await begun if begun is not None else None
            if start_id is not None:
                await _note_stop(ctx, start_id)


async def _note_stop(ctx: AppContext, start_id: str) -> None:
    try:
        async with asyncio.timeout(_STOP_WITHIN_S):
            await run_in_threadpool(note_stop, ctx.db, start_id)
            await run_in_threadpool(write_checkpoint, ctx.db, ctx.settings)
    except (PipelineError, TimeoutError) as error:
        log.warning("stop_not_noted", cause=str(error))


async def keep_writing_checkpoints(ctx: AppContext) -> None:
    """Sign how far the audit goes, now and every ``audit_checkpoint_s``, until cancelled."""
    last = 0
    while True:
        try:
            last = await run_in_threadpool(write_checkpoint, ctx.db, ctx.settings, last)
        except PipelineError as error:
            log.warning("checkpoint_not_written", code=error.code, cause=str(error))
        except Exception as error:  # noqa: BLE001 noted under its number; otherwise there would be none any more
            note_incident(error)
        await asyncio.sleep(ctx.settings.audit_checkpoint_s)


def run_maintenance(ctx: AppContext, *, after_outage: bool = False) -> int:
    """How many uploads were handed on or erased. Safe beside requests and other processes."""
    if take_turn(ctx.db, SAMPLING, EVERY_S) or after_outage:
        # Here and not with recovery: how it was while no worker ran is what one wants to know.
        take_sample(ctx.db, health(ctx.db, ctx.settings, ctx.storage), after_outage=after_outage)
    # Here and not with recovery: a worker's role may erase no family and sees only rows that a job names.
    resume_family_erasures(ctx.db, ctx.storage, ctx.settings)
    resume_erasures(ctx.db, ctx.storage, ctx.settings)
    scrub_if_needed(ctx.db)
    if take_turn(ctx.db, RETENTION, EVERY_S_OF_RETENTION):
        # Here and not with recovery: each thing that goes leaves a line in the audit, which a worker's role cannot add.
        apply_retention(ctx.db, ctx.storage, ctx.settings, utcnow())
        sweep_forms(ctx.db, ctx.storage, ctx.settings)
        destroy_idle_draft_keys(ctx.settings)
        note_ended(ctx.db, RETENTION)
    sweep_private(ctx.settings)
    done = expire_uploads(ctx.db, ctx.storage, ctx.settings)
    for upload in ctx.uploads.waiting_to_finish():
        try:
            done += ctx.uploads.finish(upload)
        except PipelineError as error:  # one that cannot be handed on must not keep the others waiting
            log.warning("upload_not_handed_on", upload=upload.id, code=error.code, cause=str(error))
        except Exception as error:  # noqa: BLE001 noted under its number, for the same reason
            note_incident(error)
    return done
