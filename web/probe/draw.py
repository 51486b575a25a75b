"""Draws the tiny films that the page asks a browser's player with, into web/src/film/show/probeFilms.ts.

Run from the root of the repository: python web/probe/draw.py. Ten pictures a second. Six dark ones that an edit list
hides, then six bright ones: a player that follows edits begins bright. Two tracks that are on, the first bright, the
other dark and larger. Three pictures, of which the last stands for two seconds. A Matroska of five bright ones, then
five dark ones, whose sound begins with these: a player that leaves out what is shown before its sound begins dark.
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

MADE = ROOT / "web/src/film/show/probeFilms.ts"
SIDE, DARK, BRIGHT = 32, 30, 220
H264 = ("-c:v", "libx264", "-preset", "veryslow", "-bf", "0", "-g", "99", "-crf", "30", "-x264-params", "no-info=1")
BARE = ("-fflags", "+bitexact", "-flags:v", "+bitexact", "-map_metadata", "-1", "-bsf:v", "filter_units=remove_types=6")
COLUMNS = 114


def follow_edits(folder: Path) -> Path:
    """Dark pictures that an edit list hides, then bright ones."""
    film = Mp4(grey(folder / "all.mp4", *[DARK] * 6, *[BRIGHT] * 6))
    film.set_edits([(0.6, 0.6)])
    return film.write(folder / "hidden.mp4")


def play_first_track(folder: Path) -> Path:
    """Two tracks that are on: a bright one, and a dark one that is larger."""
    tracks = (
        "-i",
        str(grey(folder / "bright.mp4", BRIGHT, BRIGHT)),
        "-i",
        str(grey(folder / "dark.mp4", DARK, DARK, side=64)),
    )
    on = ("-map", "0:v", "-map", "1:v", "-disposition:v:0", "default", "-disposition:v:1", "default")
    run(*tracks, *on, "-c", "copy", *BARE, str(folder / "two.mp4"))
    return folder / "two.mp4"


def let_last_stand(folder: Path) -> Path:
    """Two pictures, and a last one that stands for two seconds."""
    film = Mp4(grey(folder / "short.mp4", BRIGHT, BRIGHT, BRIGHT))
    film.let_last_stand(0, 2.0)
    return film.write(folder / "standing.mp4")


def begin_with_picture(folder: Path) -> Path:
    """Bright pictures until the sound begins, then dark ones."""
    picture = grey(folder / "picture.mkv", *[BRIGHT] * 5, *[DARK] * 5)
    sound = ("-itsoffset", "0.6", "-f", "lavfi", "-t", "0.4", "-i", "anullsrc=r=48000:cl=mono")
    silent = ("-c:v", "copy", "-c:a", "libopus", "-b:a", "6k", "-frame_duration", "60", "-flags:a", "+bitexact")
    run("-i", str(picture), *sound, *silent, *BARE, str(folder / "late.mkv"))
    return folder / "late.mkv"


def grey(path: Path, *shades: int, side: int = SIDE) -> Path:
    """A film of plain grey pictures."""
    frames = [bytes([shade]) * (side * side) for shade in shades]
    raw = ("-f", "rawvideo", "-pix_fmt", "gray", "-s", f"{side}x{side}", "-r", "10", "-i", "pipe:0")
    run(*raw, "-vf", "format=yuv420p", *H264, *BARE, str(path), stdin=iter(frames))
    return path


FILMS = {
    "followsEdits": follow_edits,
    "playsFirstTrack": play_first_track,
    "letsLastStand": let_last_stand,
    "beginsWithPicture": begin_with_picture,
}


def main() -> None:
    """Write the module."""
    lines = ["/** Drawn by web/probe/draw.py, which says what is on them. */", "export const PROBE_FILMS = {"]
    for habit, draw in FILMS.items():
        with tempfile.TemporaryDirectory() as folder:
            text = base64.b64encode(draw(Path(folder)).read_bytes()).decode()
        lines.append(f"  {habit}: [")
        lines += [f"    '{text[at : at + COLUMNS]}'," for at in range(0, len(text), COLUMNS)]
        lines.append("  ].join(''),")
    MADE.write_text("\n".join([*lines, "};", ""]), encoding="utf-8")


if __name__ == "__main__":
    main()
