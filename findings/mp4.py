"""For findings: writes an edit list (ISO/IEC 14496-12, 8.6.6) into every track of an MP4 whose `moov` comes last.

Run: python mp4.py IN.mp4 OUT.mp4 FROM:LENGTH[:RATE] …   in seconds of the media; FROM -1 is an empty edit.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterator
from pathlib import Path

Edit = tuple[float, float, float]
"""From which second of the media, how long, how fast."""


def boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The kind and the body of each box."""
    at = 0
    while at + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        yield kind, data[at + 8 : at + size]
        at += size


def box(kind: bytes, body: bytes) -> bytes:
    """A box with that body."""
    return struct.pack(">I4s", 8 + len(body), kind) + body


def scale(header: bytes) -> int:
    """Ticks a second, of ``mvhd`` or ``mdhd`` of version 0."""
    return int(struct.unpack_from(">I", header, 12)[0])


def with_edits(track: bytes, movie_scale: int, edits: list[Edit]) -> bytes:
    """The track with that edit list; what the encoder put before its first sample stays left out."""
    inside = dict(boxes(track))
    media_scale = scale(dict(boxes(inside[b"mdia"]))[b"mdhd"])
    old = dict(boxes(inside.get(b"edts", b""))).get(b"elst", bytes(16))
    run_up = max(0, struct.unpack_from(">i", old, 12)[0])
    entries = b""
    for begin, length, rate in edits:
        media = -1 if begin < 0 else round(begin * media_scale) + run_up
        entries += struct.pack(">IiI", round(length * movie_scale), media, round(rate * 0x10000))
    edited = box(b"edts", box(b"elst", struct.pack(">II", 0, len(edits)) + entries))
    kept = [box(kind, body) for kind, body in boxes(track) if kind != b"edts"]
    return box(b"trak", kept[0] + edited + b"".join(kept[1:]))


def main(source: Path, target: Path, wanted: list[str]) -> None:
    """Write ``target``: the film ``source`` with that edit list."""
    edits: list[Edit] = []
    for written in wanted:
        begin, length, *rate = (float(part) for part in written.split(":"))
        edits.append((begin, length, rate[0] if rate else 1.0))
    data = source.read_bytes()
    kind, index = list(boxes(data))[-1]
    if kind != b"moov":
        raise SystemExit("moov must come last")
    movie_scale = scale(dict(boxes(index))[b"mvhd"])
    inside = (
        with_edits(body, movie_scale, edits) if kind == b"trak" else box(kind, body) for kind, body in boxes(index)
    )
    target.write_bytes(data[: -8 - len(index)] + box(b"moov", b"".join(inside)))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
