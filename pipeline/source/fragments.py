"""What the fragments of an MP4 say of the times of its samples.

Layouts: ISO/IEC 14496-12, 8.8.3 (``trex``), 8.8.7 (``tfhd``), 8.8.8 (``trun``), 8.8.12 (``tfdt``).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from pipeline.source.mp4_tracks import Mp4Track, boxes, top_boxes

_HAS_OFFSET, _HAS_DESCRIPTION, _HAS_DURATION = 0x1, 0x2, 0x8
_HAS_DATA_OFFSET, _HAS_FIRST_FLAGS = 0x1, 0x4
_EACH_LASTS, _EACH = 0x100, (0x100, 0x200, 0x400, 0x800)


@dataclass(frozen=True)
class TrackFragment:
    """What one fragment says of one track."""

    id: int
    begins: int | None
    """When its first sample is decoded, in the track's ticks; None: it does not say."""
    last_lasts: int | None
    """For how long its last sample does; None: as long as all samples of the track whose fragment does not say."""


def track_fragments(fragment: memoryview) -> Iterator[TrackFragment]:
    """The tracks of a fragment, ``moof``. Raises: KeyError, struct.error where it cannot be read."""
    for kind, body in boxes(fragment):
        if kind != "traf":
            continue
        inside = dict(boxes(body))
        flags, track = struct.unpack_from(">II", inside["tfhd"])
        begins = None
        if "tfdt" in inside:
            (begins,) = struct.unpack_from(">Q" if inside["tfdt"][0] == 1 else ">I", inside["tfdt"], 4)
        usual = None
        if flags & _HAS_DURATION:
            at = 8 + 8 * bool(flags & _HAS_OFFSET) + 4 * bool(flags & _HAS_DESCRIPTION)
            (usual,) = struct.unpack_from(">I", inside["tfhd"], at)
        yield TrackFragment(track, begins, _last_duration(inside["trun"], usual) if "trun" in inside else usual)


def _last_duration(run: memoryview, usual: int | None) -> int | None:
    flags, count = struct.unpack_from(">II", run)
    if not flags & _EACH_LASTS or not count:
        return usual
    each = 4 * sum(bool(flags & field) for field in _EACH)
    at = 8 + 4 * bool(flags & _HAS_DATA_OFFSET) + 4 * bool(flags & _HAS_FIRST_FLAGS) + (count - 1) * each
    return int(struct.unpack_from(">I", run, at)[0])


def unlasting(path: Path, track: Mp4Track) -> list[Fraction]:
    """When samples of a track are decoded that are said to last for no time, though others follow: in seconds."""
    found: list[Fraction] = []
    if not track.in_fragments:
        return found
    usual: Mapping[int, int] = {}
    latest: TrackFragment | None = None
    try:
        with path.open("rb") as file:
            for kind, body in top_boxes(file, path.stat().st_size):
                if kind == b"moov":
                    usual = dict(_usual_durations(body()))
                elif kind == b"moof":
                    for part in track_fragments(body()):
                        if part.id != track.id:
                            continue
                        if latest and _lasts(latest, usual) == 0:
                            found.append(Fraction(latest.begins or 0, track.media_scale))
                        latest = part
    except (OSError, KeyError, struct.error):
        return found
    return found


def _lasts(part: TrackFragment, usual: Mapping[int, int]) -> int:
    return usual.get(part.id, 0) if part.last_lasts is None else part.last_lasts


def _usual_durations(index: memoryview) -> Iterator[tuple[int, int]]:
    """How long samples of each track last where their fragment does not say."""
    for kind, body in boxes(dict(boxes(index)).get("mvex", memoryview(b""))):
        if kind == "trex":
            track, _, lasts = struct.unpack_from(">3I", body, 4)
            yield track, lasts
