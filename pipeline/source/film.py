"""A film: what is known of it before anything is cut."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import chain
from pathlib import Path

import av
import av.container
import av.error
import av.stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from pipeline.errors import (
    FilmJoined,
    FilmProtected,
    FilmUnreadable,
    FilmWithoutOrder,
    NoPicture,
    PictureTooLarge,
    PictureTooSmall,
)
from pipeline.source.demux import (
    MOST_PIXELS,
    PROTECTED,
    audio_stream,
    decode,
    open_container,
    time_base_of,
    video_stream,
)
from pipeline.source.duration import STANDS_MS, find_end_pts, find_sound_end, sample_rates
from pipeline.source.fragments import unlasting
from pipeline.source.joined import is_joined
from pipeline.source.mp4_tracks import Mp4Track, read_mp4_tracks
from pipeline.source.picture_facts import MOST_INTERLACED_LINES, VideoFacts, describe_picture
from pipeline.source.picture_order import contradicts_order, lacks_order
from pipeline.source.sound_tracks import AudioFacts, find_sounds
from pipeline.source.timeline import Piece, Timeline, View, end_of, from_first_picture, make_timeline, paces, view_of

LEAST_SIDE_PX = 16
_MOVING_FPS = 4.0
_LENGTHS_LOST = ("vp8", "libvpx", "vp9", "libvpx-vp9")


@dataclass(frozen=True)
class Film:
    """A film on this machine and its facts; the file itself is never altered."""

    path: Path
    bytes: int
    container: str
    duration_ms: int
    """From the first picture to the end of the last, as found in the packets, whatever the header claims."""
    video: VideoFacts
    audio: AudioFacts | None
    warnings: tuple[str, ...] = ()
    """In plain words, for the guider."""
    more_audio: tuple[AudioFacts, ...] = ()
    """The other tracks of sound that decode, in the order in which they are tried."""
    timeline: Timeline | None = None
    """Where an edit list joins several stretches: which. The film is then read as stored."""
    is_copy: bool = False
    """A copy out of a transport or program stream, which leaves it to the pictures to say how they are meant."""
    view: View | None = None
    """Set on one piece of such a film, which is then cut like a film of its own, on the whole film's clock."""

    @property
    def as_stored(self) -> bool:
        """Whether the file is read without its edit list."""
        return self.timeline is not None

    @property
    def earliest_pts(self) -> int:
        """The first presentation time that is shown."""
        return self.view.from_pts if self.view else self.video.first_pts

    def views(self) -> tuple[tuple[Piece, Film], ...]:
        """The pieces that it is joined from, each as a film that is read on its own."""
        pieces = self.timeline.picture if self.timeline else ()
        return tuple((piece, replace(self, view=view_of(piece, self.video.time_base))) for piece in pieces)

    @property
    def sounds(self) -> tuple[AudioFacts, ...]:
        """Every track of sound that decodes; the first goes with the picture unless it is silent."""
        return (self.audio, *self.more_audio) if self.audio else ()

    @property
    def end_pts(self) -> int:
        """When the last picture ends, in the video's time base: to a millisecond, rounded up."""
        return self.pts_at(self.duration_ms)

    def pts_at(self, ms: int) -> int:
        """The smallest presentation time, in the video's time base, that is at or after ``ms`` on the film's clock."""
        zero, rate = (self.view.zero, self.view.rate) if self.view else (self.video.first_pts, 1)
        return math.ceil(zero + Fraction(ms, 1000) * rate / self.video.time_base)

    def ms_at(self, pts: int) -> int:
        """A frame's time on the film's clock: rounded down to a millisecond."""
        return math.floor(self.seconds_at(pts) * 1000)

    def seconds_at(self, pts: int) -> Fraction:
        """A frame's time on the film's clock."""
        zero, rate = (self.view.zero, self.view.rate) if self.view else (self.video.first_pts, 1)
        return (pts - zero) * self.video.time_base / rate


def probe(path: Path) -> Film:
    """The facts of a film: reads its index, a little of its start, and its end.

    Raises: FilmMissing, NotAFilm, FilmUnreadable, FilmProtected, FilmJoined, FilmWithoutOrder, NoPicture,
        PictureTooSmall, PictureTooLarge.
    """
    with open_container(path) as container:
        if is_joined(path, container.format.name):
            raise FilmJoined(container.format.name)
        tracks = read_mp4_tracks(path) if container.format.name.startswith("mov") else ()
        chosen = _video_a_person_means(container, tracks)
        timeline = make_timeline(path, container, chosen, tracks)
        index, name = chosen.index, container.format.name
        if tracks and lacks_order(container, chosen):
            raise FilmWithoutOrder(f"{chosen.codec_context.name} without ctts")
        own = next((track for track in tracks if track.id == chosen.id), None)
        if own and contradicts_order(container, chosen, unlasting(path, own)):
            raise FilmWithoutOrder(f"{chosen.codec_context.name} in fragments")
    as_stored = timeline is not None
    with open_container(path, as_stored=as_stored) as container:
        stream = video_stream(container, index)
        begin_pts = view_of(timeline.picture[0], time_base_of(stream)).from_pts if timeline else None
        frame, interlaced = _first_picture(container, stream, begin_pts)
        video = describe_picture(stream, frame, interlaced)
    with open_container(path, as_stored=as_stored) as container:
        sounds, warnings = find_sounds(container)
    with open_container(path, as_stored=as_stored) as container:
        sample = sample_rates(container, video_stream(container, index))
        video = replace(video, fps_min=sample[0], fps_avg=sample[1], fps_max=sample[2])
    # FFmpeg's parsers of VP8 and VP9 give a last picture that stands the length of the others.
    unparsed = video.codec in _LENGTHS_LOST and name.startswith("mov")
    with open_container(path, as_stored=as_stored, unparsed=unparsed) as container:
        end_pts = find_end_pts(container, video_stream(container, index), video)
    duration = (end_pts - video.first_pts) * video.time_base
    if name.startswith("matroska") and sounds:
        duration = _while_heard(path, sounds, end_pts * video.time_base) - video.first_pts * video.time_base
    if timeline:
        timeline = from_first_picture(timeline, video)
        warnings += paces(timeline)
        duration = max(end_of(piece, end_pts * video.time_base) for piece in timeline.picture)
    duration_ms = math.floor(duration * 1000)
    audio = sounds[0] if sounds else None
    return Film(
        path, path.stat().st_size, name, max(1, duration_ms), video, audio, tuple(warnings), sounds[1:],
        timeline,
    )  # fmt: skip


def _while_heard(path: Path, sounds: Sequence[AudioFacts], end: Fraction) -> Fraction:
    """When the last picture of a WebM ends, in seconds on the file's clock: it does not say how long that one stands.

    Players let it stand while the sound goes on; a call that froze is recorded like that.
    """
    with open_container(path) as container:
        heard = find_sound_end(container, audio_stream(container, sounds[0].stream_index))
    return heard if heard is not None and (heard - end) * 1000 > STANDS_MS else end


def _video_a_person_means(container: av.container.InputContainer, tracks: Sequence[Mp4Track]) -> VideoStream:
    """The first moving picture that is switched on, as players show it; not a cover or a motion photo's few frames."""
    streams = [s for s in container.streams.video if not s.disposition & av.stream.Disposition.attached_pic]
    streams = [s for s in streams if s.codec_context is not None and s.codec_context.width]
    if not streams and any(kind in PROTECTED for track in tracks for kind in track.descriptions):
        raise FilmProtected("only encrypted tracks")
    if not streams:
        raise NoPicture("no video stream") if container.streams.audio else FilmUnreadable("no stream at all")
    longest = max((float(s.duration * time_base_of(s)) for s in streams if s.duration), default=0.0)

    def rank(stream: VideoStream) -> tuple[bool, bool, bool, int]:
        seconds = float(stream.duration * time_base_of(stream)) if stream.duration else longest
        moving = not stream.frames or seconds <= 0 or stream.frames / seconds >= _MOVING_FPS
        is_on = bool(stream.disposition & av.stream.Disposition.default)
        return moving, seconds >= longest / 2, is_on, -stream.index

    return max(streams, key=rank)


def _first_picture(
    container: av.container.InputContainer, stream: VideoStream, begin_pts: int | None
) -> tuple[VideoFrame, bool]:
    """The first picture that can be shown, and whether it or one of the next few is interlaced."""
    width, height = stream.codec_context.width, stream.codec_context.height
    if width * height > MOST_PIXELS:
        raise PictureTooLarge(f"{width}x{height}")
    if min(width, height) < LEAST_SIDE_PX:
        raise PictureTooSmall(f"{width}x{height}")
    if begin_pts is None:
        first, interlaced = _look_at_first(decode(container, stream), height)
    else:
        first, interlaced = _look_from(container, stream, begin_pts, height)
    if first is None:
        raise FilmUnreadable("no picture could be decoded")
    return first, interlaced


def _look_from(
    container: av.container.InputContainer, stream: VideoStream, begin_pts: int, height: int
) -> tuple[VideoFrame | None, bool]:
    """The same from a time on. What decodes first may come late (intra refresh, open groups): ever earlier is begun."""
    second = int(1 / time_base_of(stream))
    for back in (0, second, 4 * second, 16 * second, 64 * second, None):
        with suppress(av.error.FFmpegError):
            container.seek(0 if back is None else max(0, begin_pts - back), stream=stream, backward=True)
        frames = (frame for frame in decode(container, stream) if frame.pts is not None)
        begun = next(frames, None)
        if begun is not None and (back is None or (begun.pts or 0) <= begin_pts or begin_pts <= back):
            shown = (frame for frame in chain([begun], frames) if (frame.pts or 0) >= begin_pts)
            return _look_at_first(shown, height)
    return None, False


def _look_at_first(frames: Iterable[VideoFrame], height: int) -> tuple[VideoFrame | None, bool]:
    first: VideoFrame | None = None
    interlaced = False
    for count, frame in enumerate(frame for frame in frames if frame.pts is not None):
        first = first or frame
        interlaced = interlaced or frame.interlaced_frame
        if count >= 7 or height > MOST_INTERLACED_LINES:
            break
    return first, interlaced
