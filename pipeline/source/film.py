"""A film: what is known of it before anything is cut."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from fractions import Fraction
from itertools import islice, pairwise
from pathlib import Path
from typing import Literal

import av
import av.container
import av.error
import av.stream
from av.audio.stream import AudioStream
from av.sidedata.sidedata import SideData
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from pipeline.errors import FilmProtected, FilmUnreadable, NoPicture, PictureTooLarge, PictureTooSmall
from pipeline.source.demux import MOST_PIXELS, PROTECTED, decode, open_container, packets, time_base_of, video_stream
from pipeline.source.mp4_tracks import Mp4Track, read_mp4_tracks

LEAST_SIDE_PX = 16
_SAMPLE_PACKETS = 240
_MOVING_FPS = 4.0
_TAIL_PACKETS = 32
_TRIED_PACKETS = 52
_LONGEST_PICTURE_S = 10
_MATRICES = {
    1: "bt709",
    4: "fcc",
    5: "bt470bg",
    6: "smpte170m",
    7: "smpte240m",
    8: "ycgco",
    9: "bt2020nc",
    10: "bt2020c",
}
_PRIMARIES = {1: "bt709", 5: "bt470bg", 6: "smpte170m", 9: "bt2020", 12: "smpte432"}
_FULL_RANGE = 2
_QUARTERS: tuple[Literal[0, 90, 180, 270], ...] = (0, 90, 180, 270)
_HDR: dict[int, Literal["hlg", "pq"]] = {16: "pq", 18: "hlg"}
_HD_LINES = 720
_MOST_INTERLACED_LINES = 1152


@dataclass(frozen=True)
class Orientation:
    """How the stored picture must be turned to stand upright: mirrored left to right first, then rotated clockwise."""

    rotate_cw_deg: Literal[0, 90, 180, 270] = 0
    mirrored: bool = False

    @property
    def swaps_sides(self) -> bool:
        """Whether width and height change places."""
        return self.rotate_cw_deg in (90, 270)


@dataclass(frozen=True)
class VideoFacts:
    """The video stream a person would mean."""

    stream_index: int
    codec: str
    width_px: int
    """Of the picture as it is shown: upright, square pixels."""
    height_px: int
    stored_width_px: int
    stored_height_px: int
    pixel_aspect: Fraction
    orientation: Orientation
    pixel_format: str
    time_base: Fraction
    first_pts: int
    """Presentation time of the first picture shown, in time_base: the film's 0."""
    fps_min: float
    fps_avg: float
    fps_max: float
    full_range: bool
    matrix: str
    """bt709, smpte170m, …; guessed from the size where the film does not say."""
    primaries: str
    hdr: Literal["hlg", "pq"] | None
    interlaced: bool


@dataclass(frozen=True)
class AudioFacts:
    """The sound that goes with the picture: the first stream that can be decoded."""

    stream_index: int
    codec: str
    channels: int
    layout: str
    sample_rate_hz: int


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
    created_at: datetime | None
    warnings: tuple[str, ...] = ()
    """In plain words, for the guider."""
    more_audio: tuple[AudioFacts, ...] = ()
    """The other tracks of sound that decode, in the order in which they are tried."""

    @property
    def sounds(self) -> tuple[AudioFacts, ...]:
        """Every track of sound that decodes; the first goes with the picture unless it is silent."""
        return (self.audio, *self.more_audio) if self.audio else ()

    def pts_at(self, ms: int) -> int:
        """The smallest presentation time, in the video's time base, that is at or after ``ms`` on the film's clock."""
        return self.video.first_pts + math.ceil(Fraction(ms, 1000) / self.video.time_base)

    def ms_at(self, pts: int) -> int:
        """A frame's time on the film's clock: rounded down to a millisecond."""
        return math.floor((pts - self.video.first_pts) * self.video.time_base * 1000)


def probe(path: Path) -> Film:
    """The facts of a film: reads its index, a little of its start, and its end.

    Raises: FilmMissing, NotAFilm, FilmUnreadable, FilmProtected, NoPicture, PictureTooSmall, PictureTooLarge.
    """
    with open_container(path) as container:
        tracks = read_mp4_tracks(path) if container.format.name.startswith("mov") else ()
        stream = _video_a_person_means(container, tracks)
        frame, interlaced = _first_picture(container, stream)
        video = _video_facts(stream, frame, interlaced)
        created_at = _created_at(container)
        name = container.format.name
    with open_container(path) as container:
        sounds, warnings = find_sounds(container)
    with open_container(path) as container:
        sample = _sample_rates(container, video_stream(container, video.stream_index))
        video = replace(video, fps_min=sample[0], fps_avg=sample[1], fps_max=sample[2])
    with open_container(path) as container:
        end_pts = _end_pts(container, video_stream(container, video.stream_index), video)
    duration_ms = math.floor((end_pts - video.first_pts) * video.time_base * 1000)
    audio = sounds[0] if sounds else None
    return Film(
        path, path.stat().st_size, name, max(1, duration_ms), video, audio, created_at, tuple(warnings), sounds[1:]
    )


def _video_a_person_means(container: av.container.InputContainer, tracks: Sequence[Mp4Track]) -> VideoStream:
    """The moving picture: not the cover, not the handful of still frames of a motion photo, else the largest."""
    streams = [s for s in container.streams.video if not s.disposition & av.stream.Disposition.attached_pic]
    streams = [s for s in streams if s.codec_context is not None and s.codec_context.width]
    if not streams and any(kind in PROTECTED for track in tracks for kind in track.descriptions):
        raise FilmProtected("only encrypted tracks")
    if not streams:
        raise NoPicture("no video stream") if container.streams.audio else FilmUnreadable("no stream at all")
    longest = max((float(s.duration * time_base_of(s)) for s in streams if s.duration), default=0.0)

    def rank(stream: VideoStream) -> tuple[bool, bool, int, int]:
        seconds = float(stream.duration * time_base_of(stream)) if stream.duration else longest
        moving = not stream.frames or seconds <= 0 or stream.frames / seconds >= _MOVING_FPS
        return moving, seconds >= longest / 2, stream.width * stream.height, -stream.index

    return max(streams, key=rank)


def _first_picture(container: av.container.InputContainer, stream: VideoStream) -> tuple[VideoFrame, bool]:
    """The first picture that can be shown, and whether it or one of the next few is interlaced."""
    width, height = stream.codec_context.width, stream.codec_context.height
    if width * height > MOST_PIXELS:
        raise PictureTooLarge(f"{width}x{height}")
    if min(width, height) < LEAST_SIDE_PX:
        raise PictureTooSmall(f"{width}x{height}")
    first: VideoFrame | None = None
    interlaced = False
    shown = (frame for frame in decode(container, stream) if frame.pts is not None)
    for count, frame in enumerate(shown):
        first = first or frame
        interlaced = interlaced or frame.interlaced_frame
        if count >= 7 or height > _MOST_INTERLACED_LINES:
            break
    if first is None:
        raise FilmUnreadable("no picture could be decoded")
    return first, interlaced


def _orientation(frame: VideoFrame) -> Orientation:
    data = frame.side_data.get("DISPLAYMATRIX")
    if not isinstance(data, SideData):
        return Orientation()
    a, b, _, c, d = struct.unpack_from("<5i", data)
    mirrored = a * d - b * c < 0
    turned = math.degrees(math.atan2(-b, -a) if mirrored else math.atan2(b, a))
    return Orientation(_QUARTERS[round(turned / 90) % 4], mirrored)


def _video_facts(stream: VideoStream, frame: VideoFrame, interlaced: bool) -> VideoFacts:
    aspect = stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio or Fraction(1)
    if not Fraction(1, 10) <= aspect <= 10:
        aspect = Fraction(1)
    orientation = _orientation(frame)
    width, height = round(frame.width * aspect), frame.height
    if aspect < 1:  # keep every stored pixel: stretch the other side
        width, height = frame.width, round(frame.height / aspect)
    if orientation.swaps_sides:
        width, height = height, width
    hdr = _HDR.get(int(frame.color_trc))
    hd = min(frame.width, frame.height) >= _HD_LINES
    matrix = _MATRICES.get(int(frame.colorspace)) or ("bt2020nc" if hdr else "bt709" if hd else "smpte170m")
    return VideoFacts(
        stream_index=stream.index,
        codec=stream.codec_context.codec.name,
        width_px=width,
        height_px=height,
        stored_width_px=frame.width,
        stored_height_px=frame.height,
        pixel_aspect=aspect,
        orientation=orientation,
        pixel_format=frame.format.name,
        time_base=Fraction(frame.time_base or time_base_of(stream)),
        first_pts=frame.pts or 0,
        fps_min=0.0,
        fps_avg=0.0,
        fps_max=0.0,
        full_range=int(frame.color_range) == _FULL_RANGE or frame.format.name.startswith("yuvj"),
        matrix=matrix,
        primaries=_PRIMARIES.get(int(frame.color_primaries)) or ("bt2020" if hdr else "bt709"),
        hdr=hdr,
        interlaced=interlaced,
    )


def find_sounds(container: av.container.InputContainer) -> tuple[tuple[AudioFacts, ...], list[str]]:
    """Every track of sound that really decodes, default tracks before others; what none can be heard of is told.

    Raises: FilmProtected where there is nothing but encrypted sound in the file.
    """
    default = av.stream.Disposition.default
    streams = sorted(container.streams.audio, key=lambda s: (not s.disposition & default, s.index))
    found: list[AudioFacts] = []
    refusal: FilmProtected | None = None
    for stream in streams:
        if stream.codec_context is None or not stream.codec_context.sample_rate:
            continue
        container.seek(0)
        stream.discard = av.stream.Discard.default
        try:
            decodes = _decodes(container, stream)
        except FilmProtected as error:
            refusal, decodes = error, False
        if decodes:
            context = stream.codec_context
            layout, rate_hz = context.layout.name, context.sample_rate
            found.append(AudioFacts(stream.index, context.codec.name, context.channels, layout, rate_hz))
    if found or not streams:
        return tuple(found), []
    if refusal and not container.streams.video:
        raise refusal
    why = "is protected against copying" if refusal else "cannot be decoded"
    return (), [f"The sound of this film {why}; its clips are silent."]


def _decodes(container: av.container.InputContainer, stream: AudioStream) -> bool:
    """Whether anything comes out of one of a stream's first packets."""
    for packet in islice(packets(container, stream), _TRIED_PACKETS):
        with suppress(av.error.FFmpegError):
            if packet.decode():
                return True
    return False


def _sample_rates(container: av.container.InputContainer, stream: VideoStream) -> tuple[float, float, float]:
    """Lowest, average and highest rate, in frames per second, over the first seconds; 0 where there is one frame."""
    times: list[int] = []
    for packet in packets(container, stream):
        stamp = packet.pts if packet.pts is not None else packet.dts
        if stamp is not None and not packet.is_discard:
            times.append(stamp)
        if len(times) >= _SAMPLE_PACKETS:
            break
    times = sorted(set(times))
    gaps = [float((b - a) * time_base_of(stream)) for a, b in pairwise(times)]
    if not gaps:
        return 0.0, 0.0, 0.0
    return 1 / max(gaps), len(gaps) / sum(gaps), 1 / min(gaps)


def _end_pts(container: av.container.InputContainer, stream: VideoStream, video: VideoFacts) -> int:
    """Where the last picture ends, read from the packets: those of the tail, or all where it has no index."""
    indexed = container.format.name.startswith("mov") and stream.frames > 0
    cued = container.format.name.startswith("matroska") and container.duration
    if indexed or cued:
        end = stream.start_time or 0
        end += math.floor(Fraction(container.duration or 0, av.time_base) / time_base_of(stream))
        try:
            container.seek(end, stream=stream, backward=True)
        except av.error.FFmpegError:
            pass
        else:
            tail = _last_end(container, stream, video)
            if tail is not None:
                return tail
        container.seek(0)
    return _last_end(container, stream, video) or video.first_pts + 1


def _last_end(container: av.container.InputContainer, stream: VideoStream, video: VideoFacts) -> int | None:
    """When the last picture ends; a stated length of it that cannot be true is replaced by the usual one."""
    times: list[int] = []
    stated = 0
    for packet in packets(container, stream):
        stamp = packet.pts if packet.pts is not None else packet.dts
        if stamp is None or packet.is_discard or not packet.size:
            continue
        if not times or stamp >= times[-1]:
            stated = packet.duration or 0
        times = sorted({*times[-_TAIL_PACKETS:], stamp})
    if not times:
        return None
    gaps = sorted(b - a for a, b in pairwise(times))
    usual = gaps[len(gaps) // 2] if gaps else math.ceil(Fraction(1, round(video.fps_avg) or 25) / video.time_base)
    believable = usual / 2 <= stated <= _LONGEST_PICTURE_S / video.time_base
    return times[-1] + (stated if believable else usual)


def _created_at(container: av.container.InputContainer) -> datetime | None:
    stated = container.metadata.get("creation_time")
    if stated is None:
        return None
    try:
        at = datetime.fromisoformat(stated)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
