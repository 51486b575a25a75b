"""How a worker is started. Loads nothing: who starts one need not hold what it works with."""

from __future__ import annotations

import sys


def worker_argv(concurrency: int, for_short: int = 0) -> list[str]:
    """The arguments that start a worker process; run it under a supervisor that restarts it.

    ``for_short``: so many processes beside the others, for what is made in a second or two.
    """
    argv = [sys.executable, "-P", "-m", "worker", "--concurrency", str(concurrency)]
    return [*argv, "--for-short", str(for_short)] if for_short else argv


def worker_env() -> dict[str, str]:
    """What the worker's environment needs beside the settings.

    SIGTERM is not remapped to Celery's soft shutdown: that sleeps its whole time-out even when the job at hand ends
    sooner (35 s against 6 s measured). The plain one takes no more work, ends with the job, and a caller that cannot
    wait may kill: the ledger brings the job back.
    """
    return {"PYTHONUNBUFFERED": "1"}
