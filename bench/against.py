"""The load of another commit and of this checkout, one after the other on the same machine, and how they compare.

Run: make load-against REF=efcfdd4 MINUTES=5. The other commit is checked out into a throwaway worktree, with an
environment of its own made by its own Makefile, so each runs with the packages that it was locked to. Each is loaded
twice, in the order other, this, this, other, so that a machine that grows slower harms both alike.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import mean
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[1]
RESULTS = Path(__file__).parent / "results" / "load-against.json"
AT_MOST = 0.5
"""What a status call may take at p95, of what it took."""


@contextmanager
def checked_out(ref: str) -> Iterator[Path]:
    """A worktree of that commit with an environment of its own, for the length of a block."""
    with tempfile.TemporaryDirectory(prefix="vigpack-against-") as name:
        folder = Path(name) / "checkout"
        git("worktree", "add", "--detach", "--quiet", str(folder), ref)
        try:
            base = Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
            subprocess.run(["make", "-C", folder, f"PYTHON={base}", ".venv/dev.stamp"], check=True)
            yield folder
        finally:
            git("worktree", "remove", "--force", str(folder))


def git(*argv: str) -> str:
    """What git says about this checkout."""
    return subprocess.run(["git", *argv], cwd=CHECKOUT, check=True, capture_output=True, text=True).stdout.strip()


def load(folder: Path, minutes: float, guiders: int) -> dict[str, Any]:
    """What bench.load of that checkout found; whether it reached its own goal does not count here."""
    with tempfile.TemporaryDirectory() as name:
        out = Path(name) / "load.json"
        argv = [folder / ".venv/bin/python", "-m", "bench.load", "--minutes", str(minutes), "--guiders", str(guiders)]
        subprocess.run([*argv, "--out", out], cwd=folder, check=False, stdout=subprocess.DEVNULL)
        found: dict[str, Any] = json.loads(out.read_text())
        return found


def compare(other: Sequence[dict[str, Any]], this: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """p95 of each kind of call in milliseconds (the mean of the runs), jobs a minute, and how this relates to other."""
    calls = sorted(set(this[0]["api_ms"]) & set(other[0]["api_ms"]))
    told: dict[str, Any] = {}
    for call in calls:
        before, now = (mean(run["api_ms"][call]["p95"] for run in runs) for runs in (other, this))
        told[call] = {"other_p95_ms": round(before, 1), "this_p95_ms": round(now, 1), "ratio": round(now / before, 3)}
    before, now = (mean(run["jobs_per_minute"] for run in runs) for runs in (other, this))
    return {
        "calls": told,
        "jobs_per_minute": {"other": round(before, 1), "this": round(now, 1), "ratio": round(now / before, 3)},
        "all_ready": all(run["all_ready"] for run in (*other, *this)),
    }


def main() -> int:
    """0 when everything became ready and status calls take at most half of what they took, else 1."""
    parser = argparse.ArgumentParser(prog="python -m bench.against", description=__doc__)
    parser.add_argument("ref")
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--guiders", type=int, default=30)
    parser.add_argument("--out", type=Path, default=RESULTS)
    given = parser.parse_args()
    runs: dict[str, list[dict[str, Any]]] = {"other": [], "this": []}
    load_before = os.getloadavg()[0]
    with checked_out(given.ref) as folder:
        for name in ("other", "this", "this", "other"):
            runs[name].append(load(folder if name == "other" else CHECKOUT, given.minutes / 2, given.guiders))
            print(f"{name}: a status call at p95 {runs[name][-1]['api_ms']['status']['p95']} ms", file=sys.stderr)
    told = {
        "other": git("rev-parse", "--short", given.ref),
        "this": git("rev-parse", "--short", "HEAD"),
        "minutes_each": given.minutes,
        "guiders": given.guiders,
        "machine": {"processors": os.cpu_count(), "load_before": load_before},
        **compare(runs["other"], runs["this"]),
    }
    told["goal"] = {"status_ratio_at_most": AT_MOST, "reached": told["calls"]["status"]["ratio"] <= AT_MOST}
    given.out.write_text(json.dumps(told, indent=2) + "\n")
    print(json.dumps(told, indent=2))
    return 0 if told["goal"]["reached"] and told["all_ready"] else 1


if __name__ == "__main__":
    sys.exit(main())
