"""Films to send: tiny, each frame with its number, each sending with bytes that no other has."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

from tests.footage import BEEP, numbered_film

FRAME_MS = 40
FRAMES = 40
LENGTH_MS = FRAMES * FRAME_MS
_GOP = ("-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "10", "-crf", "20")
_BEGIN_AT = (0, 50, 100, 150)


@dataclass(frozen=True)
class DrawnFilm:
    """A film of 40 frames at 25 a second whose first frame shows ``first``."""

    data: bytes
    first: int

    def frames(self, in_ms: int, out_ms: int) -> list[int]:
        """The numbers a clip of it must show."""
        return [self.first + n for n in range(FRAMES) if in_ms <= n * FRAME_MS < out_ms]

    def frame_at(self, at_ms: int) -> int:
        """The number a still of it must show."""
        return self.first + min(at_ms // FRAME_MS, FRAMES - 1)

    def unique(self, rng: random.Random, most_bytes: int) -> bytes:
        """The film with some bytes behind it that players skip (an MP4 ``free`` box), like no other in the world."""
        stuffing = rng.randbytes(rng.randint(1 << 10, most_bytes))
        return self.data + (len(stuffing) + 8).to_bytes(4, "big") + b"free" + stuffing


def draw_films(folder: Path) -> list[DrawnFilm]:
    """A film for each beginning; the first one with sound."""
    films = []
    for first in _BEGIN_AT:
        path = numbered_film(
            folder / f"from-{first}.mp4",
            frames=first + FRAMES,
            fps="25",
            width=160,
            height=120,
            codec=_GOP,
            filters=f"trim=start_frame={first},setpts=PTS-STARTPTS",
            sound=None if first else BEEP,
        )
        films.append(DrawnFilm(path.read_bytes(), first))
    return films
