"""``vigpack worker``: the part that prepares moments and makes packs."""

from __future__ import annotations

import os
import socket
import sys
from datetime import timedelta
from typing import Annotated

import typer
from sqlalchemy import select

from api.commands.screen import CommandFailed, say
from records.database import open_database
from records.models import WorkerRow, utcnow
from records.settings import Settings, load_settings
from worker.broker import worker_argv, worker_env

_MISSED_BEATS = 4


def worker(
    concurrency: Annotated[
        int, typer.Option(min=0, help="How many moments are prepared at the same time; 0: one per processor.")
    ] = 0,
    check: Annotated[
        bool, typer.Option("--check", help="Only tell whether a worker of this machine has reported lately.")
    ] = False,
) -> None:
    """Prepare moments and make packs until stopped. Several workers may run, here and elsewhere."""
    settings = load_settings()
    if check:
        _check(settings)
        return
    argv = worker_argv(settings, concurrency or os.cpu_count() or 1)
    sys.stdout.flush()
    os.execvpe(argv[0], argv, {**os.environ, **worker_env()})  # noqa: S606 an argument list, no shell


def _check(settings: Settings) -> None:
    since = utcnow() - timedelta(seconds=_MISSED_BEATS * settings.heartbeat_s)
    ours = WorkerRow.name.startswith(f"{socket.gethostname()}:", autoescape=True)
    database = open_database(settings)
    try:
        with database.reading() as session:
            found = session.scalar(select(WorkerRow.name).where(ours, WorkerRow.seen_at >= since).limit(1))
    finally:
        database.dispose()
    if found is None:
        raise CommandFailed(for_guider="No worker of this machine has reported lately.")
    say(f"Worker {found} works.")
