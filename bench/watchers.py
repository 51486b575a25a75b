"""Five hundred guiders who watch their selections at once, on one API process: what a list, an event and a second cost.

Run: python -m bench.watchers [--watchers 500] [--database postgresql]. The API is the real one with the settings as
delivered but for the limit of streams; the selections have eight moments each, three for each watcher. Twenty seconds
each without streams, with them, and with them while ten selections change in a second.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
from sqlalchemy import select, update

from cli.local.services import vigpack_argv
from records.migrations.migrate import migrate
from records.models import JobRow, utcnow
from records.settings import Settings
from tests.effects import open_alone
from tests.records.cast import add_jobs
from tests.servers import free_port, running_postgres, start, wait_until

TOKEN = secrets.token_hex(16)
SHAPE: dict[str, Any] = {
    "family": "K-1",
    "clip": [{"in": second * 1000, "out": second * 1000 + 900} for second in range(6)],
    "still": [{"at": 1000}, {"at": 2000}],
}
EACH, PART_S, CHANGE_EVERY_S, ASK_EVERY_S = 3, 20.0, 0.1, 0.1


@contextmanager
def running_api(settings: Settings, folder: Path) -> Iterator[tuple[str, psutil.Process]]:
    """The address of an API process over these, and the process."""
    port = free_port()
    given = {
        "VIGPACK_DATA_DIR": str(settings.data_dir),
        "VIGPACK_DATABASE_URL": settings.database_url,
        "VIGPACK_TOKEN": TOKEN,
        "VIGPACK_PORT": str(port),
        "VIGPACK_MOST_STREAMS": "100000",
    }
    process = start(vigpack_argv("api"), folder / "api.log", environment={**os.environ, **given})
    url = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        try:
            return httpx.get(f"{url}/healthz", trust_env=False, timeout=2).is_success
        except httpx.TransportError:
            return False

    try:
        wait_until(answers, "the API")
        yield url, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(30)


async def measure(
    url: str, process: psutil.Process, settings: Settings, ids: list[str], watchers: int
) -> dict[str, Any]:
    """Lists, events and the API's processor time, with no watcher and with so many."""
    changed_s: dict[str, float] = {}
    event_s: list[float] = []
    told: set[int] = set()
    all_told = asyncio.Event()
    limits = httpx.Limits(max_connections=None)
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, limits=limits, timeout=60, trust_env=False) as client:

        async def watch(number: int) -> None:
            own = {"selection": ids[number * EACH : number * EACH + EACH]}
            async with client.stream("GET", "/api/v1/events", params=own) as stream:
                async for line in stream.aiter_lines():
                    if line.startswith("data:"):
                        told.add(number)
                        if len(told) == watchers:
                            all_told.set()
                        begun_s = changed_s.pop(json.loads(line[5:])["id"], None)
                        if begun_s is not None:
                            event_s.append(time.monotonic() - begun_s)

        async def ask() -> dict[str, float]:
            took_ms: list[float] = []
            began_s, used_s = time.monotonic(), sum(process.cpu_times()[:2])
            while time.monotonic() < began_s + PART_S:
                asked_s = time.monotonic()
                (await client.get("/api/v1/selections")).raise_for_status()
                took_ms.append((time.monotonic() - asked_s) * 1000)
                await asyncio.sleep(ASK_EVERY_S)
            used_s = sum(process.cpu_times()[:2]) - used_s
            return {
                "list_p50_ms": round(statistics.median(took_ms), 1),
                "list_p95_ms": round(statistics.quantiles(took_ms, n=20)[-1], 1),
                "api_cpu_share": round(used_s / (time.monotonic() - began_s), 3),
                "api_mb": round(process.memory_info().rss / 1e6),
            }

        alone = await ask()
        began_s = time.monotonic()
        streams = [asyncio.create_task(watch(number)) for number in range(watchers)]
        await all_told.wait()
        all_told_s = time.monotonic() - began_s
        quiet = await ask()
        changing = asyncio.create_task(asyncio.to_thread(change, settings, ids, changed_s))
        watched = await ask()
        await changing
        for stream in streams:
            stream.cancel()
        await asyncio.gather(*streams, return_exceptions=True)
    return {
        "alone": alone,
        "watched_and_quiet": quiet,
        "watched_and_changing": watched,
        "all_told_s": round(all_told_s, 2),
        "event_p50_s": round(statistics.median(event_s), 2),
        "event_p95_s": round(statistics.quantiles(event_s, n=20)[-1], 2),
        "events": len(event_s),
    }


def change(settings: Settings, ids: list[str], changed_s: dict[str, float]) -> None:
    """Let the progress of one selection after another grow, as workers would."""
    db = open_alone(settings)
    with db.reading() as session:
        jobs = {job.selection_id: job.id for job in session.scalars(select(JobRow))}
    end_s, number = time.monotonic() + PART_S - 2, 0
    while time.monotonic() < end_s:
        selection_id = ids[number * 7 % len(ids)]
        with db.session() as session:
            values = {"progress": 0.001 * number, "started_at": utcnow()}
            session.execute(update(JobRow).where(JobRow.id == jobs[selection_id]).values(**values))
        changed_s[selection_id] = time.monotonic()
        number += 1
        time.sleep(CHANGE_EVERY_S)
    db.dispose()


def fill(settings: Settings, count: int) -> list[str]:
    """So many selections at work; their ids."""
    db = open_alone(settings)
    for _ in range(count):
        add_jobs(db, SHAPE)
    with db.reading() as session:
        ids = list(session.scalars(select(JobRow.selection_id).distinct()))
    db.dispose()
    return ids


def main(argv: Sequence[str]) -> int:
    """Measure, and print as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--watchers", type=int, default=500)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    given = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as made, running_postgres() as postgres:
        folder = Path(made)
        address = ""
        if given.database == "postgresql":
            name = postgres.create_database()
            address = postgres.url(name)
        settings = Settings(data_dir=folder, database_url=address, min_free_bytes=0, most_waiting_jobs=1_000_000)
        migrate(settings)
        ids = fill(settings, given.watchers * EACH)
        with running_api(settings, folder) as (url, process):
            found = asyncio.run(measure(url, process, settings, ids, given.watchers))
    print(json.dumps({"watchers": given.watchers, "database": given.database, **found}, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
