"""Every picture of a moment as small JPEGs in one file, one after another: for a person to look at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import ffmpeg
import numpy as np
from numpy.typing import NDArray

from pipeline.artifact import Artifact, sha256_of
from pipeline.errors import ArtifactWrong
from pipeline.ffmpeg.runner import FfmpegRunner

MEDIA_TYPE = "video/x-motion-jpeg"
LONGER_SIDE_PX = 720
_START = b"\xff\xd8\xff"
_QUALITY, _QSCALE = 85, 4


@dataclass(frozen=True)
class Sheet:
    """The file, and where each of its pictures lies in it: from its first byte up to, and without, its last."""

    artifact: Artifact
    places: tuple[tuple[int, int], ...]

    def picture(self, number: int) -> NDArray[np.uint8]:
        """A picture by its number: uint8, (height, width, 3), BGR. Raises: ArtifactWrong."""
        begin, end = self.places[number]
        with self.artifact.path.open("rb") as file:
            file.seek(begin)
            pixels = cv2.imdecode(np.frombuffer(file.read(end - begin), np.uint8), cv2.IMREAD_COLOR)
        if pixels is None:
            raise ArtifactWrong(f"picture {number} of {self.artifact.path.name} cannot be read back")
        return np.asarray(pixels, np.uint8)


def sheet_size(width: int, height: int) -> tuple[int, int]:
    """The even size in px of a moment's pictures on a sheet."""
    ratio = min(1.0, LONGER_SIDE_PX / max(width, height))
    small = [max(2, 2 * round(side * ratio / 2)) for side in (width, height)]
    return small[0], small[1]


def write_sheet(pictures: Any, path: Path, count: int, *, runner: FfmpegRunner, timeout_s: float, hide: Path) -> Sheet:
    """A sheet of an ffmpeg-python stream of ``count`` pictures. Raises: FfmpegFailed, FfmpegTimedOut, ArtifactWrong."""
    options = {"format": "mjpeg", "c:v": "mjpeg", "q:v": _QSCALE, "fps_mode": "passthrough", "pix_fmt": "yuvj420p"}
    bounded = {"threads": 1, "filter_complex_threads": 1, "flags:v": "+bitexact", "fflags": "+bitexact"}
    runner.run(
        list(ffmpeg.output(pictures, str(path), **options, **bounded).get_args()), timeout_s=timeout_s, hide=hide
    )
    return open_sheet(path, count)


def write_one(pixels: NDArray[np.uint8], path: Path) -> Sheet:
    """A sheet of one picture, uint8 BGR."""
    height, width = pixels.shape[:2]
    small = cv2.resize(pixels, sheet_size(width, height), interpolation=cv2.INTER_AREA)
    path.write_bytes(cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1].tobytes())
    return open_sheet(path, 1)


def open_sheet(path: Path, count: int) -> Sheet:
    """The sheet in a file of so many JPEGs. Raises: ArtifactWrong where it holds more or less."""
    data = path.read_bytes()
    begins = list(_find(data))
    if len(begins) != count:
        raise ArtifactWrong(f"{len(begins)} pictures to look at instead of {count}")
    ends: Sequence[int] = [*begins[1:], len(data)]
    artifact = Artifact(path, MEDIA_TYPE, len(data), sha256_of(path))
    return Sheet(artifact, tuple(zip(begins, ends, strict=True)))


def _find(data: bytes) -> Iterator[int]:
    at = data.find(_START)
    while at >= 0:
        yield at
        at = data.find(_START, at + 1)
