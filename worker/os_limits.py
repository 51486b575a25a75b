"""What a worker process asks of the operating system."""

from __future__ import annotations

import os
import resource
import signal
import sys

from records.settings import Settings


def end_worker() -> None:
    """Let the worker whose pool process calls this take no more messages, end its jobs, and end with status 0.

    Celery's warm shutdown; asking again does nothing.
    """
    os.kill(os.getppid(), signal.SIGTERM)


def limit_own_memory(settings: Settings) -> None:
    """Let this process use no more memory of its own than a job may; its ffmpeg has the same again (Linux only)."""
    if sys.platform == "linux":
        hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
        most = settings.job_memory_bytes
        resource.setrlimit(resource.RLIMIT_DATA, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def give_way(settings: Settings) -> None:
    """Let the calling thread, and every ffmpeg it starts, take the processors only when nobody else wants them more.

    On Linux niceness is a thread's own: the watch, which runs already, keeps its right of way.
    """
    os.nice(settings.job_niceness)
