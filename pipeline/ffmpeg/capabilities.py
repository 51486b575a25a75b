"""What an ffmpeg must be able to do for the media work, and what it says that it can."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pipeline.ffmpeg.runner import FfmpegRunner

NEEDED_FILTERS = (
    "aeval", "afade", "aformat", "alimiter", "aloop", "alphamerge", "amix", "anullsrc", "apad", "aresample", "asetpts",
    "atempo", "atrim", "bwdif", "concat", "crop", "drawbox", "ebur128", "format", "fps", "hflip", "hwdownload",
    "overlay", "pad", "pan", "scale", "select", "setparams", "setpts", "setsar", "settb", "showinfo", "sidedata",
    "tonemap", "tpad", "transpose", "trim", "vflip", "volume", "zscale",
)  # fmt: skip
NEEDED_ENCODERS = ("aac", "flac", "libx264", "mjpeg", "pcm_s16le")
"""Whatever the pipeline names: tests/pipeline/ffmpeg/test_capabilities.py reads its modules."""
OLDEST = (7, 1)
"""The first that can be told not to crop by a container's own aperture."""


@dataclass(frozen=True)
class Capabilities:
    """An ffmpeg's version as it names it, and which of its filters and encoders there are."""

    version: str
    filters: frozenset[str]
    encoders: frozenset[str]

    def missing(self) -> list[str]:
        """The filters and encoders that are needed and not there."""
        filters = [name for name in NEEDED_FILTERS if name not in self.filters]
        return filters + [name for name in NEEDED_ENCODERS if name not in self.encoders]

    def is_too_old(self) -> bool:
        """Whether it says that it is older than OLDEST; a build without a number is not taken for old."""
        number = re.match(r"n?(\d+)\.(\d+)", self.version)
        return number is not None and (int(number[1]), int(number[2])) < OLDEST


def read_capabilities(runner: FfmpegRunner) -> Capabilities:
    """What it says that it can. Raises: FfmpegMissing, FfmpegFailed, FfmpegTimedOut."""
    version = _says(runner, "-version").split("\n", 1)[0].removeprefix("ffmpeg version ").split(" ")[0]
    filters = re.findall(r"^ [T.][S.]\S* +(\S+) ", _says(runner, "-filters"), re.MULTILINE)
    encoders = re.findall(r"^ [VA]\S+ +(\S+) ", _says(runner, "-encoders"), re.MULTILINE)
    return Capabilities(version, frozenset(filters), frozenset(encoders))


def _says(runner: FfmpegRunner, question: str) -> str:
    return runner.run([question], timeout_s=30, most_output_bytes=1 << 20).output.decode(errors="replace")
