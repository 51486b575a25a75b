"""How soon a worker begins after an upload, and how many jobs a second can be claimed. Run: make bench-pickup.

Two idle stacks with one worker each: as deployed (PostgreSQL and Redis) and on one machine without any server (SQLite
and a folder). One small film after another is handed over as the API hands over an upload, with a pause of random
length before it. Both times are the ledger's: `queued_at`, written with the upload's completion, and `started_at`.

Then eight processes claim a thousand jobs of forty guiders from the same ledger, each whichever is next in turn.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import platform
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from records.ledger.jobs import claim_next
from records.migrations.migrate import migrate
from records.settings import Settings
from tests.effects import open_alone
from tests.footage import numbered_film
from tests.records.cast import K_207, add_jobs, job_row
from tests.servers import running_postgres, running_redis, wait_until
from tests.worker.service import Service, running_service
from worker.broker import enqueue
from worker.monitoring.health import health

RESULTS = Path(__file__).parent / "results" / "pickup.json"
TIMES = int(os.environ.get("BENCH_TIMES", "40"))
CLAIMERS, JOBS, CLIPS = 8, 1000, 25
GOAL_MS = {"deployed": 100, "one machine": 500}


@contextmanager
def deployed(folder: Path) -> Iterator[Settings]:
    """PostgreSQL and Redis, on this machine."""
    (folder / "redis").mkdir()
    with running_redis(folder / "redis") as redis, running_postgres() as postgres:
        database = postgres.url(postgres.create_database())
        yield Settings(data_dir=folder / "data", database_url=database, broker_url=redis.url)


@contextmanager
def one_machine(folder: Path) -> Iterator[Settings]:
    """Nothing but files."""
    yield Settings(data_dir=folder / "data")


def waits_ms(service: Service, film: Path) -> list[float]:
    """Of each film, handed over while nothing else is to be done."""
    service.start_worker()
    wait_until(lambda: health(service.db, service.settings).workers_alive, "the worker is alive")
    waits = []
    for number in range(TIMES + 1):
        time.sleep(random.uniform(0.2, 1.2))  # noqa: S311 no secret: not in step with anything that polls
        selection_id, (job,) = service.send_film(film, K_207, outputs=())
        enqueue(job, service.settings, service.db)
        service.wait_until_settled(selection_id)
        row = job_row(service.db, job)
        assert row.started_at is not None
        if number:  # the first one also pays for what is loaded once
            waits.append((row.started_at - row.queued_at).total_seconds() * 1000)
    return waits


def claims_per_s(settings: Settings) -> float:
    """Of eight processes together; every job must have been claimed once."""
    database = open_alone(settings)
    shape = {"family": "K-104", "clip": [{"in": 1000 * n, "out": 1000 * n + 500} for n in range(CLIPS)]}
    jobs = {job for guider in range(JOBS // CLIPS) for job in add_jobs(database, shape, guider=f"guider-{guider}")}
    database.dispose()
    spawning = multiprocessing.get_context("spawn")
    with spawning.Pool(CLAIMERS) as pool:
        pool.map(claim_all, [settings.model_copy(update={"worker_name": "none"})] * CLAIMERS)  # imports paid
        began = time.monotonic()
        won = [job for share in pool.map(claim_all, [settings] * CLAIMERS, chunksize=1) for job in share]
        took_s = time.monotonic() - began
    if len(won) != len(jobs) or set(won) != jobs:
        raise RuntimeError(f"{len(won)} claims of {len(jobs)} jobs")
    return len(won) / took_s


def claim_all(settings: Settings) -> list[str]:
    """The jobs that this process got."""
    database = open_alone(settings)
    won = []
    while settings.worker_name != "none" and (claim := claim_next(database, str(os.getpid()), settings)):
        won.append(claim.job_id)
    database.dispose()
    return won


def main() -> None:
    """Measure both stacks; print and keep the figures."""
    told: dict[str, Any] = {"processors": os.cpu_count(), "python": platform.python_version(), "stacks": {}}
    for name, stack in (("deployed", deployed), ("one machine", one_machine)):
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            film = numbered_film(folder / "film.mp4", frames=30, fps="25")
            with stack(folder) as settings:
                migrate(settings)
                with running_service(settings) as service:
                    waits = sorted(waits_ms(service, film))
                claims = claims_per_s(settings)
        told["stacks"][name] = {
            "films": len(waits),
            "median_ms": round(statistics.median(waits), 1),
            "p95_ms": round(waits[int(0.95 * (len(waits) - 1))], 1),
            "goal_median_ms": GOAL_MS[name],
            "claims_per_s": round(claims, 1),
            "load_average_1_min": round(os.getloadavg()[0], 1),
        }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(told, indent=2) + "\n")
    print(json.dumps(told, indent=2))


if __name__ == "__main__":
    main()
