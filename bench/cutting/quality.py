"""Whether clips hold the pictures that were asked for, and how they look beside the film."""

from __future__ import annotations

import json
import re
import statistics
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.cutting.footage import FPS, numbers_in
from pipeline.ffmpeg.runner import FfmpegRunner

# Else ffmpeg takes pictures whose colours nobody named for BT.601's, and converts one side.
_SAME_COLOURS = "setparams=range=tv:colorspace=bt709:color_primaries=bt709:color_trc=bt709"


def exactness(clips: Sequence[Path], asked: Sequence[tuple[int, int]]) -> dict[str, Any]:
    """By how many pictures the ends of clips are off at most (below 0: too early), and how many are missing or doubled.

    asked: start and end in milliseconds, on pictures' times; the picture at the end is not wanted.
    """
    first_off, last_off, missing, doubled = [0], [0], 0, 0
    for clip, (start, end) in zip(clips, asked, strict=True):
        numbers = numbers_in(clip)
        first_off.append(numbers[0] - start * FPS // 1000)
        last_off.append(numbers[-1] - (end * FPS // 1000 - 1))
        missing += len(set(range(numbers[0], numbers[-1] + 1)) - set(numbers))
        doubled += len(numbers) - len(set(numbers))
    return {
        "first_off": max(first_off, key=abs),
        "last_off": max(last_off, key=abs),
        "missing": missing,
        "doubled": doubled,
    }


def vmaf(clips: Sequence[Path], film: Path, lines: int = 720) -> dict[str, float] | None:
    """VMAF (model v0.6.1) of clips beside the film, both of so many lines: the mean, and that of the worst second.

    Pictures are paired by the numbers on them. None where this ffmpeg was built without libvmaf; that of the package
    imageio-ffmpeg 0.8.1 has it.
    """
    program = FfmpegRunner().executable()
    filters = subprocess.run([program, "-hide_banner", "-filters"], capture_output=True, text=True, check=True).stdout
    if not re.search(r"\blibvmaf\b", filters):
        return None
    scores, worst = list[float](), 100.0
    for clip in clips:
        begins_s = numbers_in(clip)[0] / FPS
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder) / "vmaf.json"
            size = f"{_SAME_COLOURS},scale=-2:{lines}:flags=lanczos,format=yuv420p,settb=1/{FPS},setpts=N"
            compared = f"libvmaf=log_fmt=json:log_path={log}:n_threads=2:shortest=1"
            graph = f"[0:v]{size}[clip];[1:v]{size}[film];[clip][film]{compared}"
            seek = ["-ss", f"{max(0.0, begins_s - 0.5 / FPS):.6f}"] if begins_s else []
            argv = [program, "-loglevel", "fatal", "-nostdin", "-i", clip, *seek, "-i", film, "-lavfi", graph]
            subprocess.run([*argv, "-f", "null", "-"], check=True, stdin=subprocess.DEVNULL)
            found = [frame["metrics"]["vmaf"] for frame in json.loads(log.read_text())["frames"]]
        scores += found
        worst = min([worst, *(statistics.mean(found[n : n + FPS]) for n in range(0, len(found) - FPS + 1, FPS))])
    return {"mean": round(statistics.mean(scores), 1), "worst_second": round(worst, 1)}
