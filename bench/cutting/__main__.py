"""python -m bench.cutting: measure every way in turn, print a table and write bench/results/cutting.json."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from bench.cutting.footage import FOOTAGE, Shape, draw_film, repeat_film
from bench.cutting.light import light_figures
from bench.cutting.quality import exactness, vmaf
from bench.cutting.summary import CLIPS_S, GOALS, START_S, Run, costs, ratios
from bench.cutting.watch import Cost, watch
from bench.cutting.ways import Task, Way, own_ways, peer_ways, prepare
from bench.start import command, compile_all, environment, laid_out, last_release
from pipeline.ffmpeg.runner import FfmpegRunner

RESULTS = Path(__file__).parents[1] / "results" / "cutting.json"
DRAWN_S = 60


@dataclass(frozen=True)
class Size:
    """How much is measured."""

    film_s: int = 60
    clip_ms: int = 4_000
    some: int = 1
    """How many of the clips the slow ways make."""
    whole_s: float = 10.0
    """How much of the film is transcoded by the way that transcodes the whole: ``some`` clips must lie in it."""
    clips: int = 6
    shape: Shape = field(default_factory=Shape)
    lines: int = 720

    def film(self, folder: Path = FOOTAGE) -> Path:
        if self.film_s <= DRAWN_S:
            return draw_film(self.film_s, self.shape, folder)
        return repeat_film(draw_film(DRAWN_S, self.shape, folder), self.film_s // DRAWN_S, folder)

    def spans(self) -> list[tuple[int, int]]:
        """Each begins on a picture, none on a key picture, none where the film begins anew."""
        step = max(self.clip_ms + 1_000, (self.film_s * 1000 - self.clip_ms - 3_000) // self.clips // 1000 * 1000)
        return [(start, start + self.clip_ms) for start in range(2_400, 2_400 + step * self.clips, step)]


SHORT = Size()
FULL = Size(film_s=900, clip_ms=20_000, some=6, whole_s=900.0)


def measure(
    size: Size, ways: dict[str, Way], rounds: int, scratch: Path, footage: Path = FOOTAGE
) -> tuple[dict[str, list[Run]], dict[str, dict[str, Any]]]:
    """Every way once, then every way again, for so many rounds; and of the first round what the clips are like."""
    film, spans = size.film(footage), size.spans()
    runs: dict[str, list[Run]] = {key: [] for key in ways}
    starts: dict[str, Cost] = {}
    clips_of: dict[str, dict[str, Any]] = {}
    for number in range(rounds):
        for key, way in ways.items():
            wanted = spans[: size.some] if way.is_slow else spans
            source = film if way.of is None else way.of(film, footage)
            if way.of is not None:
                wanted = [(start // 1000 * 1000, start // 1000 * 1000 + size.clip_ms) for start, _ in wanted]
            out = scratch / key
            if number == 0 and size.clip_ms * size.clips < 1000 * CLIPS_S and key != "transcode_then_cut":
                out.mkdir()
                short = Task(
                    source,
                    [(start, start + round(1000 * START_S)) for start, _ in wanted],
                    out,
                    size.whole_s,
                    size.lines,
                )
                _, starts[key] = watch(partial(way.make, short))
                shutil.rmtree(out)
            out.mkdir()
            task = Task(source, wanted, out, size.whole_s, size.lines)
            made, cost = watch(partial(way.make, task))
            clips_s = len(wanted) * size.clip_ms / 1000
            runs[key].append(Run(cost, clips_s, size.whole_s, task.parts_s, len(wanted), starts.get(key)))
            print(f"{number + 1}  {way.title:34}{cost.wall_s:8.1f} s{cost.cpu_s:8.1f} CPU s", file=sys.stderr)
            if number == 0:
                clips_of[key] = {
                    "bytes_per_clip_s": round(sum(clip.stat().st_size for clip in made) / clips_s),
                    "pictures": exactness(made, wanted),
                    "vmaf": vmaf(made[: size.some], film, size.lines),
                }
            shutil.rmtree(out)
    return runs, clips_of


@contextmanager
def all_ways() -> Iterator[tuple[dict[str, Way], dict[str, str]]]:
    """Every way there is on this machine, the last release's among them, and why others cannot be had."""
    others, missing = peer_ways()
    ways = own_ways() | others
    release = last_release()
    with laid_out(release) as house:
        compile_all(*(str(path.parent) for path in house.glob("*/__init__.py")))
        before = partial(prepare, command=command(house), env=environment(house))
        ways["release"] = Way(f"vigpack prepare at {release}", before, version=release)
        order = sorted(ways, key=lambda key: ways[key].is_slow)
        yield {key: ways[key] for key in order}, missing


def report(
    size: Size, ways: dict[str, Way], missing: dict[str, str], rounds: int, footage: Path = FOOTAGE
) -> dict[str, Any]:
    """The whole measurement as cutting.json holds it."""
    footage.mkdir(exist_ok=True)
    load_before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(dir=footage) as scratch:
        runs, clips = measure(size, ways, rounds, Path(scratch), footage)
    return {
        "size": {"film_s": size.film_s, "clips": size.clips, "clip_ms": size.clip_ms, "rounds": rounds},
        "machine": machine(load_before),
        "release": ways["release"].version if "release" in ways else None,
        "ratios": ratios(runs),
        "light": light_figures(runs),
        "ways": {
            key: {"title": way.title, "version": way.version, **costs(runs[key]), **clips[key]}
            for key, way in ways.items()
        },
        "missing": missing,
    }


def machine(load_before: float) -> dict[str, Any]:
    """What it was measured on, and with what."""
    said = FfmpegRunner().run(["-version"], timeout_s=60, most_output_bytes=4096).output.decode()
    return {
        "processors": os.cpu_count(),
        "processor": processor(),
        "load_before": round(load_before, 1),
        "load_after": round(os.getloadavg()[0], 1),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "ffmpeg": said.split()[2],
    }


def processor() -> str:
    """Its name, where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")


def print_table(told: dict[str, Any]) -> None:
    """Every way, then every ratio beside its goal."""
    head = f"{'':44}{'wall s':>8}{'CPU s':>8}{'per s':>8}{'MB':>7}{'kB/s':>7}{'VMAF':>7}{'worst':>7}"
    print(f"{head}  ends off, lost, twice")
    for way in told["ways"].values():
        seen, pictures = way["vmaf"] or {}, way["pictures"]
        print(
            f"{way['title']:44}{way['wall_s']['median']:8.1f}{way['cpu_s']['median']:8.1f}"
            f"{way['cpu_s_per_clip_s']:8.2f}{way['peak_mb']['median']:7.0f}{way['bytes_per_clip_s'] / 1000:7.0f}"
            f"{seen.get('mean', ''):>7}{seen.get('worst_second', ''):>7}"
            f"  {pictures['first_off']} {pictures['last_off']}, {pictures['missing']}, {pictures['doubled']}"
        )
    for name, ratio in told["ratios"].items():
        goal = f"goal {GOALS[name]}" if name in GOALS else ""
        print(f"{name:28}{ratio['median']:8.3f}   {ratio['low']:.3f} to {ratio['high']:.3f}   {goal}")
    for why in told["missing"].values():
        print(f"not measured: {why}")


def main() -> None:
    """What the command line asks."""
    parser = argparse.ArgumentParser(prog="python -m bench.cutting", description=__doc__)
    parser.add_argument("--full", action="store_true", help="a film of 15 minutes, six clips of 20 s by every way")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=RESULTS)
    given = parser.parse_args()
    size = FULL if given.full else SHORT
    with all_ways() as (ways, missing):
        told = report(size, ways, missing, given.rounds)
    print_table(told)
    given.out.parent.mkdir(exist_ok=True)
    given.out.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
