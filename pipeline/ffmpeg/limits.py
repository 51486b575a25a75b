"""What one run of ffmpeg may use, and that it ends with its parent."""

from __future__ import annotations

import ctypes
import math
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass

_PR_SET_PDEATHSIG = 1
_ROOM_BYTES, _GROWTH = 64 << 20, 3
"""A copy is about as large as the film; what is encoded anew, from small AVI only, may be larger."""


@dataclass(frozen=True)
class Limits:
    """What one run may use at most; its processor time is bounded by its time-out."""

    memory_bytes: int = 6 << 30
    """Of its own, written to or not; programs and libraries do not count (RLIMIT_DATA)."""
    file_bytes: int = 8 << 30
    """Of any one file it writes."""


def room_for_copy(film_bytes: int, *, anew: bool = True) -> int:
    """How large a copy of a film may become in another container; ``anew``: even where it is encoded anew."""
    return _ROOM_BYTES + (_GROWTH if anew else 1) * film_bytes


def bind_to_parent(parent: int, limits: Limits, timeout_s: float) -> Callable[[], None]:
    """What the child does before it becomes ffmpeg: limits itself and asks to be killed when its parent ends.

    PR_SET_PDEATHSIG fires when the *thread* that forked ends; the runner waits in that thread, so that is the same.
    """
    import resource  # not on Windows

    # The time-out is kept by the parent; this one holds where the parent is stopped or stuck.
    most_cpu_s = math.ceil(timeout_s) * (os.cpu_count() or 1) + 1
    prctl = ctypes.CDLL(None, use_errno=True).prctl if sys.platform == "linux" else None

    def bound(what: int, soft: int, hard: int) -> None:
        ours = resource.getrlimit(what)[1]
        if ours != resource.RLIM_INFINITY:
            soft, hard = min(soft, ours), min(hard, ours)
        resource.setrlimit(what, (soft, hard))

    def bind() -> None:
        if prctl is not None:
            prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            if os.getppid() != parent:
                os._exit(1)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        bound(resource.RLIMIT_FSIZE, limits.file_bytes, limits.file_bytes)
        bound(resource.RLIMIT_CPU, most_cpu_s, most_cpu_s + 1)  # at the first ffmpeg ends by itself, and says so
        if sys.platform == "linux":
            bound(resource.RLIMIT_DATA, limits.memory_bytes, limits.memory_bytes)

    return bind
