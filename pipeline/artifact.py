"""What the media work hands out: a file that is complete, checked and hashed; of a moment also what is known of it."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Literal

from pipeline.drawings import Drawing

_BLOCK = 1 << 20
MEDIA_TYPES = {
    ".jpg": "image/jpeg",
    ".m4a": "audio/mp4",
    ".mjpeg": "video/x-motion-jpeg",
    ".mp4": "video/mp4",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".zip": "application/zip",
}
"""Of everything that the media work hands out, by the ends of names. A page, which browsers would run, is not in it."""


COPIED = "copied"
"""Beside the reasons below: that a clip's picture was not encoded, but taken over."""


class EncodingReason(StrEnum):
    """Why a clip's picture had to be encoded; counted under these words, so none is ever given another meaning."""

    SEVERAL_STRETCHES = "several_stretches"
    STANDING_PICTURE = "standing_picture"
    """It begins while a picture stands."""
    CODEC = "codec"
    """Another codec, or another format of pixels."""
    PROFILE = "profile"
    """Of H.264, or its level."""
    PARAMETER_SETS = "parameter_sets"
    """They are not in the film's head, or change on the way."""
    TURNED = "turned"
    SIZE = "size"
    COLOURS = "colours"
    INTERLACED = "interlaced"
    UNEVEN_RATE = "uneven_rate"
    BIT_RATE = "bit_rate"
    BEGINNING = "beginning"
    """It does not begin with a key picture."""
    KEY_PICTURES = "key_pictures"
    """They are too far apart."""
    REFERENCES = "references"
    """Its pictures lean on others."""
    UNITS = "units"
    """There is something between the pictures that is no picture."""
    DAMAGED = "damaged"
    COPY_FAILED = "copy_failed"
    DECODER_DIFFERS = "decoder_differs"
    """A decoder shows other pictures than the packets tell of."""
    HIDDEN = "hidden"
    """Somebody is hidden in it."""


DeviceName = Literal["cuda", "qsv", "vaapi", "videotoolbox", "d3d11va", "vulkan"]
"""What can decode beside the processor, as ffmpeg calls it."""
PROCESSOR: Literal["processor"] = "processor"


class ProcessorReason(StrEnum):
    """Why the processor decoded a clip's pictures where a device was proved for some films."""

    NOT_PROVED = "not_proved"
    """They are coded in a way that no device here was proved for."""
    SMALL = "small"
    """Starting a device costs more than it saves."""
    INTERLACED = "interlaced"
    SEVERAL_RUNS = "several_runs"
    """The clip is put together of stretches, or of pictures that are not alike."""
    DEVICE_FAILED = "device_failed"
    """It ended with an error, hung, or is gone."""
    DEVICE_DIFFERS = "device_differs"
    """It showed other pictures than the packets tell of."""
    DAMAGED = "damaged"
    """The film is, and devices conceal damage in other ways."""


@dataclass(frozen=True)
class Artifact:
    """A finished file. ``sha256`` is lower-case hex of its whole content."""

    path: Path
    media_type: str
    bytes: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class PreparedMoment(Artifact):
    """A finished clip, still or sound (a clip of a recording without a picture) and what is known of it.

    ``in_ms`` and ``out_ms`` are on the clock of the film it came from; for a still they are when its frame was shown,
    and None. ``duration_ms`` and ``fps`` are None for a still; ``fps``, ``width_px`` and ``height_px`` for a sound.
    ``begins_ms`` is when a clip's first picture is shown, which may be a little after ``in_ms``.
    """

    kind: Literal["clip", "still", "sound"]
    in_ms: int
    out_ms: int | None
    width_px: int | None = None
    height_px: int | None = None
    fps: float | None = None
    begins_ms: int | None = None
    duration_ms: int | None = None
    caption: str
    principle: str | None
    peaks: tuple[int, ...] | None = None
    """Of a sound: how loud each of its equal parts is at most, 0 to 100."""
    drawings: tuple[Drawing, ...] = ()
    """What is drawn on it; of a clip with times from its start."""


@dataclass(frozen=True, kw_only=True)
class FinishedMoment(PreparedMoment):
    """A moment that was just made, what that cost, and what the guider should know of it."""

    cpu_s: float
    gain_db: float | None = None
    """By which its sound was levelled; None where nothing was."""
    warnings: tuple[str, ...] = ()
    encoded_because: str | None = None
    """Of a clip: why its picture was encoded, in a few words; None where the film's own packets were copied."""
    encoding_reason: EncodingReason | None = None
    """The same as a code."""
    decoded_by: DeviceName | Literal["processor"] = PROCESSOR
    """Of a clip: what decoded its picture."""
    processor_reason: ProcessorReason | None = None
    """Why no device did; None where one did, or where none is used."""


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file as lower-case hex, read a mebibyte at a time."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def publish(part: Path, destination: Path, media_type: str) -> Artifact:
    """Make a finished temporary file visible under its name, durably, and describe it.

    The file is flushed to disk before the rename, and the folder after it: a crash leaves the old state or the new one.
    """
    with part.open("rb+") as file:
        os.fsync(file.fileno())
    artifact = Artifact(destination, media_type, part.stat().st_size, sha256_of(part))
    part.replace(destination)
    sync_folder(destination.parent)
    return artifact


def sync_folder(folder: Path) -> None:
    """Flush a folder's entries to disk, where the system has a way to do so."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
