"""What a reel costs beside the cutting of its moments. Run: python -m bench.reel.

The film and the six moments of 20 s are those of `make bench-full`. CPU seconds are user and system, of this
process and of every ffmpeg it started.
"""

from __future__ import annotations

import json
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from bench.cutting.__main__ import FULL
from bench.cutting.footage import FOOTAGE
from pipeline.ffmpeg.runner import FfmpegRunner
from pipeline.moments import Clip, parse_selection
from pipeline.outputs import reel
from pipeline.prepared import Prepared
from pipeline.presets import preset
from pipeline.run.moment import prepare_moment
from pipeline.source.film import probe

_T = TypeVar("_T")
CAPTION = "Ella looks up. Mum waits, and Ella goes on."


def spent_s() -> float:
    """The CPU seconds of this process and its ended children so far."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def measure(work: Callable[[], _T]) -> tuple[_T, dict[str, float]]:
    """What the work gives, and its wall and CPU seconds."""
    started, before = time.monotonic(), spent_s()
    made = work()
    return made, {"wall_s": round(time.monotonic() - started, 2), "cpu_s": round(spent_s() - before, 2)}


def main() -> None:
    """Cut, make the reel, print both and their ratio, and write bench/results/reel.json."""
    film = probe(FULL.film())
    clips = [Clip(in_ms=start, out_ms=end, caption=CAPTION) for start, end in FULL.spans()]
    shape = {"family": "K-104", "clip": [{"in": clip.in_ms, "out": clip.out_ms, "caption": CAPTION} for clip in clips]}
    with tempfile.TemporaryDirectory(dir=FOOTAGE) as folder:
        scratch = Path(folder)

        def cut() -> tuple[object, ...]:
            made = (
                prepare_moment(film, clip, preset(), scratch / f"{n}.mp4", runner=FfmpegRunner())
                for n, clip in enumerate(clips)
            )
            return tuple(made)

        moments, cutting = measure(cut)
        prepared = Prepared(parse_selection(shape), moments)  # type: ignore[arg-type]
        figures = {"cutting": cutting}
        for name, recipe in {"reel": reel.Recipe(), "reel with captions": reel.Recipe(captions=True)}.items():
            out = scratch / name
            out.mkdir()
            [artifact], spent = measure(lambda out=out, recipe=recipe: reel.make(prepared, recipe, out, FfmpegRunner()))  # type: ignore[misc]
            figures[name] = {**spent, "ratio": round(spent["cpu_s"] / cutting["cpu_s"], 2), "bytes": artifact.bytes}
    for name, found in figures.items():
        print(f"{name:20}{found}")
    results = FOOTAGE.parent / "results"
    results.mkdir(exist_ok=True)
    (results / "reel.json").write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
