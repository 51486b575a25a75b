"""``vigpack worker``: the part that prepares moments and makes packs."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer
from worker.broker import worker_argv, worker_env

from records.settings import load_settings


def worker(
    concurrency: Annotated[
        int, typer.Option(min=0, help="How many moments are prepared at the same time; 0: one per processor.")
    ] = 0,
) -> None:
    """Prepare moments and make packs until stopped. Several workers may run, here and elsewhere."""
    argv = worker_argv(load_settings(), concurrency or os.cpu_count() or 1)
    sys.stdout.flush()
    os.execvpe(argv[0], argv, {**os.environ, **worker_env()})  # noqa: S606 an argument list, no shell
