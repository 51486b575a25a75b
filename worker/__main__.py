"""``python -m worker --concurrency 2``: a worker, until SIGTERM. See worker.command.worker_argv."""

from __future__ import annotations

import argparse
import gc
import os
import sys


def main() -> None:
    """Run a worker in this process."""
    gc.set_threshold(50_000, 20, 50)  # before anything is loaded: see cli.main
    from records.clock import utcnow
    from records.log_file import log_files
    from records.logs import configure_logging
    from records.settings import settings
    from worker.app import make_worker, run_worker
    from worker.context import worker_name
    from worker.maintenance.draining import wait_while_drained

    parser = argparse.ArgumentParser(prog="python -m worker", description="Prepare moments and make packs.")
    parser.add_argument("--concurrency", type=int, default=os.cpu_count() or 1, help="jobs at the same time")
    parser.add_argument("--for-short", type=int, default=0, help="jobs beside them that take a second or two")
    given = parser.parse_args()
    configure_logging(*log_files(settings(), "worker"))
    started_at = utcnow()
    wait_while_drained(settings(), worker_name(settings(), os.getpid()), started_at)
    # Which process does what changes from job to job: the ledger counts (records.ledger.jobs.claim_next).
    app = make_worker(started_at, most_long=given.concurrency if given.for_short else None)
    sys.exit(run_worker(app, given.concurrency + given.for_short))


if __name__ == "__main__":
    main()
