"""How the ledger's questions grow with what waits and what is finished, on a real PostgreSQL.

Run: make bench-growth. Fills databases with finished and waiting jobs, copies of one moment's, and asks each what
workers, the health page, metrics and lists ask; writes bench/results/growth.json. A median is of nine questions.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from records.database import Database
from records.migrations.migrate import migrate
from records.settings import Settings
from tests.effects import open_alone
from tests.records.cast import add_jobs
from tests.records.many_jobs import GUIDERS, fill, questions
from tests.servers import running_postgres

RESULTS = Path(__file__).parent / "results" / "growth.json"
STEPS = ((1_000, 10_000), (10_000, 100_000), (100_000, 1_000_000))
"""Jobs that wait, and that are finished."""
TIMES = 9


def ask_all(db: Database, settings: Settings) -> dict[str, float]:
    """The median of each question's milliseconds; a first one goes before."""
    took: dict[str, float] = {}
    for name, question in questions(db, settings).items():
        times = []
        for _ in range(TIMES + 1):
            began = time.perf_counter()
            question()
            times.append((time.perf_counter() - began) * 1000)
        took[name] = round(statistics.median(times[1:]), 2)
    return took


def main() -> None:
    """Print and write the medians of each step."""
    parser = argparse.ArgumentParser(prog="python -m bench.growth", description=__doc__)
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--steps", type=int, default=len(STEPS))
    given = parser.parse_args()
    machine = {"processors": os.cpu_count(), "python": platform.python_version(), "load_before": os.getloadavg()[0]}
    steps = []
    with TemporaryDirectory() as folder, running_postgres() as server:
        for waiting, finished in STEPS[: given.steps]:
            settings = Settings(data_dir=Path(folder), database_url=server.url(server.create_database()))
            migrate(settings)
            db = open_alone(settings)
            add_jobs(db)
            fill(db, waiting, finished)
            steps.append({"waiting": waiting, "finished": finished, "median_ms": ask_all(db, settings)})
            print(json.dumps(steps[-1]), flush=True)
            db.engine.dispose()
    told = {"guiders": GUIDERS, "machine": machine, "steps": steps}
    given.out.write_text(json.dumps(told, indent=2) + "\n")


if __name__ == "__main__":
    main()
