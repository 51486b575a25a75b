"""Which of a worker's pool processes does its maintenance: one at a time, and the next as soon as that one is gone.

A process that never did any holds 20 MB less: until its first job it shares almost all its memory with the worker.
"""

from __future__ import annotations

import mmap
import os
import struct
import time

TAKEN_OVER_AFTER_S = 3.0
"""Three rounds. One that takes longer is joined by another process, which does no harm: rounds take their own turns."""
_HOLDER = struct.Struct("qd")


class MaintenanceDuty:
    """Who is on duty, and since when, in memory that the processes forked from its maker share with one another."""

    def __init__(self) -> None:
        self._shared = mmap.mmap(-1, _HOLDER.size)

    def take(self) -> bool:
        """Whether the calling process is on duty for this round.

        Two that ask at the same instant may both be told so, once.
        """
        pid, seen_at = _HOLDER.unpack(self._shared)
        now = time.monotonic()
        if pid not in {0, os.getpid()} and now - seen_at < TAKEN_OVER_AFTER_S:
            return False
        self._shared[:] = _HOLDER.pack(os.getpid(), now)
        return True
