"""What an MP4 or MOV file says of its tracks that no reader passes on: edit lists and sample descriptions.

Layouts: ISO/IEC 14496-12, 8.3 (tracks), 8.5 (sample descriptions), 8.6.6 (edit lists).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import BinaryIO

_MOST_INDEX_BYTES = 256 << 20
_MOST_EDITS = 10_000
_LARGE, _TO_THE_END = 1, 0


@dataclass(frozen=True)
class Edit:
    """One entry of an edit list: so long of a track's media is played from there, at that speed."""

    length_s: Fraction
    """On the film's own clock."""
    media_start: int | None
    """In the media's own ticks; None: nothing is played for so long."""
    rate: Fraction
    """1: as it was recorded; 0: one picture stands."""


@dataclass(frozen=True)
class Mp4Track:
    """A track as the file describes it."""

    id: int
    media_scale: int
    """Ticks a second of the media's clock."""
    edits: tuple[Edit, ...]
    descriptions: tuple[str, ...]
    """The four letters of each sample description, such as avc1."""
    in_fragments: bool = False
    """Whether its samples are listed beside the media, not in the head."""
    lists_keys: bool = True
    """Whether it says which samples are key pictures; else it says that each is one."""


def read_mp4_tracks(path: Path) -> tuple[Mp4Track, ...]:
    """The tracks of an MP4 or MOV file, in the order stored; none where that cannot be read."""
    try:
        with path.open("rb") as file:
            index = _find_index(file, path.stat().st_size)
        movie = dict(boxes(index))
        movie_scale = _scale(movie["mvhd"])
        tracks = (_track(body, movie_scale) for kind, body in boxes(index) if kind == "trak")
        return tuple(replace(track, in_fragments="mvex" in movie) for track in tracks)
    except (OSError, KeyError, struct.error, ZeroDivisionError):
        return ()


def _find_index(file: BinaryIO, size: int) -> memoryview:
    """The body of the box ``moov``, which may come first or last."""
    for kind, body in top_boxes(file, size):
        if kind == b"moov":
            return body()
    raise KeyError("moov")


def top_boxes(file: BinaryIO, size: int) -> Iterator[tuple[bytes, Callable[[], memoryview]]]:
    """The kind of each box of the file, and what reads its body. Raises: KeyError where that would be too large."""
    at = 0
    while at + 8 <= size:
        file.seek(at)
        length, kind = struct.unpack(">I4s", file.read(8))
        head = 8
        if length == _LARGE:
            length, head = struct.unpack(">Q", file.read(8))[0], 16
        elif length == _TO_THE_END:
            length = size - at
        if length < head:
            return
        yield kind, partial(_read_body, file, at + head, length - head)
        at += length


def _read_body(file: BinaryIO, at: int, length: int) -> memoryview:
    if length > _MOST_INDEX_BYTES:
        raise KeyError("an index that large")
    file.seek(at)
    return memoryview(file.read(length))


def boxes(body: memoryview) -> Iterator[tuple[str, memoryview]]:
    """The kind and the content of each box in another."""
    at = 0
    while at + 8 <= len(body):
        length, kind = struct.unpack_from(">I4s", body, at)
        head = 8
        if length == _LARGE:
            length, head = struct.unpack_from(">Q", body, at + 8)[0], 16
        elif length == _TO_THE_END:
            length = len(body) - at
        if length < head:
            return
        yield kind.decode("latin-1"), body[at + head : at + length]
        at += length


def _scale(header: memoryview) -> int:
    """Ticks a second, of ``mvhd`` or ``mdhd``."""
    (ticks,) = struct.unpack_from(">I", header, 20 if header[0] == 1 else 12)
    if not ticks:
        raise ZeroDivisionError
    return int(ticks)


def _track(body: memoryview, movie_scale: int) -> Mp4Track:
    found = dict(boxes(body))
    header, media = found["tkhd"], dict(boxes(found["mdia"]))
    (number,) = struct.unpack_from(">I", header, 20 if header[0] == 1 else 12)
    edits = dict(boxes(found["edts"])).get("elst") if "edts" in found else None
    table = dict(boxes(dict(boxes(media["minf"]))["stbl"]))
    kinds = tuple(kind for kind, _ in boxes(table["stsd"][8:])) if "stsd" in table else ()
    return Mp4Track(
        int(number), _scale(media["mdhd"]), tuple(_edits(edits, movie_scale)), kinds, lists_keys="stss" in table
    )


def _edits(body: memoryview | None, movie_scale: int) -> Iterator[Edit]:
    if body is None:
        return
    entry = struct.Struct(">QqhH" if body[0] == 1 else ">IihH")
    (count,) = struct.unpack_from(">I", body, 4)
    for number in range(min(count, _MOST_EDITS, (len(body) - 8) // entry.size)):
        length, start, whole, part = entry.unpack_from(body, 8 + number * entry.size)
        yield Edit(Fraction(length, movie_scale), None if start < 0 else start, whole + Fraction(part, 1 << 16))
