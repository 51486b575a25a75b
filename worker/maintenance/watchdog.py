"""The watchdog of a worker: ends one that takes nothing while jobs wait, so that its supervisor starts it anew.

Celery workers are known to look alive and take nothing after their broker was away (celery issues 8091 and 10205), and
a stopped parent looks the same, because the sign of life comes from its pool's processes. These watch it: by what the
ledger says of its work, not by what it says of itself. A worker that stands still with all its processes cannot end
itself: that is seen from outside (``vigpack worker --check --end-hung``, and the pulse under ``vigpack up``).
"""

from __future__ import annotations

import os
import signal
import time

from records.ledger.workers import has_overlooked_jobs, work_of
from records.logs import get_logger
from worker.broker import queue_length
from worker.context import WorkerContext

log = get_logger("worker")


class Watchdog:
    """Since when a worker has had nothing to do, as one of its pool processes sees it."""

    def __init__(self) -> None:
        self._idle_since = time.monotonic()
        self._work: tuple[int, int] | None = None

    def is_hung(self, ctx: WorkerContext) -> bool:
        """Whether jobs have waited for longer than ``hung_after_s`` and this worker has touched none meanwhile.

        While the queue is away it cannot be told of any, and is not to blame. Raises: DatabaseUnavailable.
        """
        work = work_of(ctx.db, ctx.worker)
        if work != self._work or work[0]:
            self._work, self._idle_since = work, time.monotonic()
            return False
        limit_s = ctx.settings.hung_after_s
        if time.monotonic() - self._idle_since < limit_s or not has_overlooked_jobs(ctx.db, limit_s):
            return False
        return queue_length(ctx.settings) is not None


def kill_worker(ctx: WorkerContext) -> None:
    """End the worker of this pool process by force; it runs no job, and the others of its pool end with it."""
    log.warning("worker_hung", worker=ctx.worker, waited_s=ctx.settings.hung_after_s)
    os.kill(os.getppid(), signal.SIGKILL)
