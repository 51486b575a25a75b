"""How long a command takes to start, and what an idle ``vigpack up`` holds. Run: make bench-start.

Beside the last release: the last tag, or the commit that VIGPACK_RELEASE names. Its files are laid out in a temporary
folder and run by this Python with these packages, so that the difference is our own. Starts alternate between the two,
because the machine's other work would otherwise fall on one of them; trust the ratios, not the seconds. Memory is
measured one after the other: what both had in common would be counted in half.
"""

from __future__ import annotations

import io
import json
import os
import platform
import statistics
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

HOUSE = Path(__file__).resolve().parent.parent
RESULTS = Path(__file__).parent / "results" / "start.json"
TIMES = int(os.environ.get("BENCH_TIMES", "5"))
IDLE_S = float(os.environ.get("BENCH_IDLE_S", "40"))
"""Longer than every recurring duty's interval, so that each has been done at least once."""
FIRST_RELEASE = "efcfdd4"
"""Compared with as long as there is no tag."""
STARTS = {"vigpack --help": ["--help"], "vigpack prepare --help": ["prepare", "--help"]}
GOAL_S = {"vigpack --help": 0.5, "vigpack prepare --help": 0.6}
"""On a machine where Python itself starts in 0.03 s."""
GOAL_IDLE_MB = 230


def last_release() -> str:
    """The commit to compare with."""
    if named := os.environ.get("VIGPACK_RELEASE"):
        return named
    found = subprocess.run(
        ["git", "describe", "--tags", "--abbrev=0"], cwd=HOUSE, capture_output=True, text=True, check=False
    )
    return found.stdout.strip() or FIRST_RELEASE


@contextmanager
def laid_out(commit: str) -> Iterator[Path]:
    """A folder with the files of a commit."""
    packed = subprocess.run(["git", "archive", commit], cwd=HOUSE, capture_output=True, check=True).stdout
    with tempfile.TemporaryDirectory(prefix="vigpack-release-") as folder:
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            archive.extractall(folder, filter="data")
        yield Path(folder)


def command(house: Path) -> list[str]:
    """What runs the ``vigpack`` of that folder, as its installed script would."""
    entry = tomllib.loads((house / "pyproject.toml").read_text())["project"]["scripts"]["vigpack"]
    module, function = entry.split(":")
    return [sys.executable, "-P", "-c", f"import sys; from {module} import {function}; sys.exit({function}())"]


def environment(house: Path) -> dict[str, str]:
    """Ours, with that folder's modules before the installed ones."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("VIGPACK_")}
    return {**clean, "PYTHONPATH": str(house), "VIGPACK_MIN_FREE_BYTES": "0"}


def compile_all(*folders: str) -> None:
    """Write the bytecode that pip writes when it installs: a process that compiles holds more, and starts late."""
    argv = [sys.executable, "-m", "compileall", "-q", *folders]
    subprocess.run(argv, stdout=subprocess.DEVNULL, check=False)  # some packages carry files for other Pythons


def seconds(argv: list[str], house: Path) -> float:
    """Wall time of one whole process."""
    began = time.perf_counter()
    subprocess.run(argv, env=environment(house), stdout=subprocess.DEVNULL, check=True, cwd=tempfile.gettempdir())
    return time.perf_counter() - began


def start_times(houses: dict[str, Path]) -> dict[str, dict[str, float]]:
    """The median of each start for each folder, and of Python alone; a first round, not counted, fills the caches."""
    ways = {(name, label): command(houses[name]) + words for label, words in STARTS.items() for name in houses}
    ways["now", "python -c pass"] = [sys.executable, "-c", "pass"]
    taken: dict[tuple[str, str], list[float]] = {key: [] for key in ways}
    for turn in range(TIMES + 1):
        for key, argv in ways.items():
            taken[key].append(seconds(argv, houses[key[0]]))
            if turn == 0:
                taken[key].clear()
    labels = dict.fromkeys(label for _, label in ways)
    return {
        label: {name: round(statistics.median(taken[name, label]), 3) for name in houses if (name, label) in taken}
        for label in labels
    }


def idle_memory(house: Path) -> dict[str, float]:
    """Proportional set size in MB of each part of an idle ``up`` with one worker of two processes."""
    with tempfile.TemporaryDirectory(prefix="vigpack-idle-") as folder:
        argv = [*command(house), "up", "--data", f"{folder}/data", "--port", "0", "--concurrency", "2", "--json"]
        process = subprocess.Popen(argv, env=environment(house), stdout=subprocess.PIPE, text=True, cwd=folder)
        try:
            assert process.stdout is not None
            for line in process.stdout:
                told = json.loads(line)
                if (told["event"], told["part"]) == ("ready", "api"):
                    break
            else:
                raise RuntimeError(f"up ended with {process.wait()}")
            time.sleep(IDLE_S)
            return held_by(psutil.Process(process.pid))
        finally:
            process.terminate()
            process.wait(60)


def held_by(supervisor: psutil.Process) -> dict[str, float]:
    """MB of the supervisor, the API, the worker's processes and the queue's; ``ours`` is all but the queue."""
    held = {"supervisor": pss_mb(supervisor), "api": 0.0, "worker": 0.0, "queue": 0.0}
    for process in supervisor.children(recursive=True):
        words = process.cmdline()
        part = "queue" if "redis" in words[0] else "worker" if "worker" in words else "api"
        held[part] += pss_mb(process)
    held["ours"] = held["supervisor"] + held["api"] + held["worker"]
    return {part: round(mb, 1) for part, mb in held.items()}


def pss_mb(process: psutil.Process) -> float:
    """What a process holds, pages that it shares counted in part."""
    return float(process.memory_full_info().pss) / 1e6


def main() -> None:
    """Measure both, print a table and write bench/results/start.json."""
    release = last_release()
    began_at = round(os.getloadavg()[0], 1)
    with laid_out(release) as before:
        houses = {"now": HOUSE, "release": before}
        rooms = [str(path.parent) for house in houses.values() for path in house.glob("*/__init__.py")]
        compile_all(sysconfig.get_path("purelib"), *rooms)
        starts = start_times(houses)
        idle = {name: idle_memory(house) for name, house in houses.items()}
    print(f"{'':28}{'now':>10}{release[:10]:>12}{'ratio':>8}{'goal':>8}")
    report: dict[str, Any] = {"release": release, "python": platform.python_version()}
    report |= {"load": [began_at, round(os.getloadavg()[0], 1)], "starts_s": {}, "idle_mb": {}}
    for label, medians in starts.items():
        report["starts_s"][label] = with_ratio(medians)
        print_line(label, "s", report["starts_s"][label], GOAL_S.get(label))
    for part in idle["now"]:
        report["idle_mb"][part] = with_ratio({name: held[part] for name, held in idle.items()})
        print_line(f"idle up: {part}", "MB", report["idle_mb"][part], GOAL_IDLE_MB if part == "ours" else None)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


def with_ratio(figures: dict[str, float]) -> dict[str, float]:
    """The figures, and how many times the release's the present one is."""
    ratio = round(figures["now"] / figures["release"], 2) if figures.get("release") else None
    return {**figures, "ratio": ratio} if ratio is not None else figures


def print_line(label: str, unit: str, figures: dict[str, float], goal: float | None) -> None:
    """One line of the table."""
    values = [f"{figures[name]:g} {unit}" if name in figures else "" for name in ("now", "release")]
    ratio, limit = figures.get("ratio", ""), f"{goal:g} {unit}" if goal else ""
    print(f"{label:28}{values[0]:>10}{values[1]:>12}{ratio:>8}{limit:>8}")


if __name__ == "__main__":
    main()
