"""Matroska and WebM files changed in ways that ffmpeg does not write: how long the last picture, and it all, is.

They must be drawn with ``PLAIN``, without check sums. Elements are those of RFC 9559.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

PLAIN = ("-write_crc32", "0")
_SEEK_HEAD, _INFO, _CLUSTER = b"\x11\x4d\x9b\x74", b"\x15\x49\xa9\x66", b"\x1f\x43\xb6\x75"
_SEEK_POSITION, _DURATION = b"\x53\xac", b"\x44\x89"
_SIMPLE_BLOCK, _BLOCK_GROUP, _BLOCK, _BLOCK_DURATION, _REFERENCE = b"\xa3", b"\xa0", b"\xa1", b"\x9b", b"\xfb"
_MARK, _KEY = 0x80, 0x80


@dataclass
class Element:
    """An element, and of how many bytes its length is: what lies behind it is found by its place."""

    kind: bytes
    body: bytes
    width: int = 4

    def to_bytes(self) -> bytes:
        width = self.width if len(self.body) < (1 << 7 * self.width) - 1 else 8
        return self.kind + ((1 << 7 * width) | len(self.body)).to_bytes(width, "big") + self.body


def let_last_stand(path: Path, ms: int, *, track: int = 1) -> Path:
    """Say of the last picture stored of a track that it stands that long; the file is changed."""
    head, segment = _read(path.read_bytes())
    inside = _read(segment.body)
    last = max(n for n, one in enumerate(inside) if one.kind == _CLUSTER)
    cluster = _read(inside[last].body)
    at = max(n for n, one in enumerate(cluster) if one.kind == _SIMPLE_BLOCK and one.body[0] == _MARK | track)
    block = cluster[at].body
    group = [Element(_BLOCK, block[:3] + bytes([block[3] & ~_KEY]) + block[4:])]
    group.append(Element(_BLOCK_DURATION, ms.to_bytes(4, "big")))
    if not block[3] & _KEY:
        group.append(Element(_REFERENCE, b"\xff"))
    cluster[at] = Element(_BLOCK_GROUP, _written(group))
    before = len(_written(inside[: last + 1]))
    inside[last].body = _written(cluster)
    moved = len(_written(inside[: last + 1])) - before
    for one in inside:
        if one.kind == _SEEK_HEAD:
            one.body = _moved(one.body, before, moved)
    segment.body = _written(inside)
    path.write_bytes(_written([head, segment]))
    return path


def state_length(path: Path, ms: float) -> Path:
    """Say of a whole film that it is that long; the file is changed."""
    head, segment = _read(path.read_bytes())
    inside = _read(segment.body)
    info = next(one for one in inside if one.kind == _INFO)
    facts = _read(info.body)
    next(one for one in facts if one.kind == _DURATION).body = struct.pack(">d", ms)
    info.body = _written(facts)
    segment.body = _written(inside)
    path.write_bytes(_written([head, segment]))
    return path


def _moved(places: bytes, behind: int, by: int) -> bytes:
    """An index of places, of which those from one on moved."""
    found = _read(places)
    for seek in found:
        parts = _read(seek.body)
        for part in parts:
            where = int.from_bytes(part.body, "big")
            if part.kind == _SEEK_POSITION and where >= behind:
                part.body = (where + by).to_bytes(len(part.body), "big")
        seek.body = _written(parts)
    return _written(found)


def _read(data: bytes) -> list[Element]:
    found, at = [], 0
    while at < len(data):
        begin = at + 9 - data[at].bit_length()
        width = 9 - data[begin].bit_length()
        length = int.from_bytes(data[begin : begin + width], "big") & ((1 << 7 * width) - 1)
        content = begin + width
        found.append(Element(data[at:begin], data[content : content + length], width))
        at = content + length
    return found


def _written(elements: list[Element]) -> bytes:
    return b"".join(one.to_bytes() for one in elements)
