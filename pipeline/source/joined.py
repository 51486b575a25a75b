"""Films put behind each other in one file as they are, of which readers show the first only, or mix them up.

Layouts: ISO/IEC 14496-12, 4.2 (boxes), 8.8 (fragments); RFC 8794, 6 (EBML elements), RFC 9559, 5 (Matroska); Adobe's
Video File Format Specification 10.1, annex E (FLV).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from pipeline.source.fragments import track_fragments
from pipeline.source.mp4_tracks import boxes, top_boxes

_EBML, _SEGMENT, _CLUSTER = 0x1A45DFA3, 0x18538067, 0x1F43B675
_FLV_HEAD_BYTES, _FLV_TAG_HEAD_BYTES = 9, 11


def is_joined(path: Path, container: str) -> bool:
    """Whether another film stands behind the first one. ``container``: as FFmpeg names it.

    Of MP4, MOV, Matroska, WebM and FLV; AVI and transport or program streams are read on behind the join.
    """
    kinds = {"mov": _joined_mp4, "matroska": _joined_matroska, "flv": _joined_flv}
    look = next((look for kind, look in kinds.items() if container.startswith(kind)), None)
    try:
        with path.open("rb") as file:
            return look is not None and look(file, path.stat().st_size)
    except (OSError, KeyError, struct.error):
        return False


def _joined_mp4(file: BinaryIO, size: int) -> bool:
    """Readers pass over a second head, so what it tells of is not shown, or decoded by the first one's descriptions.

    The same head once more, with clocks that go on in the fragments behind it, is how some programs write one film.
    Where the clocks of fragments go back, a recorder began anew, or parts of a stream were put in another order.
    """
    first: memoryview | None = None
    begun: dict[int, int] = {}
    for kind, body in top_boxes(file, size):
        if kind == b"moov":
            index = body()
            if first is None:
                first = index
            elif index != first and not _are_one_film(first, index):
                return True
        elif kind == b"moof" and first is not None:
            begins = {track.id: track.begins for track in track_fragments(body()) if track.begins is not None}
            if any(at < begun.get(track, 0) for track, at in begins.items()):
                return True
            begun |= begins
    return False


def _are_one_film(first: memoryview, other: memoryview) -> bool:
    in_fragments = all("mvex" in dict(boxes(index)) for index in (first, other))
    return in_fragments and _descriptions(first) == _descriptions(other)


def _descriptions(index: memoryview) -> list[bytes]:
    found = []
    for kind, body in boxes(index):
        if kind == "trak":
            media = dict(boxes(dict(boxes(body))["mdia"]))
            table = dict(boxes(dict(boxes(media["minf"]))["stbl"]))
            found.append(bytes(table["stsd"]))
    return found


def _joined_matroska(file: BinaryIO, size: int) -> bool:
    return sum(kind == _EBML for kind in _elements(file, size)) > 1


def _elements(file: BinaryIO, size: int) -> Iterator[int]:
    """The ids of a file's elements; those in a segment or cluster only where that does not say how long it is."""
    at = 0
    while at < size:
        file.seek(at)
        head = file.read(12)
        kind, length, content = _element(head)
        if not kind:
            return
        yield kind
        is_open = length is None and kind in (_SEGMENT, _CLUSTER)
        if length is None and not is_open:
            return
        at += content + (length or 0)


def _element(head: bytes) -> tuple[int, int | None, int]:
    """The id of an element, the length of its content (None: not stated) and where that begins; 0, … where none is."""
    kind_bytes = 9 - head[0].bit_length() if head else 9
    if kind_bytes > 4 or len(head) <= kind_bytes:
        return 0, None, 0
    length_bytes = 9 - head[kind_bytes].bit_length()
    if length_bytes > 8 or len(head) < kind_bytes + length_bytes:
        return 0, None, 0
    most = (1 << 7 * length_bytes) - 1
    length = int.from_bytes(head[kind_bytes : kind_bytes + length_bytes], "big") & most
    return int.from_bytes(head[:kind_bytes], "big"), None if length == most else length, kind_bytes + length_bytes


def _joined_flv(file: BinaryIO, size: int) -> bool:
    at = _FLV_HEAD_BYTES + 4
    while at + _FLV_TAG_HEAD_BYTES <= size:
        file.seek(at)
        head = file.read(_FLV_TAG_HEAD_BYTES)
        if head.startswith(b"FLV"):
            return True
        at += _FLV_TAG_HEAD_BYTES + int.from_bytes(head[1:4], "big") + 4
    return False
