"""A moment's stretch of film, copied out without re-encoding: what a browser sends instead of the film.

The span begins at the key frame from which the moment can be decoded and ends with the last picture the moment needs.
Nothing of the film's metadata goes along but how the picture is turned.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import av.error
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Stream

from pipeline.errors import PipelineError
from pipeline.limits import LIMITS
from pipeline.moments import Clip, Still
from pipeline.source.demux import open_container
from pipeline.source.film import Film
from pipeline.source.frames import Span, find_shown, find_span

_LATEST_SOUND_S = 2
"""Sound may be stored this much after the pictures it belongs to."""
_MP4_SOUND = {"aac", "mp3", "mp3float", "ac3", "eac3", "alac"}


class SpanNotCut(PipelineError):
    """A kind of film that cannot be taken apart without re-encoding; the whole film can be sent."""

    code = "span_not_cut"
    for_guider = "Single moments cannot be taken out of this kind of film. The whole film can be sent instead."


@dataclass(frozen=True)
class CopiedSpan:
    """A small film and the same moment on its own clock."""

    path: Path
    bytes: int
    moment: Clip | Still


@dataclass(frozen=True)
class _Timed:
    packet: Packet[Stream]
    pts: int
    time_base: Fraction


def copy_span(film: Film, moment: Clip | Still, destination: Path) -> CopiedSpan:
    """The packets that ``moment`` needs, in a film of their own at ``destination``; its suffix is chosen here.

    Raises: MomentOutsideFilm, FilmUnreadable, SpanNotCut.
    """
    if film.timeline:
        raise SpanNotCut("an edit list joins several stretches")
    needed = _needed(film, moment)
    wanted = find_shown(film, moment.at_ms) if isinstance(moment, Still) else needed
    suffix = ".webm" if film.container.startswith("matroska") else _mp4_or_mov(film)
    path = destination.with_suffix(suffix)
    with open_container(film.path) as source:
        try:
            with _writer(path) as target:
                base_pts = _copy(film, source, target, needed)
        except (av.error.FFmpegError, ValueError) as error:
            path.unlink(missing_ok=True)
            raise SpanNotCut(str(error)) from error

    return CopiedSpan(path, path.stat().st_size, _on_its_clock(film, moment, wanted, base_pts))


def _on_its_clock(film: Film, moment: Clip | Still, wanted: Span, base_pts: int) -> Clip | Still:
    """The same moment in whole milliseconds from ``base_pts``.

    That is no whole millisecond of the film's clock, so an in-point may move by less than one; it is moved to the side
    on which no frame changes places.
    """
    tick_ms = film.video.time_base * 1000
    base_ms = (base_pts - film.video.first_pts) * tick_ms

    def moved(ms: int, frame_pts: int) -> int:
        frame_ms = math.floor((frame_pts - base_pts) * tick_ms)
        at_ms = max(0, math.ceil(ms - base_ms))
        return min(at_ms, frame_ms) if film.ms_at(frame_pts) >= ms else at_ms

    if isinstance(moment, Still):
        return moment.model_copy(update={"at_ms": math.floor((wanted.pts[0] - base_pts) * tick_ms)})
    in_ms, out_ms = moved(moment.in_ms, wanted.pts[0]), moved(moment.out_ms, wanted.end_pts)
    return moment.model_copy(update={"in_ms": in_ms, "out_ms": out_ms})


def _needed(film: Film, moment: Clip | Still) -> Span:
    if isinstance(moment, Clip):
        return find_span(film, moment.in_ms, moment.out_ms)
    shown = find_shown(film, moment.at_ms)
    if moment.exact:
        return shown
    first_ms = max(0, min(moment.at_ms - LIMITS.still_search_ms, film.ms_at(shown.pts[0])))
    return find_span(film, first_ms, moment.at_ms + LIMITS.still_search_ms + 1)


def _mp4_or_mov(film: Film) -> str:
    if not film.container.startswith("mov"):
        raise SpanNotCut(f"the packets of {film.container} carry no dependable times")
    return ".mp4" if all(audio.codec in _MP4_SOUND for audio in film.sounds) else ".mov"


def _writer(path: Path) -> OutputContainer:
    if path.suffix == ".webm":
        return av.open(str(path), "w", format="matroska")
    return av.open(str(path), "w", format=path.suffix[1:], options={"movflags": "+faststart"})


def _copy(film: Film, source: InputContainer, target: OutputContainer, needed: Span) -> int:
    """Copy what is needed; returns the presentation time that became the span's 0."""
    video = source.streams[film.video.stream_index]
    streams = [video, *(source.streams[audio.stream_index] for audio in film.sounds)]
    copies = {stream.index: target.add_stream_from_template(stream, opaque=True) for stream in streams}
    if needed.key_pts is None:
        source.seek(0, backward=True)
    else:
        source.seek(needed.key_pts, stream=video, backward=True)
    base_pts: int | None = None
    early: list[_Timed] = []

    def pass_on(timed: _Timed, base_pts: int) -> None:
        packet = timed.packet
        base = base_pts * film.video.time_base / timed.time_base
        if timed.pts < base:
            return  # a picture whose references are left out, or sound from before the first picture
        shift = math.floor(base)
        packet.pts = timed.pts - shift
        packet.dts = None if packet.dts is None else packet.dts - shift
        packet.stream = copies[packet.stream.index]
        target.mux_one(packet)

    for timed in _until_all_came(source.demux(streams), needed.end_pts * film.video.time_base):
        if base_pts is None and timed.packet.stream.index == video.index:
            if not timed.packet.is_keyframe or timed.pts < (needed.key_pts or timed.pts):
                continue
            base_pts = timed.pts
            for sooner in early:
                pass_on(sooner, base_pts)
        if base_pts is None:
            early.append(timed)
        else:
            pass_on(timed, base_pts)
    if base_pts is None or base_pts > needed.pts[0]:
        raise SpanNotCut("no key frame before the moment")
    return base_pts


def _until_all_came(demuxed: Iterator[Packet[Stream]], end_s: Fraction) -> Iterator[_Timed]:
    """Packets in the order stored until each picture and all sound before ``end_s`` has come.

    A picture is decoded at or before the time it is shown, so once one is decoded at the end no earlier one can follow.
    """
    for packet in demuxed:
        if not packet.size:
            continue
        if packet.pts is None or packet.time_base is None:
            raise SpanNotCut("a packet carries no time")
        timed = _Timed(packet, packet.pts, Fraction(packet.time_base))
        decoded_s = (packet.pts if packet.dts is None else packet.dts) * timed.time_base
        if decoded_s < end_s:
            yield timed
        elif decoded_s > end_s + _LATEST_SOUND_S:
            return
