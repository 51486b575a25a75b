"""What work costs that is done by other processes: wall, processor and memory of the whole tree below this one."""

from __future__ import annotations

import resource
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import psutil

_T = TypeVar("_T")
_EVERY_S = 0.1


@dataclass(frozen=True)
class Cost:
    """Seconds of wall and of processors, user and system; the most memory that all processes held at one time."""

    wall_s: float
    cpu_s: float
    peak_mb: float


def watch(work: Callable[[], _T]) -> tuple[_T, Cost]:
    """What the work gives and what its processes cost. Its own process does not count: it should only wait for them.

    Memory is the proportional set size (a shared page counts once), asked for ten times a second.
    """
    peak, ended = [0.0], threading.Event()

    def look() -> None:
        while not ended.wait(_EVERY_S):
            peak[0] = max(peak[0], _held_mb())

    looking = threading.Thread(target=look, daemon=True)
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    looking.start()
    try:
        made = work()
    finally:
        wall_s = time.monotonic() - started
        ended.set()
        looking.join()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return made, Cost(wall_s, cpu_s, peak[0])


def _held_mb() -> float:
    return sum(map(_one_mb, psutil.Process().children(recursive=True)))


def _one_mb(process: psutil.Process) -> float:
    try:
        return float(process.memory_full_info().pss) / 1e6
    except psutil.AccessDenied:  # it looks out of a jail of its own
        return float(process.memory_info().rss) / 1e6
    except psutil.Error:
        return 0.0
