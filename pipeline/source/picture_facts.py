"""How a stored picture is meant to be seen: its shape, how it is turned, its colours."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

from av.sidedata.sidedata import SideData
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from pipeline.source.demux import time_base_of

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
_TRANSFERS = {16: "smpte2084", 18: "arib-std-b67"}
_HDR: dict[str, Literal["hlg", "pq"]] = {"smpte2084": "pq", "arib-std-b67": "hlg"}
_HD_LINES = 720
MOST_INTERLACED_LINES = 1152


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
    profile: str = ""
    """Of the codec, as FFmpeg names it; empty where it has none."""


@dataclass(frozen=True)
class StoredPicture:
    """A decoded picture as its decoder describes it; what nobody stated is None."""

    width_px: int
    height_px: int
    pixel_format: str
    pixel_aspect: Fraction | None
    orientation: Orientation
    full_range: bool
    matrix: str | None
    primaries: str | None
    transfer: str | None


def see(video: VideoFacts, stored: StoredPicture) -> VideoFacts:
    """The same stream's facts for a picture that is stored like this; colours that nobody stated stay the film's."""
    aspect = (
        stored.pixel_aspect if stored.pixel_aspect and Fraction(1, 10) <= stored.pixel_aspect <= 10 else Fraction(1)
    )
    width, height = round(stored.width_px * aspect), stored.height_px
    if aspect < 1:  # keep every stored pixel: stretch the other side
        width, height = stored.width_px, round(stored.height_px / aspect)
    if stored.orientation.swaps_sides:
        width, height = height, width
    return replace(
        video,
        width_px=width,
        height_px=height,
        stored_width_px=stored.width_px,
        stored_height_px=stored.height_px,
        pixel_aspect=aspect,
        orientation=stored.orientation,
        pixel_format=stored.pixel_format,
        full_range=stored.full_range,
        matrix=(stored.matrix if stored.matrix in _MATRICES.values() else None) or video.matrix,
        primaries=(stored.primaries if stored.primaries in _PRIMARIES.values() else None) or video.primaries,
        hdr=_HDR.get(stored.transfer) if stored.transfer else video.hdr,
    )


def with_pixel_aspect(video: VideoFacts, aspect: Fraction) -> VideoFacts:
    """The same with pixels of that shape: width over height."""
    size = video.stored_width_px, video.stored_height_px
    return see(
        video, StoredPicture(*size, video.pixel_format, aspect, video.orientation, video.full_range, None, None, None)
    )


def _orientation(frame: VideoFrame) -> Orientation:
    data = frame.side_data.get("DISPLAYMATRIX")
    if not isinstance(data, SideData):
        return Orientation()
    a, b, _, c, d = struct.unpack_from("<5i", data)
    mirrored = a * d - b * c < 0
    turned = math.degrees(math.atan2(-b, -a) if mirrored else math.atan2(b, a))
    return Orientation(_QUARTERS[round(turned / 90) % 4], mirrored)


def describe_picture(stream: VideoStream, frame: VideoFrame, interlaced: bool) -> VideoFacts:
    """The facts of a stream whose first picture shown is ``frame``."""
    transfer = _TRANSFERS.get(int(frame.color_trc))
    hdr = _HDR.get(transfer or "")
    hd = min(frame.width, frame.height) >= _HD_LINES
    video = VideoFacts(
        stream_index=stream.index,
        codec=stream.codec_context.codec.name,
        width_px=frame.width,
        height_px=frame.height,
        stored_width_px=frame.width,
        stored_height_px=frame.height,
        pixel_aspect=Fraction(1),
        orientation=Orientation(),
        pixel_format=frame.format.name,
        time_base=Fraction(frame.time_base or time_base_of(stream)),
        first_pts=frame.pts or 0,
        fps_min=0.0,
        fps_avg=0.0,
        fps_max=0.0,
        full_range=False,
        matrix="bt2020nc" if hdr else "bt709" if hd else "smpte170m",
        primaries="bt2020" if hdr else "bt709",
        hdr=hdr,
        interlaced=interlaced,
        profile=stream.codec_context.profile or "",
    )
    stored = StoredPicture(
        frame.width,
        frame.height,
        frame.format.name,
        stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio,
        _orientation(frame),
        int(frame.color_range) == _FULL_RANGE or frame.format.name.startswith("yuvj"),
        _MATRICES.get(int(frame.colorspace)),
        _PRIMARIES.get(int(frame.color_primaries)),
        transfer,
    )
    return see(video, stored)
