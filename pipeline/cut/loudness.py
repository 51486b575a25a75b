"""Sound cut in step with the picture, how loud it is, and what is done about it: one gain for the whole clip."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from pipeline.errors import FfmpegFailed
from pipeline.ffmpeg.runner import FfmpegRun

SAMPLE_RATE_HZ = 48_000
LEAST_HOLE_S = 0.01
"""Containers that stamp whole milliseconds are off by less; a lost frame of any codec is longer."""
TARGET_LUFS = -16.0
MOST_GAIN_DB = 20.0
MOST_TRUE_PEAK_DBTP = -1.5
# What AAC and resampling may add to a peak; measured below 0.4 dB on speech and on full-scale clicks.
_HEADROOM_DB = 0.5
LEAST_MEASURED_S = Fraction(1, 2)
_REPEATED_S = 2
_SILENT_LUFS = -69.0
SUMMARY = re.compile(r"^\s+(I|Peak):\s+(-?[\d.]+|-?inf|nan) ")
"""The lines of stderr to keep."""


@dataclass(frozen=True)
class Loudness:
    """Of a stretch of sound, by EBU R 128: integrated loudness in LUFS and true peak in dBTP; None where silent."""

    integrated_lufs: float | None
    true_peak_dbtp: float | None


@dataclass(frozen=True)
class Level:
    """What to do to a clip's sound: a gain in dB, and whether its peaks must then be held down."""

    gain_db: float = 0.0
    limit: bool = False


def level_for(loudness: Loudness) -> Level:
    """The static gain to −16 LUFS: silence left alone, quiet speech raised by 20 dB at most."""
    if loudness.integrated_lufs is None:
        return Level()
    gain = round(min(TARGET_LUFS - loudness.integrated_lufs, MOST_GAIN_DB), 2)
    peak = loudness.true_peak_dbtp if loudness.true_peak_dbtp is not None else 0.0
    return Level(gain, limit=peak + gain > MOST_TRUE_PEAK_DBTP - _HEADROOM_DB)


def cut_sound(stream: Any, start: Fraction, length: Fraction) -> Any:
    """The ffmpeg-python ``stream`` cut to ``length`` seconds from ``start``, in step with the picture: stereo, 48 kHz.

    start: on the file's own clock. Gaps in the sound are filled and its start is padded, so that it stays in sync.
    """
    stream = stream.filter("atrim", start=_seconds(start), end=_seconds(start + length))
    stream = stream.filter("asetpts", f"PTS-{_seconds(start)}/TB")
    stream = fill_holes(stream, first_pts=0)
    return stream.filter("aformat", channel_layouts="stereo", sample_rates=SAMPLE_RATE_HZ, sample_fmts="fltp")


def add_level(stream: Any, level: Level) -> Any:
    """The ffmpeg-python ``stream`` of stereo sound at 48 kHz, as loud as it shall be."""
    if level.gain_db:
        stream = stream.filter("volume", f"{level.gain_db}dB")
    if level.limit:
        most = 10 ** ((MOST_TRUE_PEAK_DBTP - _HEADROOM_DB) / 20)
        stream = stream.filter("aresample", 4 * SAMPLE_RATE_HZ)
        stream = stream.filter("alimiter", limit=f"{most:.4f}", level="disabled", latency=1, attack=2, release=50)
        stream = stream.filter("aresample", SAMPLE_RATE_HZ)
    return stream


def make_long(stream: Any, length: Fraction) -> Any:
    """The ffmpeg-python ``stream`` at 48 kHz with silence at its end, exactly ``length`` seconds long."""
    samples = round(length * SAMPLE_RATE_HZ)
    return stream.filter("apad", whole_len=samples).filter("atrim", end_sample=samples)


def fill_holes(stream: Any, **options: int) -> Any:
    """The ffmpeg-python ``stream`` at 48 kHz, with silence where packets are missing.

    ffmpeg by itself leaves holes of up to 100 ms open, and everything after one then comes that much early.
    """
    return stream.filter("aresample", SAMPLE_RATE_HZ, **{"async": 1, "min_hard_comp": LEAST_HOLE_S, **options})


def measured(stream: Any, *, repeated: bool = False) -> Any:
    """The ffmpeg-python ``stream`` of stereo sound at 48 kHz on its way through the measuring; see read_loudness.

    repeated: as if it were heard again and again, since EBU R 128 has no loudness for less than one block of 400 ms.
    """
    if repeated:
        stream = stream.filter("aloop", loop=-1, size=_REPEATED_S * SAMPLE_RATE_HZ).filter("atrim", end=_REPEATED_S)
    return stream.filter("ebur128", peak="true", framelog="quiet")


def read_loudness(run: FfmpegRun) -> Loudness:
    """The loudness that ebur128 summed up at the end of a run whose stderr lines were kept.

    Raises: FfmpegFailed where there is no summary.
    """
    found = {name: value for line in run.lines for name, value in SUMMARY.findall(line)}
    if "I" not in found:
        raise FfmpegFailed("ebur128 gave no summary")
    integrated, peak = float(found["I"]), float(found.get("Peak", "nan"))
    silent = not integrated > _SILENT_LUFS
    return Loudness(None if silent else integrated, None if silent or not peak > -200 else peak)


def _seconds(value: Fraction) -> str:
    return f"{float(value):.6f}"
