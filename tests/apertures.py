"""Films whose container asks players to show a part of each picture only."""

from __future__ import annotations

import struct
from pathlib import Path

from tests.footage import ONE_THREAD, numbered_film
from tests.mp4_boxes import Box, Mp4

_VP8 = ("-c:v", "libvpx", *ONE_THREAD, "-b:v", "1M", "-g", "30", "-deadline", "realtime", "-cpu-used", "8")
_SHAPE_TO_CROP = {
    # What ffmpeg writes of the shape 16:9, a size in WebM and a shape in Matroska; then lines to leave out.
    b"\x54\xb0\x82\x01\xab\x54\xba\x81\xf0": b"\x54\xaa\x82\x00\x08\x54\xbb\x81\x08",
    b"\x54\xb0\x81\x10\x54\xba\x81\x09\x54\xb2\x81\x03": b"\x54\xaa\x81\x08\x54\xbb\x81\x08\x54\xb2\x81\x00",
}


def with_clean_aperture(path: Path, out: Path, width: int, height: int) -> Path:
    """The same MP4 with a clean aperture of that size in the middle (ISO 14496-12, 12.1.4)."""
    film = Mp4(path)
    film.description(0).inside.append(Box("clap", struct.pack(">8i", width, 1, height, 1, 0, 1, 0, 1)))
    return film.write(out)


def with_matroska_crop(out: Path) -> Path:
    """A numbered Matroska or WebM of 30 pictures of 320×240, which asks to leave out eight lines above and below."""
    oblong = numbered_film(out.with_name(f"oblong-{out.name}"), frames=30, codec=_VP8, filters="setsar=4/3", sound=None)
    stored = oblong.read_bytes()
    [shape] = [shape for shape in _SHAPE_TO_CROP if stored.count(shape) == 1]
    out.write_bytes(stored.replace(shape, _SHAPE_TO_CROP[shape]))
    return out
