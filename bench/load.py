"""Thirty guiders at once, each with six clips, again and again: waits, answers, memory.

Run: make load MINUTES=30. The stack is the real one on this machine: API, worker processes, Redis, PostgreSQL, an S3
server, with the settings as delivered. Each guider begins a selection, sends six small clips by tus, asks for its state
once a second until the pack is ready, and begins the next one; so the queue is never empty and the processors are never
idle. Queue and ready times come from the ledger's own rows, the API's from the guiders' side of the line.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import random
import statistics
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import psutil
from pydantic import SecretStr
from sqlalchemy import func, select

from bench.guiders import Guider, draw_clips
from cli.local.services import vigpack_argv
from records.database import Database
from records.migrations.migrate import migrate
from records.models import ArtifactRow, JobRow, JobState, SelectionRow, SelectionState
from records.settings import Settings
from tests.effects import open_alone
from tests.servers import free_port, running_postgres, running_redis, running_s3, start, wait_until

RESULTS = Path(__file__).parent / "results" / "load.json"
GUIDERS, CLIPS, WORKERS = 30, 6, 2
GOAL_MS = 100
_LOOK_EVERY_S = 10.0
_WARM_UP = 0.2
"""The share of the time that is left out of memory's slope: imports, first connections, caches."""


@dataclass
class Stack:
    """The parts of the service, by name, and how to reach them."""

    url: str
    token: str
    db: Database
    pids: dict[str, int]


@dataclass
class Memory:
    """Megabytes of each part over time: resident, shared pages counted once for each process."""

    samples: dict[str, list[tuple[float, float]]] = field(default_factory=lambda: defaultdict(list))

    def look(self, pids: dict[str, int], at_s: float) -> None:
        """One more sample of each part; a worker with its pool processes, without the ffmpeg at work just now."""
        for name, pid in pids.items():
            total = 0
            for process in [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]:
                try:
                    if "ffmpeg" not in process.name():
                        total += process.memory_info().rss
                except psutil.NoSuchProcess:
                    continue
            self.samples[name].append((at_s, total / 1e6))

    def report(self) -> dict[str, dict[str, float | None]]:
        """For each part: first and last tenth's median, the highest, and the slope after warming up."""
        told: dict[str, dict[str, float | None]] = {}
        for name, samples in self.samples.items():
            values = [value for _, value in samples]
            tenth = max(1, len(values) // 10)
            warm = samples[int(len(samples) * _WARM_UP) :]
            slope = statistics.linear_regression(*zip(*warm, strict=True)).slope if len(warm) > 2 else None
            told[name] = {
                "first_mb": round(statistics.median(values[:tenth]), 1),
                "last_mb": round(statistics.median(values[-tenth:]), 1),
                "highest_mb": round(max(values), 1),
                "slope_mb_per_hour": None if slope is None else round(slope * 3600, 2),
            }
        return told


@contextmanager
def running_stack() -> Iterator[Stack]:
    """The stack for the length of a block, as delivered but for addresses."""
    with tempfile.TemporaryDirectory(prefix="vigpack-load-") as name:
        folder = Path(name)
        for part in ("redis", "s3"):
            (folder / part).mkdir()
        with (
            running_postgres() as postgres,
            running_redis(folder / "redis") as redis,
            running_s3(folder / "s3") as s3,
        ):
            settings = Settings(
                data_dir=folder / "data",
                database_url=postgres.url(postgres.create_database()),
                broker_url=redis.url,
                storage_url=f"s3://{s3.bucket}/house",
                s3_endpoint=s3.endpoint,
                s3_access_key_id=s3.access_key_id,
                s3_secret_access_key=SecretStr(s3.secret_access_key),
                token=SecretStr("a-long-random-text-of-guiders"),
                port=free_port(),
                min_free_bytes=0,
            )
            settings.data_dir.mkdir()
            migrate(settings)
            with _our_parts(settings, folder) as pids:
                assert redis.process is not None
                assert s3.process is not None
                pids |= {"redis": redis.process.pid, "s3": s3.process.pid}
                db = open_alone(settings)
                yield Stack(f"http://127.0.0.1:{settings.port}", settings.token.get_secret_value(), db, pids)
                db.dispose()


@contextmanager
def _our_parts(settings: Settings, folder: Path) -> Iterator[dict[str, int]]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("VIGPACK_")}
    for name, value in settings.model_dump(exclude_defaults=True).items():
        plain = value.get_secret_value() if isinstance(value, SecretStr) else value
        environment[f"VIGPACK_{name.upper()}"] = str(plain)
    started = {
        "api": start(vigpack_argv("api"), folder / "api.log", environment=environment),
        **{
            f"worker {number}": start(
                vigpack_argv("worker", "--concurrency", "1"), folder / f"worker-{number}.log", environment=environment
            )
            for number in range(1, WORKERS + 1)
        },
    }
    try:
        wait_until(lambda: _is_ready(settings), f"the stack; see {folder}", within_s=300)
        yield {name: process.pid for name, process in started.items()}
    finally:
        for process in started.values():
            process.terminate()
        for process in started.values():
            process.wait(60)


def _is_ready(settings: Settings) -> bool:
    headers = {"Authorization": f"Bearer {settings.token.get_secret_value()}"}
    try:
        answer = httpx.get(f"http://127.0.0.1:{settings.port}/readyz", headers=headers, trust_env=False)
    except httpx.TransportError:
        return False
    return answer.status_code == 200


async def load(stack: Stack, clips: Sequence[bytes], minutes: float, number: int) -> tuple[list[Guider], Memory, float]:
    """The guiders at work for that long; nobody begins anew afterwards, but everything begun becomes ready."""
    began = time.monotonic()
    ends_at = began + 60 * minutes
    guiders = [
        Guider(stack.url, stack.token, clips, random.Random(n))  # noqa: S311 only the moment of the next question
        for n in range(number)
    ]
    memory = Memory()
    working = [asyncio.create_task(guider.work_until(ends_at)) for guider in guiders]
    while not all(task.done() for task in working):
        await asyncio.to_thread(memory.look, stack.pids, time.monotonic() - began)
        await asyncio.wait(working, timeout=_LOOK_EVERY_S)
    for task in working:
        task.result()
    return guiders, memory, time.monotonic() - began


def figures(stack: Stack, guiders: Sequence[Guider], seconds: float) -> dict[str, Any]:
    """What the ledger and the guiders' own clocks say."""
    with stack.db.reading() as session:
        jobs = session.scalars(select(JobRow)).all()
        states = Counter(session.scalars(select(SelectionRow.state)))
        stored = session.scalar(select(func.sum(ArtifactRow.bytes))) or 0
    done = [job for job in jobs if job.state == JobState.DONE]
    waits = [_between(job.queued_at, job.started_at) for job in done]
    ready = [_between(job.queued_at, job.finished_at) for job in done if job.moment_id is not None]
    asked: dict[str, list[float]] = defaultdict(list)
    wrong: Counter[str] = Counter()
    for answer in (answer for guider in guiders for answer in guider.asked):
        asked[answer.what].append(answer.seconds * 1000)
        if answer.status >= 400:
            wrong[f"{answer.what}: {answer.status} {answer.code}"] += 1
    packs = [seconds for guider in guiders for seconds in guider.packs_s]
    return {
        "selections": {**states, "begun": sum(states.values())},
        "all_ready": set(states) == {SelectionState.READY},
        "jobs": {"done": len(done), "not_done": len(jobs) - len(done), "attempts": sum(job.attempts for job in jobs)},
        "jobs_per_minute": round(len(done) / seconds * 60, 1),
        "clips_per_minute": round(len(ready) / seconds * 60, 1),
        "megabytes_stored": round(int(stored) / 1e6, 1),
        "queue_wait_s": spread(waits),
        "clip_ready_after_upload_s": spread(ready),
        "pack_ready_after_last_upload_s": spread(packs),
        "api_ms": {what: spread(times) for what, times in sorted(asked.items())},
        "answers_of_400_and_above": dict(wrong),
    }


def _between(start: datetime | None, end: datetime | None) -> float:
    assert start is not None
    assert end is not None
    return (end - start).total_seconds()


def spread(values: Sequence[float]) -> dict[str, float | int]:
    """p50, p95, p99, the largest, and of how many."""
    if len(values) < 2:
        return {"count": len(values)}
    cuts = statistics.quantiles(values, n=100, method="inclusive")
    shown = {"p50": cuts[49], "p95": cuts[94], "p99": cuts[98], "max": max(values)}
    return {"count": len(values), **{name: round(value, 2) for name, value in shown.items()}}


def main() -> int:
    """0 when everything became ready and status calls kept to the goal, else 1."""
    parser = argparse.ArgumentParser(prog="python -m bench.load", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--guiders", type=int, default=GUIDERS)
    parser.add_argument("--out", type=Path, default=RESULTS)
    given = parser.parse_args()
    load_before = os.getloadavg()
    with tempfile.TemporaryDirectory() as folder:
        clips = draw_clips(Path(folder), CLIPS)
    with running_stack() as stack:
        guiders, memory, seconds = asyncio.run(load(stack, clips, given.minutes, given.guiders))
        found = figures(stack, guiders, seconds)
    told = {
        "guiders": given.guiders,
        "clips_each": CLIPS,
        "clip_kilobytes": [round(len(clip) / 1e3) for clip in clips],
        "workers": WORKERS,
        "minutes": round(seconds / 60, 1),
        "machine": {"processors": os.cpu_count(), "python": platform.python_version(), "load_before": load_before[0]},
        **found,
        "memory": memory.report(),
    }
    status_p95 = told["api_ms"]["status"]["p95"]
    told["goals"] = {"status_p95_ms_at_most": GOAL_MS, "reached": status_p95 <= GOAL_MS and told["all_ready"]}
    given.out.parent.mkdir(exist_ok=True)
    given.out.write_text(json.dumps(told, indent=2) + "\n")
    print(json.dumps(told, indent=2))
    return 0 if told["goals"]["reached"] else 1


if __name__ == "__main__":
    sys.exit(main())
