"""What is done to the stack. Each fault strikes at once, or says that there is nothing to strike yet; some end."""

from __future__ import annotations

import contextlib
import random
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import psutil
import redis
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from records.errors import DatabaseUnavailable
from tests.chaos import small_disk
from tests.chaos.network import Line
from tests.chaos.parts import Part
from tests.chaos.stack import WORKERS, Stack

Undo = Callable[[], None]


@dataclass
class Struck:
    """What a fault did: in words, and what ends it after a while."""

    words: str
    undo_after_s: float = 0.0
    undo: Undo = field(default=lambda: None)


Fault = Callable[[Stack, random.Random], Struck | None]
"""None: there is nothing to strike just now; ask again soon."""


def _killed(part: Part, rng: random.Random) -> Struck:
    down_s = rng.choice([0.3, 0.3, 1.0, 2.0, 5.0])
    part.signal(signal.SIGKILL, down_for_s=down_s)
    return Struck(f"{part.name} killed, away for {down_s:g} s")


def api_killed(stack: Stack, rng: random.Random) -> Struck:
    """kill -9 of the API."""
    return _killed(stack.crew.parts["api"], rng)


def worker_killed(stack: Stack, rng: random.Random) -> Struck | None:
    """kill -9 of a worker's parent process."""
    part = _some_worker(stack, rng)
    return part and _killed(part, rng)


def worker_child_killed(stack: Stack, rng: random.Random) -> Struck | None:
    """kill -9 of the process that does a worker's jobs."""
    part = _some_worker(stack, rng)
    return part and _kill_below(part, "pool process", lambda process: "ffmpeg" not in process.name())


def ffmpeg_killed(stack: Stack, rng: random.Random) -> Struck | None:
    """kill -9 of an ffmpeg at work."""
    part = _some_worker(stack, rng)
    return part and _kill_below(part, "ffmpeg", lambda process: "ffmpeg" in process.name())


def _some_worker(stack: Stack, rng: random.Random) -> Part | None:
    """Any worker, or, three times of four, one that has an ffmpeg at work just now; None while there is none."""
    busy_only = rng.random() < 0.75
    for name in rng.sample(WORKERS, len(WORKERS)):
        part = stack.crew.parts[name]
        if part.runs and (not busy_only or _has_ffmpeg(part)):
            return part
    return None


def _has_ffmpeg(part: Part) -> bool:
    for process in part.offspring():
        with contextlib.suppress(psutil.NoSuchProcess):
            if "ffmpeg" in process.name():
                return True
    return False


def _kill_below(part: Part, what: str, wanted: Callable[[psutil.Process], bool]) -> Struck | None:
    for process in part.offspring():
        with contextlib.suppress(psutil.NoSuchProcess):
            if process.status() != psutil.STATUS_ZOMBIE and wanted(process):
                process.kill()
                return Struck(f"{what} of {part.name} killed")
    return None


def worker_retired(stack: Stack, rng: random.Random) -> Struck | None:
    """SIGTERM to a worker, as an update sends it; killed where it does not end within three seconds."""
    part = _some_worker(stack, rng)
    if part is None:
        return None
    pid = part.pid
    part.signal(signal.SIGTERM)

    def insist() -> None:
        if part.runs and part.pid == pid:
            part.signal(signal.SIGKILL)

    return Struck(f"{part.name} told to end", 3.0, insist)


def worker_frozen(stack: Stack, rng: random.Random) -> Struck | None:
    """A worker with all its processes stands still, perhaps longer than its lease, and then goes on as before."""
    part = _some_worker(stack, rng)
    if part is None:
        return None
    frozen = [process for process in [*part.offspring(), psutil.Process(part.pid)] if process.is_running()]
    seconds = rng.uniform(2.0, 7.0)
    for process in frozen:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.suspend()

    def thaw() -> None:
        for process in frozen:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.resume()

    return Struck(f"{part.name} frozen for {seconds:.1f} s", seconds, thaw)


def redis_killed(stack: Stack, rng: random.Random) -> Struck:
    """kill -9 of Redis; its data stays."""
    return _killed(stack.crew.parts["redis"], rng)


def redis_lost(stack: Stack, rng: random.Random) -> Struck:
    """kill -9 of Redis, and its data is gone."""
    struck = _killed(stack.crew.parts["redis"], rng)
    for file in (stack.disk / "queue").rglob("*"):
        if file.is_file() and file.name != "redis.conf":
            file.unlink()
    return Struck(f"{struck.words}, its data lost")


def redis_emptied(stack: Stack, _rng: random.Random) -> Struck | None:
    """FLUSHALL."""
    try:
        with redis.Redis.from_url(stack.redis_url, socket_timeout=1) as client:
            client.flushall()
    except redis.RedisError:
        return None
    return Struck("redis emptied")


def postgres_restarted(stack: Stack, rng: random.Random) -> Struck:
    """PostgreSQL shuts down at once, without saying good-bye to anybody, and recovers."""
    part = stack.crew.parts["postgres"]
    part.signal(signal.SIGQUIT)
    stack.db.dispose()
    with contextlib.suppress(Exception):
        assert part.process is not None
        part.process.wait(5)
    return Struck("postgres shut down at once", rng.choice([0.0, 0.5]))


def postgres_backend_killed(stack: Stack, _rng: random.Random) -> Struck | None:
    """kill -9 of one connection's process: PostgreSQL throws every other one out, and recovers."""
    for process in stack.crew.parts["postgres"].offspring():
        with contextlib.suppress(psutil.NoSuchProcess):
            if any("chaos" in word for word in process.cmdline()):
                process.kill()
                return Struck("a postgres connection killed")
    return None


def s3_killed(stack: Stack, rng: random.Random) -> Struck:
    """kill -9 of the S3 server."""
    return _killed(stack.crew.parts["s3"], rng)


def disk_filled(stack: Stack, rng: random.Random) -> Struck:
    """The disk of uploads, scratch, Redis and S3 has nothing, or next to nothing, left for a while."""
    leave_bytes = rng.choice([0, 0, 30_000, 300_000])
    filler = small_disk.fill(stack.disk, leave_bytes)
    seconds = rng.uniform(0.5, 3.0)
    return Struck(f"disk full but for {leave_bytes} bytes for {seconds:.1f} s", seconds, filler.unlink)


def line_cut(stack: Stack, rng: random.Random) -> Struck:
    """One line, or all lines of one part, reset every connection and refuse new ones for a while."""
    names, words = _lines(stack, rng)
    seconds = rng.uniform(0.2, 2.5)
    stack.network.change(names, Line.REFUSING)
    return Struck(f"{words} cut for {seconds:.1f} s", seconds, lambda: stack.network.change(names, Line.OPEN))


def line_silent(stack: Stack, rng: random.Random) -> Struck:
    """One line, or all lines of one part, let nothing through for a while; then it passes, or the connections break."""
    names, words = _lines(stack, rng)
    seconds = rng.uniform(0.5, 5.0)
    breaks = rng.random() < 0.5
    stack.network.change(names, Line.SILENT)

    def end() -> None:
        if breaks:
            stack.network.change(names, Line.REFUSING)
        stack.network.change(names, Line.OPEN)

    then = ", then broken" if breaks else ""
    return Struck(f"{words} silent for {seconds:.1f} s{then}", seconds, end)


def _lines(stack: Stack, rng: random.Random) -> tuple[list[str], str]:
    every = list(stack.network.wires)
    if rng.random() < 0.4:
        part = rng.choice(["api", *WORKERS])
        return [name for name in every if name.startswith(f"{part} to ")], f"all lines of {part}"
    name = rng.choice(every)
    return [name], f"line {name}"


def clock_jumped(stack: Stack, rng: random.Random) -> Struck | None:
    """What stands in the ledger was written by a clock that was wrong: a day back, or a day ahead."""
    days = rng.choice([-1, 1])
    statements = [
        "UPDATE jobs SET lease_until = lease_until + :shift, not_before = not_before + :shift",
        "UPDATE clocks SET due_at = due_at + :shift",
    ]
    try:
        with stack.db.session() as session:
            for statement in statements:
                session.execute(text(statement), {"shift": timedelta(days=days)})
    except (DatabaseUnavailable, DBAPIError):
        return None
    return Struck(f"clocks and leases jumped {'ahead' if days > 0 else 'back'} by a day")


FAULTS: dict[str, Fault] = {
    fault.__name__: fault
    for fault in (
        api_killed,
        worker_killed,
        worker_child_killed,
        ffmpeg_killed,
        worker_retired,
        worker_frozen,
        redis_killed,
        redis_lost,
        redis_emptied,
        postgres_restarted,
        postgres_backend_killed,
        s3_killed,
        disk_filled,
        line_cut,
        line_silent,
        clock_jumped,
    )
}


def faults_for(stack: Stack) -> dict[str, Fault]:
    """Those that can strike here."""
    return {name: fault for name, fault in FAULTS.items() if stack.disk_is_small or fault is not disk_filled}
