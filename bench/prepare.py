"""How long `prepare`'s media work takes beside what guiders would otherwise use, in the same run. Run: make bench.

The film is drawn once into bench/footage: 1080p30 H.264 at about 17 Mbit/s with AAC sound, as a phone writes it. Each
way makes the same clips from it; user and system seconds are those of the whole process tree. The floor is ffmpeg that
only decodes, scales and encodes: no way that makes these files can be cheaper. Trust the ratios, not the seconds.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from pipeline.cut.clips import cut_clip
from pipeline.ffmpeg.runner import FfmpegRunner
from pipeline.moments import Clip
from pipeline.presets import preset
from pipeline.source.film import probe

BENCH = Path(__file__).parent
FOOTAGE = BENCH / "footage"
SECONDS = int(os.environ.get("BENCH_FILM_S", "300"))
CLIPS = [(start, start + 20) for start in range(10, SECONDS - 25, max(25, (SECONDS - 40) // 6))][:6]
SCALE = ["-vf", "scale=1280:720:flags=area", "-c:v", "libx264", "-preset", "veryfast", "-crf", "22", "-c:a", "aac"]


def draw_film() -> Path:
    """A moving, textured picture that costs a decoder and an encoder what a phone's film costs them."""
    FOOTAGE.mkdir(exist_ok=True)
    path = FOOTAGE / f"phone-{SECONDS}s.mp4"
    if path.exists():
        return path
    part = path.with_suffix(".part.mp4")
    picture = "testsrc2=size=1920x1080:rate=30,noise=alls=12:allf=t,gblur=sigma=0.8"
    sound = "anoisesrc=color=pink:seed=7:amplitude=0.3,tremolo=f=4:d=0.7"
    run([
        FfmpegRunner().executable(), "-loglevel", "error", "-y", "-f", "lavfi", "-i", picture,
        "-f", "lavfi", "-i", sound, "-t", str(SECONDS),
        "-c:v", "libx264", "-preset", "ultrafast", "-b:v", "17M", "-maxrate", "20M", "-bufsize", "17M",
        "-g", "30", "-pix_fmt", "yuv420p", "-c:a", "aac", str(part),
    ])  # fmt: skip
    part.rename(path)
    return path


def run(argv: list[str]) -> None:
    """Run a command to its end; its failure ends the benchmark."""
    subprocess.run(argv, check=True, stdin=subprocess.DEVNULL)


def vigpack(film: Path, out: Path) -> None:
    """The product's own way, with measuring, levelling, verifying, the pack and its ZIP."""
    moments = out / "moments.toml"
    moments.write_text('family = "K-104"\n' + "".join(f"[[clip]]\nin = {a}000\nout = {b}000\n" for a, b in CLIPS))
    run([sys.executable, "-m", "cli", "prepare", str(film), "--moments", str(moments), "--out", str(out / "o")])


def one_by_one(film: Path, out: Path, *sound: str) -> None:
    """One ffmpeg after another, sought before the input: what a careful technician does by hand."""
    for number, (start, end) in enumerate(CLIPS):
        seek = ["-ss", str(start), "-t", str(end - start), "-i", str(film)]
        run([FfmpegRunner().executable(), "-loglevel", "error", *seek, *SCALE, *sound, str(out / f"{number}.mp4")])


def by_moviepy(film: Path, out: Path) -> None:
    """What a Python programmer writes."""
    run([sys.executable, str(BENCH / "by_moviepy.py"), str(film), str(out), json.dumps(CLIPS)])


def floor(film: Path, out: Path) -> None:
    """Decode, scale and encode, and nothing else: two processes of one thread at a time."""
    running: list[subprocess.Popen[bytes]] = []
    for number, (start, end) in enumerate(CLIPS):
        if len(running) == (os.cpu_count() or 1):
            running.pop(0).wait()
        argv = ["-threads", "1", "-ss", str(start), "-t", str(end - start), "-i", str(film), *SCALE, "-threads", "1"]
        argv = [
            FfmpegRunner().executable(),
            "-loglevel",
            "error",
            "-filter_threads",
            "1",
            *argv,
            str(out / f"{number}.mp4"),
        ]
        running.append(subprocess.Popen(argv, stdin=subprocess.DEVNULL))
    for process in running:
        process.wait()


WAYS: dict[str, Callable[[Path, Path], None]] = {
    "the floor": floor,
    "vigpack prepare": vigpack,
    "ffmpeg, clip after clip": one_by_one,
    "the same with loudnorm": lambda film, out: one_by_one(film, out, "-af", "loudnorm=I=-16:TP=-1.5,aresample=48000"),
    "moviepy": by_moviepy,
}


def measure(way: Callable[[Path, Path], None], film: Path) -> dict[str, float]:
    """Wall and CPU seconds of one run in an empty folder, and the most memory of one process in it."""
    with tempfile.TemporaryDirectory(dir=FOOTAGE) as folder:
        before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        way(film, Path(folder))
        wall_s, after = time.monotonic() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"wall_s": round(wall_s, 2), "cpu_s": round(cpu_s, 2)}


def late_against_early() -> float:
    """The CPU of a clip at minute 58 of an hour over that of one at minute 1: the median of five pairs."""
    path = FOOTAGE / "hour.mp4"
    if not path.exists():
        loop = ["-stream_loop", str(3600 // SECONDS - 1), "-i", str(draw_film())]
        run([FfmpegRunner().executable(), "-loglevel", "error", "-y", *loop, "-c", "copy", str(path)])
    film = probe(path)
    ratios = []
    with tempfile.TemporaryDirectory(dir=FOOTAGE) as folder:
        for _ in range(5):
            cost = []
            for minute_number in (1, 58):
                clip = Clip(in_ms=minute_number * 60_000, out_ms=minute_number * 60_000 + 5_000)
                own = time.process_time()
                made = cut_clip(film, clip, preset(), Path(folder) / "clip.mp4", runner=FfmpegRunner())
                cost.append(made.cpu_s + time.process_time() - own)
            ratios.append(cost[1] / cost[0])
    return round(statistics.median(ratios), 2)


def main() -> None:
    """Measure every way, print a table and write bench/results/prepare.json."""
    film = draw_film()
    measured = {name: measure(way, film) for name, way in WAYS.items()}
    own = measured["vigpack prepare"]["wall_s"]
    size_mb = film.stat().st_size / 1e6
    print(f"{len(CLIPS)} clips of 20 s from {SECONDS} s of film ({size_mb:.0f} MB), {os.cpu_count()} cores")
    print(f"{'':28}{'wall s':>8}{'CPU s':>8}{'wall, vigpack = 1':>20}")
    for name, figures in measured.items():
        print(f"{name:28}{figures['wall_s']:8.1f}{figures['cpu_s']:8.1f}{figures['wall_s'] / own:20.2f}")
    late = late_against_early()
    print(f"a clip at minute 58 of an hour costs {late} times the CPU of one at minute 1")
    results = BENCH / "results"
    results.mkdir(exist_ok=True)
    report = {"film_bytes": film.stat().st_size, "clips": len(CLIPS), "ways": measured, "late_against_early": late}
    (results / "prepare.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
