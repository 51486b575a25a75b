"""What a range of a sealed file costs beside one of a plain file. Run: make bench-ranges.

Two API processes, as deployed and alike but that the store of the one is plain, each asked on one connection.
The same ranges are asked of both by turns, in an order drawn anew for each pair. Counted are the server's processor
time, that of server and client together, and the wall; a median over the pairs of how many times the plain one does.
"""

from __future__ import annotations

import http.client
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import httpx

from records.accounts.machine_secret import machine_secret
from records.settings import Settings
from records.storage import sealed
from tests.api.service import SELECTIONS, begin, finish
from tests.databases import NOTED, make_tables
from tests.servers import NO_TLS, free_port, start, wait_until

RESULTS = Path(__file__).parent / "results" / "ranges.json"
PAIRS = int(os.environ.get("BENCH_PAIRS", "25"))
MIB = 1 << 20
FILE_BYTES = 48 * MIB
GOAL = 0.8
SHAPES = {
    "the whole file": (FILE_BYTES, FILE_BYTES),
    "8 MiB from anywhere": (8 * MIB, 1),
    "1 MiB from a mebibyte's beginning, as links are answered": (MIB, MIB),
    "1 MiB from anywhere": (MIB, 1),
    "256 KiB from anywhere": (MIB // 4, 1),
    "64 KiB from anywhere": (MIB // 16, 1),
    "4 KiB from anywhere": (4096, 1),
}
"""Of each: how many bytes, and what its beginning is a multiple of."""
_ASKED_BYTES, _ASKED_TIMES = 48 * MIB, 40
"""Of each in one half of a pair, at most."""
_COUNTED = ("server_cpu", "both_cpu", "wall")


@dataclass
class Side:
    """One API process with one file."""

    process: subprocess.Popen[bytes]
    connection: http.client.HTTPConnection
    path: str
    token: str

    def ask(self, begins: int, end: int) -> int:
        """How many bytes came."""
        headers = {"Authorization": f"Bearer {self.token}", "Range": f"bytes={begins}-{end - 1}"}
        self.connection.request("GET", self.path, headers=headers)
        answer = self.connection.getresponse()
        room, came = bytearray(MIB // 4), 0
        while got := answer.readinto(room):
            came += got
        return came

    def cpu_s(self) -> float:
        """Processor time of all its threads until now: Linux has a clock for each process."""
        return time.clock_gettime((~self.process.pid << 3) | 2)


def nobodys(_key: str) -> None:
    """For owner_of(): then nothing is sealed."""


def serve_plain(port: str) -> None:
    """The API with a store that seals nothing."""
    from cli import main as vigpack

    with patch.object(sealed, "owner_of", nobodys):
        vigpack(["api", "--port", port])


@contextmanager
def running(folder: Path, content: bytes, begins: Callable[[str], Sequence[str]]) -> Iterator[Side]:
    """An API process with one finished file, for the length of a block."""
    folder.mkdir()
    settings = Settings(data_dir=folder, min_free_bytes=0)
    make_tables(settings)
    port = free_port()
    clean = {name: value for name, value in os.environ.items() if not name.startswith("VIGPACK_")}
    environment = {**clean, **NOTED, "VIGPACK_DATA_DIR": str(folder), "VIGPACK_MIN_FREE_BYTES": "0"}
    process = start([sys.executable, "-c", *begins(str(port))], folder / "api.log", environment=environment)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", verify=NO_TLS, trust_env=False) as client:
        try:
            wait_until(lambda: answers(client), f"the API answers; see {folder}/api.log")
            token = machine_secret(folder)
            client.headers["Authorization"] = f"Bearer {token}"
            selection_id = begin(client)["selection"]["id"]
            path = f"{SELECTIONS}/{selection_id}/artifacts/{finish(settings, selection_id, content)}"
            yield Side(process, http.client.HTTPConnection("127.0.0.1", port), path, token)
        finally:
            process.kill()
            process.wait()


def answers(client: httpx.Client) -> bool:
    """Whether it does by now."""
    try:
        return client.get("/healthz").is_success
    except httpx.TransportError:
        return False


def drawn(length: int, step: int) -> list[tuple[int, int]]:
    """Ranges for one half of a pair."""
    times = min(_ASKED_TIMES, _ASKED_BYTES // length)
    begins = [random.randrange((FILE_BYTES - length) // step + 1) * step for _ in range(times)]  # noqa: S311 no secret
    return [(at, at + length) for at in begins]


def taken(side: Side, ranges: list[tuple[int, int]]) -> dict[str, float]:
    """Seconds that the ranges took, on a connection of their own: the API ends one that is idle for seconds."""
    side.connection.close()
    wall, own, served = time.perf_counter(), time.process_time(), side.cpu_s()
    for begins, end in ranges:
        if side.ask(begins, end) != end - begins:
            raise RuntimeError("not what was asked for")
    wall, own, served = time.perf_counter() - wall, time.process_time() - own, side.cpu_s() - served
    return {"server_cpu": served, "both_cpu": served + own, "wall": wall}


def compare(sides: dict[str, Side], length: int, step: int) -> dict[str, float]:
    """Plain over sealed, of each that is counted; and what a mebibyte costs the server."""
    pairs: list[dict[str, dict[str, float]]] = []
    for _ in range(PAIRS):
        ranges = drawn(length, step)
        pairs.append({which: taken(sides[which], ranges) for which in random.sample(list(sides), 2)})
    told = {
        f"{what}_ratio": statistics.median(p["plain"][what] / p["sealed"][what] for p in pairs) for what in _COUNTED
    }
    for which in sides:
        told[f"{which}_server_cpu_ms"] = 1000 * statistics.median(p[which]["server_cpu"] for p in pairs) / len(ranges)
    return {name: round(value, 3) for name, value in told.items()}


def main() -> None:
    """Measure all shapes; print and keep the figures."""
    content = random.Random(5).randbytes(FILE_BYTES)  # noqa: S311 no secret
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        with patch.object(sealed, "owner_of", nobodys):
            plain = running(
                Path(name) / "plain",
                content,
                lambda port: ["from bench.ranges import *; serve_plain(sys.argv[1])", port],
            )
            sides = {"plain": stack.enter_context(plain)}
        normal = running(Path(name) / "sealed", content, lambda port: ["import cli; cli.main()", "api", "--port", port])
        sides["sealed"] = stack.enter_context(normal)
        for side in sides.values():
            for shape in SHAPES.values():
                taken(side, drawn(*shape))
        found = {}
        for what, shape in SHAPES.items():
            found[what] = compare(sides, *shape)
            print(what, found[what], flush=True)
    told = {
        "processors": os.cpu_count(),
        "python": platform.python_version(),
        "load_average_1_min": round(os.getloadavg()[0], 1),
        "pairs": PAIRS,
        "goal_ratio": GOAL,
        "ranges": found,
    }
    RESULTS.write_text(json.dumps(told, indent=1) + "\n")
    slow = [what for what, one in found.items() if one["both_cpu_ratio"] < GOAL]
    if slow:
        sys.exit(f"below {GOAL} of plain: {', '.join(slow)}")


if __name__ == "__main__":
    main()
