"""Draws the tiny film that the page asks a browser's player with, into web/src/film/show/probeFilm.ts.

Run from the root of the repository: python web/probe/draw.py. Twelve pictures, ten a second: six dark ones that an edit
list hides, then six bright ones. A player that follows edits begins bright.
"""

from __future__ import annotations

import base64
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.footage import run  # noqa: E402  the tests are no package that is installed
from tests.mp4_boxes import Mp4  # noqa: E402

MADE = ROOT / "web/src/film/show/probeFilm.ts"
SIDE, DARK, BRIGHT = 32, 30, 220
H264 = ("-c:v", "libx264", "-preset", "veryslow", "-bf", "0", "-g", "99", "-crf", "30", "-x264-params", "no-info=1")
COLUMNS = 116


def draw(folder: Path) -> bytes:
    """The film."""
    frames = [bytes([DARK if n < 6 else BRIGHT]) * (SIDE * SIDE) for n in range(12)]
    raw = ("-f", "rawvideo", "-pix_fmt", "gray", "-s", f"{SIDE}x{SIDE}", "-r", "10", "-i", "pipe:0")
    bare = ("-fflags", "+bitexact", "-flags:v", "+bitexact", "-map_metadata", "-1")
    run(*raw, "-vf", "format=yuv420p", *H264, *bare, str(folder / "all.mp4"), stdin=iter(frames))
    film = Mp4(folder / "all.mp4")
    film.set_edits([(0.6, 0.6)])
    return film.write(folder / "hidden.mp4").read_bytes()


def main() -> None:
    """Write the module."""
    with tempfile.TemporaryDirectory() as folder:
        text = base64.b64encode(draw(Path(folder))).decode()
    lines = [f"  '{text[at : at + COLUMNS]}'," for at in range(0, len(text), COLUMNS)]
    head = "/** Drawn by web/probe/draw.py: dark pictures that an edit list hides, then bright ones. */\n"
    MADE.write_text(f"{head}export const PROBE_FILM = [\n" + "\n".join(lines) + "\n].join('');\n", encoding="utf-8")


if __name__ == "__main__":
    main()
