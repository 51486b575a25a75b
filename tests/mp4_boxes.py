"""MP4 files taken apart and changed in ways that ffmpeg does not write: edit lists, apertures, sample descriptions.

The box `moov` must come last, as ffmpeg writes it unless asked otherwise: then nothing that is changed in it moves
media, and no offset has to be counted anew. Layouts are those of ISO/IEC 14496-12.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_INSIDE = {
    "moov": 0,
    "trak": 0,
    "mdia": 0,
    "minf": 0,
    "stbl": 0,
    "edts": 0,
    "stsd": 8,
    "avc1": 78,
    "hvc1": 78,
    "hev1": 78,
    "avc3": 78,
    "vp09": 78,
    "av01": 78,
    "mp4v": 78,
    "apco": 78,
    "mp4a": 28,
}
"""Boxes that hold boxes, and how many bytes of their own come before these."""
WHOLE_SPEED = 1.0


@dataclass
class Box:
    """A box: ``own`` bytes, then the boxes inside."""

    kind: str
    own: bytes
    inside: list[Box] = field(default_factory=list)

    def to_bytes(self) -> bytes:
        body = self.own + b"".join(box.to_bytes() for box in self.inside)
        return struct.pack(">I4s", 8 + len(body), self.kind.encode("latin-1")) + body

    def all(self, *path: str) -> Iterator[Box]:
        """Every box at a path below this one."""
        for box in self.inside:
            if box.kind == path[0]:
                if len(path) == 1:
                    yield box
                else:
                    yield from box.all(*path[1:])

    def one(self, *path: str) -> Box:
        """The first box at a path below this one."""
        return next(self.all(*path))


def _read(data: bytes) -> list[Box]:
    boxes, at = [], 0
    while at + 8 <= len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        kind, body = name.decode("latin-1"), data[at + 8 : at + size]
        own = _INSIDE.get(kind)
        boxes.append(Box(kind, body) if own is None else Box(kind, body[:own], _read(body[own:])))
        at += size
    return boxes


class Mp4:
    """A drawn MP4 whose `moov` can be changed and written anew."""

    def __init__(self, path: Path) -> None:
        data = path.read_bytes()
        at = 0
        while True:
            size, kind = struct.unpack_from(">I4s", data, at)
            size = struct.unpack_from(">Q", data, at + 8)[0] if size == 1 else size
            if kind == b"moov":
                break
            at += size
        assert at + size == len(data), "moov must come last"
        self._before = data[:at]
        [self.moov] = _read(data[at:])

    @property
    def tracks(self) -> list[Box]:
        return list(self.moov.all("trak"))

    def write(self, path: Path) -> Path:
        path.write_bytes(self._before + self.moov.to_bytes())
        return path

    def description(self, track: int, kind: str = "avc1") -> Box:
        """The sample description of a track."""
        return self.tracks[track].one("mdia", "minf", "stbl", "stsd", kind)

    def set_edits(self, pieces: Sequence[tuple[float, float] | tuple[float, float, float]], *tracks: int) -> None:
        """Give tracks (all, where none is named) an edit list: from which second of the media, how long, how fast.

        -1 for the second of the media is an empty edit; the speed 0 is a dwell. What the track's own edit list leaves
        out before its first sample (an encoder's run-up) is left out still.
        """
        movie_scale = struct.unpack_from(">I", self.moov.one("mvhd").own, 12)[0]
        for number in tracks or range(len(self.tracks)):
            track = self.tracks[number]
            media_scale = struct.unpack_from(">I", track.one("mdia", "mdhd").own, 12)[0]
            before = list(track.all("edts", "elst"))
            run_up = struct.unpack_from(">Iii", before[0].own, 8)[1] if before else 0
            entries = b""
            for from_s, length_s, *speed in pieces:
                media = -1 if from_s < 0 else round(from_s * media_scale) + max(0, run_up)
                rate = round((speed[0] if speed else WHOLE_SPEED) * 0x10000)
                entries += struct.pack(">QqI", round(length_s * movie_scale), media, rate)
            edits = Box("edts", b"", [Box("elst", struct.pack(">II", 1 << 24, len(pieces)) + entries)])
            track.inside = [box for box in track.inside if box.kind != "edts"]
            track.inside.insert(1, edits)

    def let_last_stand(self, track: int, seconds: float) -> None:
        """Let a track's last sample last that long; of a track whose samples are shown in the order stored."""
        header = self.tracks[track].one("mdia", "mdhd")
        scale, whole = struct.unpack_from(">II", header.own, 12)
        times = self.tracks[track].one("mdia", "minf", "stbl", "stts")
        count, ticks = struct.unpack_from(">II", times.own, 8)
        assert struct.unpack_from(">I", times.own, 4) == (1,), "all samples last alike"
        last = round(seconds * scale)
        times.own = times.own[:4] + struct.pack(">5I", 2, count - 1, ticks, 1, last)
        header.own = header.own[:16] + struct.pack(">I", whole - ticks + last) + header.own[20:]
        self.set_edits([(0, (whole - ticks + last) / scale)], track)

    def describe_from(self, sample: int, other: Mp4) -> None:
        """Let the only track's samples from that one on have the description of another film's, as its second one.

        They must have been joined without encoding: the first film's samples, then those of the other.
        """
        table = self.tracks[0].one("mdia", "minf", "stbl")
        descriptions, sizes, chunks = table.one("stsd"), table.one("stsz"), table.one("stco")
        descriptions.own = descriptions.own[:4] + struct.pack(">I", 2)
        descriptions.inside.append(other.description(0))
        count = struct.unpack_from(">I", sizes.own, 8)[0]
        lengths = struct.unpack_from(f">{count}I", sizes.own, 12)
        [at] = struct.unpack_from(">I", chunks.own, 8)
        offsets = [at + sum(lengths[:number]) for number in range(count)]
        chunks.own = struct.pack(">II", 0, count) + struct.pack(f">{count}I", *offsets)
        table.one("stsc").own = struct.pack(">II", 0, 2) + struct.pack(">6I", 1, 1, 1, sample + 1, 1, 2)


def without_table(path: Path, out: Path, kind: str) -> Path:
    """The same MP4 whose first track lacks one of its tables of samples (ISO/IEC 14496-12, 8.5.1)."""
    film = Mp4(path)
    table = film.tracks[0].one("mdia", "minf", "stbl")
    table.inside = [box for box in table.inside if box.kind != kind]
    return film.write(out)
