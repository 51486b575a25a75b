"""A film: what is known of it before anything is cut."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class Orientation:
    """How the stored picture must be turned to stand upright: mirrored left to right first, then rotated clockwise."""

    rotate_cw_deg: Literal[0, 90, 180, 270] = 0
    mirrored: bool = False


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
    primaries: str
    transfer: str
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
