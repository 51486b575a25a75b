"""The thread beside each pool process: sign of life, recovery, and an end when the worker is drained or gone.

It runs in the pool's processes and not in their parent, because the parent forks: a lock that another thread holds at
that instant would stay locked in the child for ever. Each gives its pulse; one of them is on duty for the rest.
"""

from __future__ import annotations

import os
import threading
import time
from datetime import datetime

from pipeline.errors import PipelineError
from records.folders import FULL_DATABASE, folder_problems
from records.ledger.recurring import RECOVERY, SWEEPING, take_turn
from records.ledger.workers import beat, is_draining
from records.logs import get_logger
from records.pulse import beat_pulse
from worker.context import WorkerContext, worker_context
from worker.maintenance.duty import MaintenanceDuty
from worker.maintenance.recovery import recover_lost_jobs, sweep
from worker.maintenance.watchdog import Watchdog, kill_worker
from worker.os_limits import end_worker
from worker.scratch import sweep_scratch

_LOOK_EVERY_S = 1.0
_ORPHANED = 1
log = get_logger("worker")


def start_watch(parent: int, started_at: datetime, duty: MaintenanceDuty) -> None:
    """Begin watching, in the pool process that calls it; ``parent`` is its worker's process, begun at that time.

    duty: shared by the pool's processes.
    """
    threading.Thread(target=_end_with, args=(parent,), name="end-with-parent", daemon=True).start()
    threading.Thread(target=_watch, args=(started_at, duty), name="watch", daemon=True).start()


def _watch(started_at: datetime, duty: MaintenanceDuty) -> None:
    next_beat = next_sweep = 0.0
    watchdog = Watchdog()
    trial: threading.Thread | None = None
    while True:
        beat_pulse()
        if not duty.take():
            time.sleep(_LOOK_EVERY_S)
            continue
        try:
            ctx = worker_context()
            now = time.monotonic()
            if trial is None:  # beside this thread: a driver may take its time
                trial = threading.Thread(target=_try_devices, args=(ctx,), name="devices", daemon=True)
                trial.start()
            if now >= next_beat:
                locks = ctx.settings.jail_for_media().held_by()
                folders = folder_problems(ctx.settings, "worker") + [FULL_DATABASE] * ctx.db.is_full
                beat(ctx.db, ctx.worker, started_at, folders, locks.kept_by, locks.why_not, ctx.decoders.told())
                next_beat = now + ctx.settings.heartbeat_s
            if now >= next_sweep:
                sweep_scratch(ctx.db, ctx.storage, ctx.settings)
                next_sweep = now + ctx.settings.recovery_s
                if watchdog.is_hung(ctx) and not is_draining(ctx.db, ctx.worker):
                    kill_worker(ctx)
            _take_turns(ctx)
            if is_draining(ctx.db, ctx.worker):
                end_worker()
        except PipelineError as error:  # the database or the store is away: nothing can be recovered now, try again
            log.warning("maintenance_waits", code=error.code, cause=str(error))
        except Exception:
            log.exception("maintenance_failed")
        time.sleep(_LOOK_EVERY_S)


def _try_devices(ctx: WorkerContext) -> None:
    """Find out what decodes films here, before the first of them: all processes of this machine then know it."""
    try:
        ctx.decoders.proofs()
    except PipelineError as error:
        log.warning("devices_not_tried", code=error.code, cause=str(error))
        return
    log.info("films_are_decoded", by=ctx.decoders.told())


def _take_turns(ctx: WorkerContext) -> None:
    if take_turn(ctx.db, RECOVERY, ctx.settings.recovery_s):
        recover_lost_jobs(ctx.db, ctx.storage, ctx.settings)
    if take_turn(ctx.db, SWEEPING, ctx.settings.sweep_s):
        sweep(ctx.db, ctx.storage, ctx.settings)


def _end_with(parent: int) -> None:
    """End this process when its worker was killed: a pool process without one would work on, seen by nobody.

    Its ffmpeg ends with it. Not by PR_SET_PDEATHSIG: that fires when the *thread* that forked ends, and Celery forks
    replacements from a thread that ends at shutdown, before their jobs do.
    """
    while os.getppid() == parent:
        time.sleep(_LOOK_EVERY_S)
    os._exit(_ORPHANED)
