"""The worker process: Celery's app with our one task, and what each pool process begins with."""

from __future__ import annotations

import gc
import logging
import os
from datetime import datetime
from typing import Any

from celery import Celery
from celery.signals import setup_logging, worker_process_init, worker_shutdown

from records.database import open_database
from records.errors import DatabaseUnavailable
from records.ledger.workers import say_goodbye
from records.log_file import log_files
from records.logs import configure_logging, get_logger
from records.settings import settings
from worker.broker import TASK, make_celery
from worker.context import worker_name
from worker.maintenance.duty import MaintenanceDuty
from worker.maintenance.loop import start_watch
from worker.os_limits import give_way, limit_own_memory
from worker.tasks import run_job

log = get_logger("worker")


def make_worker(started_at: datetime, most_long: int | None = None) -> Celery:
    """Celery with the task registered and the signals connected; the settings come from the environment.

    ``most_long``: how many of its processes may do what is not short, at one time; None: all of them.
    """
    app = make_celery(settings())

    @app.task(name=TASK)  # type: ignore[untyped-decorator, unused-ignore]
    def run(job_id: str) -> None:
        run_job(job_id, most_long)

    setup_logging.connect(_log_as_json, weak=False)
    duty = MaintenanceDuty()
    parent = os.getpid()  # asked before any fork, or a pool process whose worker just died would watch the wrong one

    def begin_process(**_: Any) -> None:
        limit_own_memory(settings())
        start_watch(parent, started_at, duty)
        give_way(settings())

    worker_process_init.connect(begin_process, weak=False)
    worker_shutdown.connect(_leave, weak=False)
    return app


def run_worker(app: Celery, processes: int) -> int:
    """Run a pool of that many processes until asked to end; the exit status.

    Not through Celery's command line, which brings a shell with history and colours. What the pool's processes need is
    loaded and frozen before they are forked: they share it, and the garbage collector, which writes into each object it
    looks at, leaves it alone.
    """
    worker = app.Worker(
        pool_cls="prefork",
        concurrency=processes,
        loglevel=logging.INFO,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        quiet=True,
    )
    _ = app.connection_for_write().transport  # loads the broker's client; it connects when it is used
    gc.collect()
    gc.freeze()
    worker.start()
    return int(worker.exitcode or 0)


def _leave(sender: Any, **_: Any) -> None:
    """Tell the ledger that this worker ended in order. Its pool's processes are gone: nothing is forked any more."""
    if sender.exitcode:
        return
    db = open_database(settings())
    try:
        say_goodbye(db, worker_name(settings(), os.getpid()))
    except DatabaseUnavailable as error:
        log.warning("goodbye_not_recorded", code=error.code, cause=str(error))
    finally:
        db.dispose()


def _log_as_json(**_: Any) -> None:
    """In place of what Celery would set up."""
    configure_logging(*log_files(settings(), "worker"))
