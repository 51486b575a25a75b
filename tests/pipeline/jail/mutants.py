"""Films that were damaged at random, made into moments in the jail: ``python -m tests.pipeline.jail.mutants 10000``.

None may hang, go over a bound or leave a part behind; a plain refusal is as good as a moment. Each is known by its
number, from which it can be made again; none is kept.
"""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.claims import Claims
from pipeline.errors import MediaCrashed, PipelineError
from pipeline.ffmpeg.limits import Limits
from pipeline.jail.jail import Task, WorkBroke
from pipeline.jail.zygote import Telling
from pipeline.moments import Clip, Still
from pipeline.presets import preset
from pipeline.run.orders import MAKE_MOMENT, Ffmpeg, MomentOrder
from tests.footage import JAIL, RUNNER, numbered_film, run

BOUNDS = Limits(memory_bytes=1 << 30, file_bytes=64 << 20)
WITHIN_S = 120.0
SOUND = ("film.wav", "film.mp3")


def draw(folder: Path) -> list[Path]:
    """The same small film in each kind of container, and as sound alone."""
    film = numbered_film(folder / "film.mp4", frames=30, width=64, height=48)
    for name in ("film.mkv", "film.ts", "film.avi", "film.mov"):
        run("-i", str(film), "-c", "copy", str(folder / name))
    for name in SOUND:
        run("-i", str(film), "-vn", str(folder / name))
    run("-i", str(film), "-c:v", "libvpx-vp9", "-cpu-used", "8", "-c:a", "libopus", str(folder / "film.webm"))
    run("-i", str(film), "-c", "copy", "-movflags", "frag_keyframe+empty_moov", str(folder / "pieces.mp4"))
    return sorted(folder.iterdir())


def mutate(content: bytes, number: int) -> bytes:
    """Some bytes changed, moved, doubled, taken out or cut off: where heads lie more often than elsewhere."""
    chance = random.Random(number)
    changed = bytearray(content)
    for _ in range(chance.choice((1, 2, 5, 20, 100))):
        near = len(changed) if chance.random() < 0.5 else min(len(changed), 1500)
        at = chance.randrange(max(1, near))
        match chance.randrange(6):
            case 0:
                changed[at : at + 1] = bytes([chance.randrange(256)])
            case 1:
                changed[at : at + 4] = chance.choice((b"\xff\xff\xff\xff", b"\x00\x00\x00\x00", b"\x7f\xff\xff\xff"))
            case 2:
                changed[at : at + 4] = chance.randbytes(4)
            case 3:
                del changed[at : at + chance.randrange(1, 200)]
            case 4:
                changed[at:at] = changed[at : at + chance.randrange(1, 200)]
            case 5 if chance.random() < 0.2:
                del changed[at:]
    return bytes(changed) or b"\x00"


@dataclass(frozen=True)
class Many:
    """Mutants of some films, by their numbers, each in a folder of its own in ``folder``."""

    films: tuple[Path, ...]
    numbers: tuple[int, ...]
    folder: Path


@dataclass(frozen=True)
class Outcome:
    """What came of each: ``ready``, or the code of its refusal; and what lay there at the end that is no result."""

    codes: tuple[str, ...]
    left: tuple[str, ...]


LOOK_AT_MANY: Task[Many, Outcome] = Task("tests.pipeline.jail.mutants:look_at_many", Outcome, timeout_s=WITHIN_S)


def order_of(source: Path, folder: Path, number: int) -> MomentOrder:
    """A still of each, of every fourth a clip."""
    wanted = Clip(in_ms=200, out_ms=700) if number % 4 == 0 or source.name in SOUND else Still(at_ms=400)
    return MomentOrder(
        source, folder, "01", wanted, preset("light"), Claims(), False, False, None, True, 1, Ffmpeg.of(RUNNER)
    )  # fmt: skip


def look_at_many(many: Many, tell: Telling) -> Outcome:
    """One after another in one process."""
    from pipeline.run.work import make_moment

    codes, left = [], []
    for place, number in enumerate(many.numbers):
        folder = many.folder / str(number)
        folder.mkdir()
        film = many.films[number % len(many.films)]
        source = folder / film.name
        source.write_bytes(mutate(film.read_bytes(), number))
        try:
            made = make_moment(order_of(source, folder, number), tell)
            codes.append("ready" if made.finished else "nothing")
        except PipelineError as error:
            codes.append(error.code)
        results = {source.name, "01.jpg", "01.mp4", "01.m4a", "film.mp4", "film.mkv"}  # the last two seekable copies
        left += [f"{number}: {path.name}" for path in folder.iterdir() if path.name not in results]
        shutil.rmtree(folder)
        tell((place + 1) / len(many.numbers))
    return Outcome(tuple(codes), tuple(left))


def one_alone(films: list[Path], number: int) -> tuple[str, float]:
    """What comes of one in a jail of its own, as a worker has it done, and how long that takes."""
    began = time.monotonic()
    film = films[number % len(films)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = folder / film.name
        source.write_bytes(mutate(film.read_bytes(), number))
        try:
            task = replace(MAKE_MOMENT, timeout_s=WITHIN_S)
            JAIL.do(task, order_of(source, folder, number), folder, limits=BOUNDS)
            code = "ready"
        except MediaCrashed:
            code = f"CRASHED {number}"
        except PipelineError as error:
            code = error.code
        except WorkBroke as error:  # neither a moment nor a refusal that a guider could read
            code = f"BROKE {number} {error}"
        parts = [path.name for path in folder.iterdir() if ".part" in path.name]
    return (f"LEFT {number} {parts}" if parts else code), time.monotonic() - began


def _all(count: int, films: list[Path]) -> Iterator[tuple[str, float]]:
    with ThreadPoolExecutor(2) as pool:
        yield from pool.map(lambda number: one_alone(films, number), range(count))


def main(count: int) -> None:
    """Print how many came to what; ends with 1 where one crashed, hung or left something."""
    with tempfile.TemporaryDirectory() as folder:
        found: Counter[str] = Counter()
        longest_s = 0.0
        for code, seconds in _all(count, draw(Path(folder))):
            found[code] += 1
            longest_s = max(longest_s, seconds)
    for code, times in found.most_common():
        print(f"{times:6} {code}")
    print(f"{count} films; the longest took {longest_s:.1f} s")
    sys.exit(any(code.startswith(("BROKE", "CRASHED", "LEFT")) or code == "ffmpeg_timed_out" for code in found))


if __name__ == "__main__":
    main(int(sys.argv[1]))
