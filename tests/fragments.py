"""Films in fragments of one picture each, as recorders and streams write them, and what they may say wrongly."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.footage import numbered_film, run

TICKS = 15360
"""Of a second of the picture's track; a picture of 30 a second takes 512 of them."""
H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "30", "-crf", "18")
HEVC = (
    *("-c:v", "libx265", "-preset", "ultrafast", "-tag:v", "hvc1"),
    *("-x265-params", "bframes=3:keyint=30:log-level=error"),
)


@dataclass
class Fragment:
    """One fragment's word on its only sample, in the file's bytes; ``number``: its place among those of its track."""

    data: bytearray
    boxes: dict[str, int]
    number: int

    @property
    def track(self) -> int:
        return int(struct.unpack_from(">I", self.data, self.boxes["tfhd"] + 4)[0])

    def begin_later(self, ticks: int) -> None:
        at = self.boxes["tfdt"] + 4
        (begins,) = struct.unpack_from(">Q", self.data, at)
        struct.pack_into(">Q", self.data, at, begins + ticks)

    def last(self, ticks: int) -> None:
        """ffmpeg writes the length of a fragment's only sample as that of all that do not say otherwise."""
        struct.pack_into(">I", self.data, self.boxes["tfhd"] + 16, ticks)

    def show_when_decoded(self) -> None:
        flags, _ = struct.unpack_from(">II", self.data, self.boxes["trun"])
        if flags & 0x800:
            fields = sum(bool(flags & field) for field in (0x1, 0x4, 0x100, 0x200, 0x400))
            struct.pack_into(">I", self.data, self.boxes["trun"] + 8 + 4 * fields, 0)

    def say_no_time(self) -> None:
        at = self.boxes["tfdt"]
        self.data[at - 4 : at] = b"free"


def in_fragments(
    path: Path, *, codec: tuple[str, ...] = H264, frames: int = 90, flags: str = "frag_every_frame"
) -> Path:
    """A numbered film in fragments, each of one picture or packet of sound unless ``flags`` say otherwise; no index."""
    drawn = numbered_film(path.with_name("whole.mp4"), frames=frames, width=160, height=120, codec=codec)
    run("-i", str(drawn), "-c", "copy", "-movflags", f"{flags}+empty_moov+skip_trailer", str(path))
    return path


def change_fragments(path: Path, change: Callable[[Fragment], None]) -> Path:
    """The same file with each of its fragments changed."""
    data = bytearray(path.read_bytes())
    counts: dict[int, int] = {}
    for begins, ends in _boxes(data, 0, len(data), "moof"):
        for from_, to in _boxes(data, begins, ends, "traf"):
            inside = {kind: at for kind in ("tfhd", "tfdt", "trun") for at, _ in _boxes(data, from_, to, kind)}
            fragment = Fragment(data, inside, 0)
            fragment.number = counts.get(fragment.track, 0)
            counts[fragment.track] = fragment.number + 1
            change(fragment)
    path.write_bytes(data)
    return path


def _boxes(data: bytearray, begins: int, ends: int, wanted: str) -> Iterator[tuple[int, int]]:
    while begins + 8 <= ends:
        size, kind = struct.unpack_from(">I4s", data, begins)
        if kind.decode("latin-1") == wanted:
            yield begins + 8, begins + size
        begins += size


def without_lengths(fragment: Fragment) -> None:
    """As recorders write them that do not wait for the next picture."""
    if fragment.track == 1:
        fragment.last(0)


def as_ffmpeg_breaks_them(fragment: Fragment) -> None:
    """From the 45th on a picture lasts for no time, and is shown when it is decoded: see findings/."""
    if fragment.track == 1 and fragment.number >= 45:
        fragment.last(0)
        fragment.begin_later(512)
        fragment.show_when_decoded()


def begun_anew(fragment: Fragment) -> None:
    """The last second says that it is the first one."""
    seconds = TICKS if fragment.track == 1 else 48000
    (begins,) = struct.unpack_from(">Q", fragment.data, fragment.boxes["tfdt"] + 4)
    if begins >= 2 * seconds:
        fragment.begin_later(-2 * seconds)
