"""Which frames a span of a film holds, and where to begin decoding to see the first of them.

Packet times are trusted where the container keeps them for every shown frame; elsewhere the span is decoded, which
costs more and is always right.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import av
import av.container
import av.error
from av.packet import Packet
from av.stream import Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from pipeline.errors import FilmUnreadable, MomentOutsideFilm
from pipeline.source.demux import decode, open_container, packets, video_stream
from pipeline.source.duration import STANDS_MS
from pipeline.source.film import Film
from pipeline.times import clock

_PACKET_TIMED_CODECS = {"h264", "hevc", "av1", "libdav1d", "vp9", "libvpx-vp9", "mjpeg", "prores"}
_PACKET_TIMED_CONTAINERS = ("mov", "matroska")
_FIRST_STEP_BACK_S = 1
_LONGER = Fraction(3, 2)
_FIRST_UNSLICED, _RANDOM_ACCESS = 32, range(16, 22)
_PICTURE_STARTS = {"mpeg4": b"\0\0\1\xb6", "mpeg2video": b"\0\0\1\0"}
"""Types of NAL units: ITU-T H.265, table 7-1."""


@dataclass(frozen=True)
class Span:
    """The frames of a stretch of film, in presentation times of the video's time base, in the order shown."""

    pts: tuple[int, ...]
    end_pts: int
    """When the last frame makes way for the next one."""
    key_pts: int | None
    """The key frame from which all of them can be decoded; None: begin at the start of the film."""
    from_pts: int | None = None
    """When the stretch begins, where its first frame stands on the screen already; None: with its first frame."""

    @property
    def start_pts(self) -> int:
        """When the stretch begins."""
        return self.pts[0] if self.from_pts is None else self.from_pts

    @property
    def times(self) -> tuple[int, ...]:
        """When each of its frames is first seen in it."""
        return (self.start_pts, *self.pts[1:])


def find_span(film: Film, in_ms: int, out_ms: int) -> Span:
    """The frames with ``in_ms <= frame_ms < out_ms``, and before them the one that stands on the screen by then.

    A frame that stands for no longer than half a second is not taken along: its clip begins with the next one.
    Raises: MomentOutsideFilm where there is none, FilmUnreadable.
    """
    span = find_between(film, *_bounds(film, in_ms, out_ms))
    if span is not None:
        return span
    if in_ms < film.duration_ms:
        sentence = (
            f"The film shows no new picture from {clock(in_ms)} to {clock(out_ms)}. Make this clip a little longer."
        )
        raise MomentOutsideFilm(sentence, for_guider=sentence)
    raise moment_outside(film, f"from {clock(in_ms)} to {clock(out_ms)}")


def find_between(film: Film, low: int, high: int) -> Span | None:
    """The frames with ``low <= pts < high``, in the video's time base, as find_span gives them; None: there is none."""
    with open_container(film.path, as_stored=film.as_stored) as container:
        stream = video_stream(container, film.video.stream_index)
        span = _from_packets(film, container, stream, low, high) if _packets_tell_times(film) else None
        return span or _from_frames(film, container, stream, low, high)


def find_shown(film: Film, at_ms: int) -> Span:
    """The one frame on screen at ``at_ms``: the last with ``frame_ms <= at_ms``.

    Raises: MomentOutsideFilm, FilmUnreadable.
    """
    if at_ms > film.duration_ms + one_frame_ms(film):
        raise moment_outside(film, f"at {clock(at_ms)}")
    back_ms = 2000
    while True:
        from_ms = max(0, at_ms - back_ms)
        try:
            span = find_span(film, from_ms, at_ms + 1)
        except MomentOutsideFilm:
            if from_ms == 0:
                raise
            back_ms *= 4
            continue
        return Span(span.pts[-1:], span.end_pts, span.key_pts)


def frames_between(film: Film, in_ms: int, out_ms: int) -> Iterator[VideoFrame]:
    """The decoded frames with ``in_ms <= frame_ms < out_ms``, as stored (not turned upright)."""
    low, high = _bounds(film, in_ms, out_ms)
    with open_container(film.path, as_stored=film.as_stored) as container:
        stream = video_stream(container, film.video.stream_index)
        for key_pts in places_to_begin(film, low):
            if not _seek_to_key(container, stream, key_pts, film.video.codec):
                continue
            began = False
            for frame in decode(container, stream):
                if frame.pts is None or (not began and key_pts is not None and frame.pts > low):
                    break
                began = True
                if frame.pts >= high:
                    return
                if frame.pts >= low:
                    yield frame
            if began:
                return


def _bounds(film: Film, in_ms: int, out_ms: int) -> tuple[int, int]:
    """The presentation times between which frames are looked for."""
    low, high = film.pts_at(in_ms), film.pts_at(out_ms)
    return (max(low, film.view.from_pts), min(high, film.view.to_pts)) if film.view else (low, high)


def one_frame_ms(film: Film) -> int:
    """How long one frame of the film stands, in ms, rounded up; at least 100, for films that do not say."""
    return max(100, int(1000 / film.video.fps_avg) + 1 if film.video.fps_avg else 100)


def moment_outside(film: Film, which: str) -> MomentOutsideFilm:
    sentence = f"The moment {which} lies outside the film, which is {clock(film.duration_ms)} long."
    return MomentOutsideFilm(sentence, for_guider=sentence)


def _packets_tell_times(film: Film) -> bool:
    video = film.video
    return (
        video.codec in _PACKET_TIMED_CODECS
        and film.container.startswith(_PACKET_TIMED_CONTAINERS)
        and not video.interlaced
    )


def places_to_begin(film: Film, low: int) -> Iterator[int | None]:
    """Ever earlier times to seek to, then None: the start."""
    second = int(1 / film.video.time_base)
    yield low
    step = _FIRST_STEP_BACK_S * second
    while low - step > film.video.first_pts:
        yield low - step
        step *= 4
    yield None


def seek_to(container: av.container.InputContainer, stream: VideoStream, pts: int | None) -> None:
    if pts is None:
        container.seek(0, backward=True)
        return
    try:
        container.seek(pts, stream=stream, backward=True)
    except av.error.FFmpegError as error:
        raise FilmUnreadable(f"seek failed: {error}") from None


def _seek_to_key(container: av.container.InputContainer, stream: VideoStream, place: int | None, codec: str) -> bool:
    """Whether decoding can begin where this leads; asked of codecs whose decoder shows anything."""
    seek_to(container, stream, place)
    if place is None or codec not in _PICTURE_STARTS:
        return True
    first = next((packet for packet in packets(container, stream) if packet.size), None)
    seek_to(container, stream, place)
    return first is None or _begins(first, codec)


def _from_packets(
    film: Film, container: av.container.InputContainer, stream: VideoStream, low: int, high: int
) -> Span | None:
    for place in places_to_begin(film, low):
        seek_to(container, stream, place)
        read = _read_packets(container, stream, low, high, film.video.codec)
        if read is None:
            return None
        keys = [p.pts for p in read if p.pts is not None and p.pts <= low and _begins(p, film.video.codec)]
        if not keys and place is not None:
            continue
        times = sorted({p.pts for p in read if p.pts is not None and not p.is_discard})
        return _span(film, times, low, high, max(keys, default=None))
    return None


def _read_packets(
    container: av.container.InputContainer, stream: VideoStream, low: int, high: int, codec: str
) -> list[Packet[Stream]] | None:
    """The packets around a span, until one is decoded after it; None where a packet carries no time."""
    read: list[Packet[Stream]] = []
    for packet in packets(container, stream):
        if not packet.size:
            continue
        if packet.pts is None:
            return None
        if packet.pts < low and _begins(packet, codec):
            read = [p for p in read if p.pts is not None and p.pts >= low]
        read.append(packet)
        # Nothing decoded from here on is shown before this packet is decoded: the next frame after the span is known.
        decoded_at = packet.dts if packet.dts is not None else packet.pts
        if decoded_at >= min((p.pts for p in read if p.pts is not None and p.pts >= high), default=decoded_at + 1):
            break
    return read


def _begins(packet: Packet[Stream], codec: str) -> bool:
    """Whether decoding can begin with a packet. A film without a list of key pictures calls each of them one.

    Of H.264, VP9 and AV1 the decoder tells, as it leaves out what it cannot show; of HEVC, MPEG-4 and MPEG-2 it shows
    such pictures wrongly.
    """
    if packet.is_keyframe and codec in _PICTURE_STARTS:
        return _is_intra(bytes(packet), codec)
    if not packet.is_keyframe or codec != "hevc":
        return packet.is_keyframe
    data, at = memoryview(packet), 0
    while at + 5 <= len(data):
        length, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4] >> 1 & 0x3F
        if length <= 1:  # a start code: such streams have no list
            return True
        if kind < _FIRST_UNSLICED:
            return kind in _RANDOM_ACCESS
        at += 4 + length
    return True


def _is_intra(data: bytes, codec: str) -> bool:
    """Whether a picture leans on no other (ISO/IEC 14496-2, 6.2.5; ISO/IEC 13818-2, 6.2.3)."""
    start = _PICTURE_STARTS[codec]
    at = data.find(start) + len(start)
    if at < len(start) or at + 2 > len(data):
        return True
    return data[at] >> 6 == 0 if codec == "mpeg4" else data[at + 1] >> 3 & 7 == 1


def _from_frames(
    film: Film, container: av.container.InputContainer, stream: VideoStream, low: int, high: int
) -> Span | None:
    for place in places_to_begin(film, low):
        if not _seek_to_key(container, stream, place, film.video.codec):
            continue
        times: list[int] = []
        for frame in decode(container, stream):
            if frame.pts is None:
                continue
            times.append(frame.pts)
            if frame.pts >= high:
                break
        if place is None or (times and times[0] <= low):
            key = times[0] if place is not None and times else None
            return _span(film, sorted(set(times)), low, high, key)
    return None


def _span(film: Film, times: list[int], low: int, high: int, key_pts: int | None) -> Span | None:
    times = [t for t in times if t >= film.earliest_pts]
    inside = tuple(t for t in times if low <= t < high)
    after = next((t for t in times if t >= high), None)
    ends = film.end_pts if after is None else after
    shown = max((t for t in times if t < low), default=None)
    from_pts = None
    is_new = inside[:1] == (low,) or low >= film.end_pts
    if shown is not None and not is_new and stands(film, shown, inside[0] if inside else ends):
        inside, from_pts = (shown, *inside), low
    if not inside:
        return None
    last = inside[-1]
    gaps = sorted(b - a for a, b in pairwise(times[-30:])) or [_one_frame(film)]
    usual = gaps[len(gaps) // 2]
    if after is None and not stands_longer(last, ends, usual):
        return Span(inside, last + usual, key_pts, from_pts)
    # Where the next frame is late, the last one stands to the moment's end, and at least as long as a frame does.
    return Span(inside, min(ends, max(high, max(last, from_pts or last) + _one_frame(film))), key_pts, from_pts)


def stands(film: Film, pts: int, until_pts: int) -> bool:
    """Whether a frame stands so long that what is heard meanwhile is a moment too."""
    return (until_pts - pts) * film.video.time_base * 1000 > STANDS_MS


def stands_longer(pts: int, until_pts: int, usual: int) -> bool:
    """Whether a film's last frame stands longer than those before it; its end is rounded, and not always exact."""
    return until_pts - pts > usual * _LONGER


def _one_frame(film: Film) -> int:
    """How long a frame of this film stands on average, in its time base."""
    return max(1, round(1 / Fraction(film.video.fps_avg or 25) / film.video.time_base))
