"""Every way to get the same moments out of a film, the product's own among them.

Each gives its clips in the order of the moments. The floor is ffmpeg that only decodes, scales and encodes: no way that
makes these files can be cheaper.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from bench.cutting.footage import lighten_film
from bench.cutting.peers import LOCKED, NotHere, Peer, ffmpeg_for_all, from_index, from_system
from pipeline.ffmpeg.runner import FfmpegRunner
from pipeline.presets import preset

_PRESET = preset()
ENCODING = ["-c:v", "libx264", "-preset", _PRESET.speed, "-crf", str(_PRESET.crf), "-c:a", "aac"]
LOUDNORM = ["-af", "loudnorm=I=-16:TP=-1.5,aresample=48000"]
_STILLS_PER_CLIP = 2


@dataclass
class Task:
    """What is to be cut, and an empty folder for it. ``clips``: start and end in milliseconds, on pictures' times."""

    film: Path
    clips: Sequence[tuple[int, int]]
    out: Path
    whole_s: float
    """How much of the film, from its beginning, is transcoded where a way transcodes the whole."""
    lines: int = _PRESET.max_lines
    parts_s: dict[str, float] = field(default_factory=dict)
    """The seconds of wall of the parts of a way, where that tells them."""

    @property
    def scaled(self) -> list[str]:
        """ffmpeg's words for the picture and the sound."""
        return ["-vf", f"scale=-2:{self.lines}:flags=area", *ENCODING]

    @property
    def seconds(self) -> list[list[float]]:
        """The clips in seconds."""
        return [[start / 1000, end / 1000] for start, end in self.clips]


Make = Callable[[Task], list[Path]]


@dataclass(frozen=True)
class Way:
    """One way. ``is_slow``: in the short run it makes one of the clips."""

    title: str
    make: Make
    is_slow: bool = False
    version: str = ""
    of: Callable[[Path, Path], Path] | None = None
    """Makes another film of the drawn one, in a folder, once; its clips begin at whole seconds."""


def run(argv: Sequence[str | Path], env: Mapping[str, str] | None = None) -> None:
    """Run a command to its end; what it says is shown only where it fails. Raises: CalledProcessError."""
    try:
        subprocess.run(argv, check=True, stdin=subprocess.DEVNULL, capture_output=True, env=env)
    except subprocess.CalledProcessError as failed:
        sys.stderr.write(failed.stderr.decode(errors="replace"))
        raise


def ffmpeg(*argv: str | Path) -> list[str | Path]:
    """A command of ffmpeg."""
    return [FfmpegRunner().executable(), "-loglevel", "error", "-nostdin", "-y", *argv]


def _sought(film: Path, start_ms: int, end_ms: int) -> list[str | Path]:
    return ["-ss", f"{start_ms / 1000}", "-t", f"{(end_ms - start_ms) / 1000}", "-i", film]


def floor(task: Task) -> list[Path]:
    """Decode, scale and encode, and nothing else: as many processes of one thread at a time as there are processors."""
    clips, running = [], list[subprocess.Popen[bytes]]()
    for number, (start, end) in enumerate(task.clips):
        if len(running) == (os.cpu_count() or 1):
            _ended(running.pop(0))
        clips.append(task.out / f"{number}.mp4")
        sought = ["-filter_threads", "1", "-threads", "1", *_sought(task.film, start, end)]
        argv = ffmpeg(*sought, *task.scaled, "-threads", "1", clips[-1])
        running.append(subprocess.Popen(argv, stdin=subprocess.DEVNULL))
    for process in running:
        _ended(process)
    return clips


def _ended(process: subprocess.Popen[bytes]) -> None:
    if process.wait():
        raise subprocess.CalledProcessError(process.returncode, process.args)


def prepare(
    task: Task, *, stills: bool = False, command: Sequence[str] = (), env: Mapping[str, str] | None = None
) -> list[Path]:
    """`vigpack prepare`, with measuring, levelling, verifying, the pack and its ZIP; ``stills``: two from each clip.

    command, env: those of another release.
    """
    text = ['family = "K-104"']
    for start, end in task.clips:
        text += ["[[clip]]", f"in = {start}", f"out = {end}"]
    for start, end in task.clips if stills else ():
        step = (end - start) // (_STILLS_PER_CLIP + 1)
        for number in range(1, _STILLS_PER_CLIP + 1):
            text += ["[[still]]", f"at = {start + number * step}"]
    moments = task.out / "moments.toml"
    moments.write_text("\n".join(text) + "\n")
    made = task.out / "made"
    ours = command or [sys.executable, "-m", "cli"]
    run([*ours, "prepare", task.film, "--moments", moments, "--out", made], env)
    return sorted((made / "review-pack" / "clips").glob("*.mp4"))


def one_by_one(task: Task, *sound: str) -> list[Path]:
    """One ffmpeg after another, sought before the input: what a careful technician does by hand."""
    clips = []
    for number, (start, end) in enumerate(task.clips):
        clips.append(task.out / f"{number}.mp4")
        run(ffmpeg(*_sought(task.film, start, end), *task.scaled, *sound, clips[-1]))
    return clips


def transcode_then_cut(task: Task) -> list[Path]:
    """The film is made small and level as a whole, as services do on arrival; each clip is then cut to the picture."""
    whole, started = task.out / "whole.mp4", time.monotonic()
    run(ffmpeg("-t", f"{task.whole_s}", "-i", task.film, *task.scaled, *LOUDNORM, whole))
    task.parts_s["transcode"] = time.monotonic() - started
    clips, started = [], time.monotonic()
    for number, (start, end) in enumerate(task.clips):
        clips.append(task.out / f"{number}.mp4")
        run(ffmpeg(*_sought(whole, start, end), *ENCODING, clips[-1]))
    task.parts_s["cut"] = time.monotonic() - started
    return clips


def by_script(script: str, peer: Peer, task: Task) -> list[Path]:
    """What a few lines of Python make with a library."""
    found = {**os.environ, "PATH": f"{ffmpeg_for_all()}:{os.environ['PATH']}"}
    found["IMAGEIO_FFMPEG_EXE"] = FfmpegRunner().executable()
    run([*peer.program, LOCKED / script, task.film, task.out, json.dumps(task.seconds)], found)
    return sorted(task.out.glob("*.mp4"), key=lambda path: int(path.stem))


def by_smartcut(peer: Peer, task: Task) -> list[Path]:
    """Copied where it can be, encoded at the ends: large files, the film's own size, nothing levelled."""
    clips = []
    for number, (start, end) in enumerate(task.seconds):
        clips.append(task.out / f"{number}.mp4")
        run([*peer.program, task.film, clips[-1], "--keep", f"{start},{end}"])
    return clips


def by_auto_editor(peer: Peer, task: Task) -> list[Path]:
    """One clip after another; it always reads the film from its beginning."""
    clips = []
    for number, (start, end) in enumerate(task.seconds):
        clips.append(task.out / f"{number}.mp4")
        left_out = ["--cut-out", f"0sec,{start}sec", f"{end}sec,end"]
        run([*peer.program, task.film, "--edit", "none", *left_out, "--no-open", "-o", clips[-1]])
    return clips


def by_handbrake(peer: Peer, task: Task) -> list[Path]:
    """Its preset for 720p, one clip after another."""
    clips = []
    for number, (start, end) in enumerate(task.seconds):
        clips.append(task.out / f"{number}.mp4")
        span = ["--start-at", f"seconds:{start}", "--stop-at", f"seconds:{end - start}"]
        run([*peer.program, "--preset", "Fast 720p30", *span, "-i", task.film, "-o", clips[-1]])
    return clips


def own_ways() -> dict[str, Way]:
    """Those that need nothing but what the product brings."""
    return {
        "floor": Way("the floor: decode, scale, encode", floor),
        "vigpack": Way("vigpack prepare", prepare),
        "stills": Way("vigpack prepare with twelve stills", partial(prepare, stills=True)),
        "light": Way("vigpack prepare of lighter moments", prepare, of=lighten_film),
        "ffmpeg": Way("ffmpeg, clip after clip", one_by_one, is_slow=True),
        "loudnorm": Way("ffmpeg with loudnorm, clip after clip", lambda task: one_by_one(task, *LOUDNORM)),
        "transcode_then_cut": Way("transcode the whole, then cut", transcode_then_cut, is_slow=True),
    }


def peer_ways() -> tuple[dict[str, Way], dict[str, str]]:
    """Those of other programs, and why some are not to be had here."""
    have: dict[str, tuple[str, Callable[[], Peer], Callable[[Peer, Task], list[Path]]]] = {
        "moviepy": (
            "moviepy",
            lambda: from_index(
                "moviepy", "python", ["-c", "from importlib.metadata import version as v; print(v('moviepy'))"]
            ),
            partial(by_script, "by_moviepy.py"),
        ),
        "pyscenedetect": (
            "PySceneDetect's splitter",
            lambda: from_index("scenedetect", "python", ["-c", "import scenedetect; print(scenedetect.__version__)"]),
            partial(by_script, "by_scenedetect.py"),
        ),
        "smartcut": ("smartcut", lambda: from_index("smartcut", "smartcut", ["--version"]), by_smartcut),
        "auto_editor": ("auto-editor", _auto_editor, by_auto_editor),
        "handbrake": ("HandBrake", lambda: from_system("HandBrakeCLI", ["--version"]), by_handbrake),
    }
    ways, missing = dict[str, Way](), dict[str, str]()
    for key, (title, find, make) in have.items():
        try:
            peer = find()
        except NotHere as why:
            missing[key] = str(why)
        else:
            ways[key] = Way(title, partial(make, peer), is_slow=True, version=peer.version)
    return ways, missing


def _auto_editor() -> Peer:
    """Its package fetches the program from elsewhere when it is first run; where that is refused, the system's."""
    try:
        return from_index("auto-editor", "auto-editor", ["--version"])
    except NotHere as why:
        try:
            return from_system("auto-editor", ["--version"])
        except NotHere:
            raise why from None
