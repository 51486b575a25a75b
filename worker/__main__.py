"""``python -m worker --concurrency 2``: a worker, until SIGTERM. See worker.broker.worker_argv."""

from __future__ import annotations

import argparse
import os

from worker.process import make_worker


def main() -> None:
    """Run a worker in this process."""
    parser = argparse.ArgumentParser(prog="python -m worker", description="Prepare moments and make packs.")
    parser.add_argument("--concurrency", type=int, default=os.cpu_count() or 1, help="jobs at the same time")
    concurrency = parser.parse_args().concurrency
    make_worker().worker_main(
        [
            "worker",
            "--pool=prefork",
            f"--concurrency={concurrency}",
            "--without-gossip",
            "--without-mingle",
            "--without-heartbeat",
            "--loglevel=INFO",
        ]
    )


if __name__ == "__main__":
    main()
