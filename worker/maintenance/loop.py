"""The thread beside each pool process: sign of life, healing, and an end when the worker is drained or gone.

It runs in the pool's processes and not in their parent, because the parent forks: a lock that another thread holds at
that instant would stay locked in the child for ever.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from datetime import datetime

from pipeline.errors import PipelineError
from records.ledger.recurring import take_turn
from records.ledger.workers import beat, is_draining
from worker.context import Place, place
from worker.maintenance.recovery import HEALING, SWEEPING, heal, sweep
from worker.os_limits import end_worker
from worker.scratch import sweep_scratch

_LOOK_EVERY_S = 1.0
_ORPHANED = 1
log = logging.getLogger("vigpack.worker")


def start_watch(parent: int, started_at: datetime) -> None:
    """Begin watching, in the pool process that calls it; ``parent`` is its worker's process, begun at that time."""
    threading.Thread(target=_end_with, args=(parent,), name="end-with-parent", daemon=True).start()
    threading.Thread(target=_watch, args=(started_at,), name="watch", daemon=True).start()


def _watch(started_at: datetime) -> None:
    next_beat = next_sweep = 0.0
    while True:
        try:
            here = place()
            now = time.monotonic()
            if now >= next_beat:
                beat(here.db, here.worker, started_at)
                next_beat = now + here.settings.heartbeat_s
            if now >= next_sweep:
                sweep_scratch(here.db, here.storage, here.settings)
                next_sweep = now + here.settings.heal_s
            _take_turns(here)
            if is_draining(here.db, here.worker):
                end_worker()
        except PipelineError as error:  # the database or the store is away: nothing to heal with, try again
            log.warning("%s: %s", error.code, error)
        except Exception:
            log.exception("healing failed; it will be tried again")
        time.sleep(_LOOK_EVERY_S)


def _take_turns(here: Place) -> None:
    if take_turn(here.db, HEALING, here.settings.heal_s):
        heal(here.db, here.storage, here.settings)
    if take_turn(here.db, SWEEPING, here.settings.sweep_s):
        sweep(here.db, here.storage)


def _end_with(parent: int) -> None:
    """End this process when its worker was killed: a pool process without one would work on, seen by nobody.

    Its ffmpeg ends with it. Not by PR_SET_PDEATHSIG: that fires when the *thread* that forked ends, and Celery forks
    replacements from a thread that ends at shutdown, before their jobs do.
    """
    while os.getppid() == parent:
        time.sleep(_LOOK_EVERY_S)
    os._exit(_ORPHANED)
