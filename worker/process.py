"""The worker process: Celery's app with our one task, and what each pool process begins with."""

from __future__ import annotations

import logging
import os
from datetime import datetime
from typing import Any

from celery import Celery
from celery.signals import setup_logging, worker_process_init

from records.settings import settings
from worker.broker import TASK, make_celery
from worker.tasks import run_job
from worker.watch import start_watch


def make_worker(started_at: datetime) -> Celery:
    """Celery with the task registered and the signals connected; the settings come from the environment."""
    app = make_celery(settings())
    app.task(name=TASK)(run_job)
    setup_logging.connect(log_plainly, weak=False)
    parent = os.getpid()  # asked before any fork, or a pool process whose worker just died would watch the wrong one

    def begin_process(**_: Any) -> None:
        start_watch(parent, started_at)

    worker_process_init.connect(begin_process, weak=False)
    return app


def log_plainly(loglevel: int = logging.INFO, **_: Any) -> None:
    """One line for each event, to standard error: time, level, part, words. Job ids only, nothing of a family."""
    logging.basicConfig(level=loglevel, format="%(asctime)s %(levelname)s %(name)s %(message)s")
