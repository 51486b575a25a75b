"""Stretches of a moment's sound made silent: a name that was spoken and is not to be handed out.

A stretch is silent to the last bit in the finished file, because nothing of it reaches the encoder: AAC spreads its
noise over a window, so as much is silent before and behind it, too. Outside of that the sound fades.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error
import numpy as np
from av.audio.frame import AudioFrame

from pipeline.cut.loudness import SAMPLE_RATE_HZ
from pipeline.errors import ArtifactWrong
from pipeline.limits import LIMITS
from pipeline.moments import Clip

FADE_SAMPLES = SAMPLE_RATE_HZ * LIMITS.silence_fade_ms // 1000
MARGIN_SAMPLES = SAMPLE_RATE_HZ * LIMITS.silence_margin_ms // 1000
"""Silent on both sides of a stretch: a window of AAC, and what two clocks in whole milliseconds may differ by."""
_LAST_BIT = 1 / 32_768


@dataclass(frozen=True)
class SilentSamples:
    """A stretch of a moment's sound that must be silent, in samples at 48 kHz from its start; ``end`` is not in it."""

    begin: int
    end: int


def silences_in(clip: Clip, start: Fraction, length: Fraction) -> tuple[SilentSamples, ...]:
    """What of a clip's silences lies in ``length`` seconds from ``start``, on the clip's own clock."""
    samples = round(length * SAMPLE_RATE_HZ)
    found = []
    for one in clip.silences:
        begin, end = ((Fraction(ms, 1000) - start) * SAMPLE_RATE_HZ for ms in (one.from_ms, one.to_ms))
        part = SilentSamples(max(0, int(begin // 1)), min(samples, int(-(-end // 1))))
        if part.begin < part.end:
            found.append(part)
    return tuple(found)


def add_silences(stream: Any, silences: Sequence[SilentSamples]) -> Any:
    """The ffmpeg-python ``stream`` at 48 kHz, which begins at sample 0, silent in those stretches and around them."""
    if not silences:
        return stream
    gains = [
        f"clip(max({one.begin - MARGIN_SAMPLES}-n,n-{one.end - 1 + MARGIN_SAMPLES})/{FADE_SAMPLES},0,1)"
        for one in silences
    ]
    stream = stream.filter("aeval", exprs="*".join(["val(ch)", *gains]), c="same")
    return stream.filter("aformat", sample_fmts="fltp")


def check_silent(path: Path, silences: Sequence[SilentSamples]) -> None:
    """Make sure that nothing at all is heard in those stretches of a finished file. Raises: ArtifactWrong."""
    if not silences:
        return
    try:
        with av.open(f"file:{path.resolve()}", options={"protocol_whitelist": "file"}) as container:
            sound = container.streams.audio[0]
            for frame in container.decode(sound):
                if isinstance(frame, AudioFrame):
                    _check_frame(frame, silences)
    except (av.error.FFmpegError, IndexError, OSError) as error:
        raise ArtifactWrong(f"the sound cannot be read back: {error!r}") from None


def _check_frame(frame: AudioFrame, silences: Sequence[SilentSamples]) -> None:
    if frame.pts is None or frame.time_base is None or frame.sample_rate != SAMPLE_RATE_HZ:
        raise ArtifactWrong("the sound has no times")
    first = round(frame.pts * frame.time_base * SAMPLE_RATE_HZ)
    samples = np.abs(frame.to_ndarray())  # fltp
    for one in silences:
        heard = samples[:, max(0, one.begin - first) : max(0, one.end - first)]
        if heard.size and float(heard.max()) > _LAST_BIT:
            raise ArtifactWrong("something can be heard where it should be silent")
