"""Holding a job while working on it: the lease is renewed beside the work, and the work stops when it is lost."""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import Self

from pipeline.errors import Cancelled, PipelineError
from records.database import Database
from records.errors import DatabaseUnavailable, LeaseLost, TookTooLong
from records.ledger.jobs import Claim, renew
from records.logs import get_logger

LOOK_EVERY_S = 1.0
_LEAST_STEP = 0.01

log = get_logger("worker")


class KeptLease:
    """A lease that a thread renews for as long as the ``with`` block runs.

    The thread renews also while the work reports nothing (fetching, hashing); a job that hangs is ended by the
    pipeline's own no-progress time-out, and at last by Celery's time limits. Work that goes on for longer than
    ``limit_s`` is stopped here first: Celery's soft limit is an exception thrown into whatever runs just then, and a
    library's callback may swallow it.
    """

    def __init__(self, db: Database, claim: Claim, heartbeat_s: float, limit_s: float) -> None:
        self._ends_at = time.monotonic() + limit_s
        self._limit_s = limit_s
        self._db = db
        self._claim = claim
        self._every_s = min(heartbeat_s, claim.lease_s / 3)
        self._progress = 0.0
        self._lost: PipelineError | None = None
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._keep, name=f"lease-{claim.job_id}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()

    def report(self, progress: float) -> None:
        """Note how far the work is, 0 to 1. Raises: LeaseLost, Cancelled, TookTooLong: the work must stop."""
        self._progress = progress
        self.check()

    def check(self) -> None:
        """Return while the job is still ours. Raises: LeaseLost, Cancelled, TookTooLong."""
        if self._lost is not None:
            raise self._lost

    def _keep(self) -> None:
        held_until = time.monotonic() + self._claim.lease_s
        renewed_at, told = time.monotonic(), 0.0
        while not self._done.wait(min(LOOK_EVERY_S, self._every_s)):
            asked_at = time.monotonic()
            if asked_at > self._ends_at:
                self._lost = TookTooLong(f"longer than {self._limit_s} s")
            if asked_at - renewed_at < self._every_s and self._progress - told < _LEAST_STEP:
                continue
            progress = self._progress
            try:
                renew(self._db, self._claim, progress)
            except (LeaseLost, Cancelled) as error:
                self._lost = error
                return
            except DatabaseUnavailable as error:
                log.warning("lease_not_renewed", job=self._claim.job_id, code=error.code, cause=str(error))
                if time.monotonic() > held_until:
                    self._lost = LeaseLost(f"{self._claim.job_id}: the database was away for longer than the lease")
                    return
            else:
                renewed_at, told = asked_at, progress
                held_until = asked_at + self._claim.lease_s
