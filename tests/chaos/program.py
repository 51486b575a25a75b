"""The program: runs one after another on one stack, a line for each, and a summary in JSON as the last line."""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.chaos import small_disk
from tests.chaos.films import DrawnFilm, draw_films
from tests.chaos.run import MOST_FAULTS, Run, run_once
from tests.chaos.stack import Stack, running_stack

_ALARMS = ("Traceback (most recent call last)", '"event": "incident"', '"event": "maintenance_failed"')


def main() -> int:
    """0 when everything held in every run, else 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument(
        "--seed", type=int, default=int(time.time()), help="of the first run; each next one is one more"
    )
    parser.add_argument("--most-faults", type=int, default=MOST_FAULTS, help="in one run; at least two strike")
    parser.add_argument("--keep", type=Path, help="where logs of failed runs go; default: a folder of its own")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    summary = run_many(range(given.seed, given.seed + given.runs), given.most_faults, given.keep)
    print(json.dumps(summary), flush=True)
    return 0 if summary["ok"] else 1


def run_many(seeds: range, most_faults: int, keep: Path | None = None) -> dict[str, Any]:
    """The summary of runs with these seeds. After a failed run a fresh stack is started."""
    began = time.monotonic()
    runs: list[Run] = []
    alarms: Counter[str] = Counter()
    unasked: Counter[str] = Counter()
    left_out = ""
    with drawn_films() as films:
        left = list(seeds)
        while left:
            with running_stack() as stack:
                left_out = "" if stack.disk_is_small else f"disk_filled: {small_disk.why_not()}"
                while left:
                    run = run_once(stack, films, left.pop(0), most_faults)
                    runs.append(run)
                    print(told(run), flush=True)
                    if not run.ok:
                        _keep_logs(stack, run, keep)
                        break
                alarms += _alarms(stack)
                unasked += Counter({part.name: part.unasked_ends for part in stack.crew.parts.values()})
    return summary_of(runs, time.monotonic() - began) | {
        "tracebacks_in_logs": dict(alarms),
        "ended_unasked": dict(+unasked),
        "left_out": left_out,
    }


@contextmanager
def drawn_films() -> Iterator[list[DrawnFilm]]:
    """The films to send, drawn once."""
    with tempfile.TemporaryDirectory(prefix="vigpack-chaos-films-") as folder:
        yield draw_films(Path(folder))


def told(run: Run) -> str:
    """A line for a good run, everything for another."""
    figures = run.report()
    head = (
        f"seed {run.seed}: {'ok' if run.ok else 'FAILED'} after {run.seconds:.1f} s, {len(run.planned)} selections, "
        f"{figures['jobs']} jobs, {figures['attempts']} attempts; {', '.join(run.faults.elements())}"
    )
    if run.ok:
        return head
    return "\n".join([head, *(f"  {line}" for line in (*run.timeline, *figures["violations"]))])


def summary_of(runs: list[Run], seconds: float) -> dict[str, Any]:
    """What the runs did and found, in figures."""
    times = sorted(run.seconds for run in runs)
    refusals: Counter[str] = sum((run.refusals for run in runs), Counter())
    faults: Counter[str] = sum((run.faults for run in runs), Counter())

    def total(kind: str) -> int:
        return sum(run.found.count(kind) for run in runs)

    return {
        "ok": all(run.ok for run in runs),
        "runs": len(runs),
        "seeds": [runs[0].seed, runs[-1].seed] if runs else [],
        "failed_seeds": [run.seed for run in runs if not run.ok],
        "lost": total("lost"),
        "doubled": total("doubled"),
        "wrong": total("wrong"),
        "orphans": total("orphan"),
        "left_behind": total("left"),
        "stuck": total("stuck"),
        "refused": total("refused"),
        "selections": sum(len(run.planned) for run in runs),
        "erased_under_way": sum(one.erased for run in runs for one in run.planned),
        "retried_by_hand": sum(one.retried for run in runs for one in run.planned),
        "jobs": sum(run.found.jobs for run in runs),
        "attempts": sum(run.found.attempts for run in runs),
        "artifacts": sum(run.found.artifacts for run in runs),
        "megabytes_checked": round(sum(run.found.bytes_checked for run in runs) / 1e6, 1),
        "faults": dict(sorted(faults.items())),
        "answers_tried_again": dict(sorted(refusals.items())),
        "seconds": round(seconds, 1),
        "seconds_a_run": {"median": times[len(times) // 2], "longest": times[-1]} if times else {},
    }


def _alarms(stack: Stack) -> Counter[str]:
    """How often each part of ours wrote of an error that nobody foresaw."""
    found: Counter[str] = Counter()
    for log in stack.folder.glob("*.log"):
        if log.stem == "api" or log.stem.startswith("worker"):
            said = log.read_text(errors="replace")
            if times := sum(said.count(alarm) for alarm in _ALARMS):
                found[log.stem] += times
    return found


def _keep_logs(stack: Stack, run: Run, keep: Path | None) -> None:
    folder = (keep or Path(tempfile.gettempdir()) / "vigpack-chaos-failed") / f"seed-{run.seed}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps(run.report() | {"failures": stack.failures()}, indent=1))
    stack.tell_where_all_stand()
    for log in stack.folder.glob("*.log"):
        shutil.copy(log, folder)
    print(f"  logs are in {folder}; again with: make chaos RUNS=1 SEED={run.seed}", flush=True)
