"""``python -m worker --concurrency 2``: a worker, until SIGTERM. See worker.broker.worker_argv."""

from __future__ import annotations

import argparse
import os
import sys

from records.log_file import log_files
from records.logs import configure_logging
from records.models import utcnow
from records.settings import settings
from worker.app import make_worker, run_worker
from worker.context import worker_name
from worker.maintenance.draining import wait_while_drained


def main() -> None:
    """Run a worker in this process."""
    parser = argparse.ArgumentParser(prog="python -m worker", description="Prepare moments and make packs.")
    parser.add_argument("--concurrency", type=int, default=os.cpu_count() or 1, help="jobs at the same time")
    concurrency = parser.parse_args().concurrency
    configure_logging(*log_files(settings(), "worker"))
    started_at = utcnow()
    wait_while_drained(settings(), worker_name(settings(), os.getpid()), started_at)
    sys.exit(run_worker(make_worker(started_at), concurrency))


if __name__ == "__main__":
    main()
