"""Films whose edit list joins several stretches, or lets one stand or play at another speed.

One stretch at its own speed, from one picture to another, which is what phones write, is left to the readers. FFmpeg
follows others, but not exactly (9.0.2 and 8.1.2 alike): where a stretch begins off a key frame its pictures come up
to three late, and where it begins between two pictures the sound does; a dwell plays on, a speed is not heeded, and
pictures from before an empty stretch are shown in it. So such films are read as they are stored, without their edit
list, and put together here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av.container
import av.error
from av.video.stream import VideoStream

from pipeline.source.demux import open_container, packets, time_base_of, video_stream
from pipeline.source.mp4_tracks import Edit, Mp4Track
from pipeline.source.picture_facts import VideoFacts

_AS_RECORDED = Fraction(1)
_NEAR_S = Fraction(1, 200)
"""So much later may a picture begin than its edit: nobody hears that."""
_LEANING = ("h264", "hevc", "mpeg4", "mpeg2video", "vp9", "libvpx-vp9", "av1", "libdav1d")
"""Codecs whose pictures lean on others."""
_MOST_REORDERED = 16
"""Pictures stored before ones that are shown earlier: H.264 and HEVC allow no more."""


@dataclass(frozen=True)
class Piece:
    """A stretch of a track: when it plays, in seconds on the film's clock, and what of the media."""

    start: Fraction
    length: Fraction | None
    """None: as long as there is media."""
    media_start: Fraction
    rate: Fraction = _AS_RECORDED
    """Seconds of the media a second; 0: one picture stands, and nothing is heard."""

    @property
    def end(self) -> Fraction | None:
        """When it ends; None: with its media."""
        return None if self.length is None else self.start + self.length


@dataclass(frozen=True)
class Timeline:
    """The pieces of the picture, and those of each track of sound by its stream's index."""

    picture: tuple[Piece, ...]
    sound: Mapping[int, tuple[Piece, ...]]


@dataclass(frozen=True)
class View:
    """How one piece of the picture lies on the film's clock, in ticks of its time base."""

    zero: Fraction
    """Where the film's 0 would be."""
    rate: Fraction
    from_pts: int
    to_pts: int
    """Its pictures: ``from_pts <= pts < to_pts``; where one stands, the one shown at ``from_pts``."""


def is_plain(edits: Sequence[Edit]) -> bool:
    """Whether readers follow that edit list exactly: at most one stretch, at its own speed, perhaps after a wait."""
    late = next((number for number, edit in enumerate(edits) if edit.media_start is not None), len(edits))
    shown = edits[late:]
    return len(shown) <= 1 and all(edit.rate == _AS_RECORDED for edit in shown)


def begins_and_ends_with_pictures(path: Path, index: int, track: Mp4Track) -> bool:
    """Whether the one stretch of a plain edit list is that of its pictures.

    Of a film in fragments FFmpeg shows what the edit hides, before its 0; of one without a list of key pictures it
    begins to decode within a group, and shows nothing before the next. Where it begins between two pictures, FFmpeg
    plays the sound up to a picture late; where it ends while a picture stands, how long that one is seen is lost among
    pictures that are stored in another order.
    Raises: what open_container raises.
    """
    edit = next((edit for edit in track.edits if edit.media_start is not None), None)
    if edit is None or edit.media_start is None:
        return True
    start = Fraction(edit.media_start, track.media_scale)
    end = start + edit.length_s
    with open_container(path, as_stored=True) as container:
        stream = video_stream(container, index)
        around = _times_around(container, stream, start)
        leans = not track.lists_keys and stream.codec_context.name in _LEANING
        if (track.in_fragments or leans) and any(at < start for at in around):
            return False
        first = min((at for at in around if at >= start), default=start)
        if first - start > _NEAR_S or not edit.length_s:
            return first - start <= _NEAR_S
        times = _times_around(container, stream, end)
    gaps = sorted(b - a for a, b in pairwise(at for at in times if at < end))
    late = [at for at in times if at >= end]
    last = max((at for at in times if at < end), default=end)
    return not gaps or not late or end - last <= 2 * gaps[len(gaps) // 2]


def _times_around(container: av.container.InputContainer, stream: VideoStream, at: Fraction) -> list[Fraction]:
    """When pictures are shown from the key frame before a time to a little after it, in seconds of the media."""
    time_base = time_base_of(stream)
    for back_s in (0, 1, 8, None):  # a reader that seeks by decoding times lands behind pictures that are shown earlier
        with suppress(av.error.FFmpegError):
            container.seek(
                0 if back_s is None else max(0, int((at - back_s) / time_base)), stream=stream, backward=True
            )
        times: list[Fraction] = []
        later = 0
        for packet in packets(container, stream):
            if packet.pts is None:
                continue
            times.append(packet.pts * time_base)
            later += times[-1] >= at
            if later > _MOST_REORDERED:
                break
        if times and times[0] <= at:
            break
    return sorted(times)


def pieces_of(track: Mp4Track) -> tuple[Piece, ...]:
    """What of a track's media plays when, on the clock of the file."""
    pieces: list[Piece] = []
    start = Fraction(0)
    for edit in track.edits:
        if edit.media_start is not None and (edit.length_s or len(track.edits) == 1):
            length = edit.length_s or None
            pieces.append(
                Piece(start, length, Fraction(edit.media_start, track.media_scale), max(edit.rate, Fraction(0)))
            )
        start += edit.length_s
    return tuple(pieces) if track.edits else (Piece(start, None, Fraction(0)),)


def later(pieces: Sequence[Piece], by: Fraction) -> tuple[Piece, ...]:
    """The same pieces on a clock whose 0 lies ``by`` seconds later."""
    return tuple(replace(piece, start=piece.start - by) for piece in pieces)


def view_of(piece: Piece, time_base: Fraction) -> View:
    """Where the pictures of a piece lie, for a stream of that time base."""
    rate = piece.rate or _AS_RECORDED
    from_pts = math.ceil(piece.media_start / time_base)
    if not piece.rate:
        return View(piece.media_start / time_base - piece.start / time_base, rate, from_pts, from_pts + 1)
    length = piece.length if piece.length is not None else Fraction(10**6)
    to_pts = math.ceil((piece.media_start + length * rate) / time_base)
    return View((piece.media_start - piece.start * rate) / time_base, rate, from_pts, to_pts)


def make_timeline(
    path: Path, container: av.container.InputContainer, chosen: VideoStream, tracks: Sequence[Mp4Track]
) -> Timeline | None:
    """The pieces of the picture and of each track of sound, where an edit list asks for more than readers follow."""
    described = {track.id: track for track in tracks}
    wanted = {s.index: described[s.id] for s in (chosen, *container.streams.audio) if s.id in described}
    if all(is_plain(track.edits) for track in wanted.values()):
        picture_track = wanted.get(chosen.index)
        if picture_track is None or begins_and_ends_with_pictures(path, chosen.index, picture_track):
            return None
    pieces = {index: pieces_of(track) for index, track in wanted.items()}
    picture = pieces.pop(chosen.index, ())
    return Timeline(picture, pieces) if picture else None


def from_first_picture(timeline: Timeline, video: VideoFacts) -> Timeline:
    """The same on the film's clock, whose 0 is the first picture shown."""
    first = timeline.picture[0]
    zero = first.start
    if first.rate:
        zero += max(Fraction(0), video.first_pts * video.time_base - first.media_start) / first.rate
    sound = {index: later(pieces, zero) for index, pieces in timeline.sound.items()}
    return Timeline(later(timeline.picture, zero), sound)


def end_of(piece: Piece, media_end: Fraction) -> Fraction:
    """When a piece ends, in seconds on the film's clock; with its media, where that is sooner than it should be."""
    if not piece.rate:
        return piece.end or piece.start
    media = piece.start + (media_end - piece.media_start) / piece.rate
    return media if piece.end is None else min(piece.end, media)


def paces(timeline: Timeline) -> list[str]:
    if all(piece.rate == 1 for piece in timeline.picture):
        return []
    return ["Parts of this film are stored to play slower or faster than they were filmed, or to stand still."]
