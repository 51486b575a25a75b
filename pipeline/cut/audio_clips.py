"""Moments of a recording: a small M4A that every browser plays, and the shape of its sound for the card it is shown on.

The sound is cut by samples; where it is loud or soft it stays so, because how somebody speaks is part of what she says.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error
import ffmpeg
import numpy as np
from av.audio.frame import AudioFrame
from numpy.typing import NDArray

from pipeline.artifact import Artifact, publish
from pipeline.cut.loudness import SAMPLE_RATE_HZ, fill_holes
from pipeline.errors import ArtifactWrong, MomentOutsideFilm
from pipeline.ffmpeg.runner import run_ffmpeg
from pipeline.moments import Clip, clock
from pipeline.presets import Preset
from pipeline.source.demux import DEMUXERS, film_url
from pipeline.source.recording import Recording

MEDIA_TYPE = "audio/mp4"
SUFFIX = ".m4a"
PEAKS = 160
LOUDEST = 100
_PADDING_S = 2 * 1024 / SAMPLE_RATE_HZ
"""AAC holds whole frames of 1,024 samples: a clip may end that much later, with silence."""
_LEAST_BUDGET_S = 120.0
_BUDGET_SHARE = 0.2  # of the recording's length, which is decoded from its start; measured 0.002


@dataclass(frozen=True)
class FinishedSound:
    """A moment of a recording that is there, and its facts."""

    artifact: Artifact
    duration_ms: int
    cpu_s: float
    peaks: tuple[int, ...]


def sound_argv(recording: Recording, clip: Clip, preset: Preset, part: Path) -> list[str]:
    """The arguments of ffmpeg that make a moment of a recording.

    Everything before it is decoded too: a jump lands elsewhere in MP3 of varying rate and in Ogg.
    """
    start = recording.zero + Fraction(clip.in_ms, 1000)
    source = ffmpeg.input(
        film_url(recording.path), protocol_whitelist="file", format_whitelist=DEMUXERS, copyts=None, vn=None, threads=1
    )
    sound = source[str(recording.audio.stream_index)]
    # Gaps, as of a recorder that was paused, are filled first, so that samples can be counted.
    sound = fill_holes(sound)
    sound = sound.filter("aformat", channel_layouts="mono|stereo", sample_rates=SAMPLE_RATE_HZ, sample_fmts="fltp")
    sound = sound.filter("atrim", start=_seconds(start), end=_seconds(start + Fraction(clip.length_ms, 1000)))
    sound = sound.filter("asetpts", f"PTS-{_seconds(start)}/TB").filter("aresample", **{"async": 1, "first_pts": 0})
    samples = _samples(clip)
    sound = sound.filter("apad", whole_len=samples).filter("atrim", end_sample=samples)
    options: dict[str, Any] = {
        "format": "mp4", "c:a": "aac", "b:a": f"{preset.audio_kbit_s}k", "map_metadata": -1, "map_chapters": -1,
        "fflags": "+bitexact", "flags:a": "+bitexact", "movflags": "+faststart",
    }  # fmt: skip
    return list(ffmpeg.output(sound, str(part), **options).get_args())


def cut_sound(recording: Recording, clip: Clip, preset: Preset, destination: Path) -> FinishedSound:
    """The moment as an M4A at ``destination``: made under another name, verified, then renamed into place.

    Raises: MomentOutsideFilm, FfmpegFailed, FfmpegTimedOut, ArtifactWrong, NoSpace.
    """
    if clip.in_ms >= recording.duration_ms:
        sentence = (
            f"The moment from {clock(clip.in_ms)} to {clock(clip.out_ms)} lies outside the recording, "
            f"which is {clock(recording.duration_ms)} long."
        )
        raise MomentOutsideFilm(sentence, for_guider=sentence)
    part = destination.with_name(f".{destination.name}.part")
    timeout_s = _LEAST_BUDGET_S + _BUDGET_SHARE * recording.duration_ms / 1000
    try:
        run = run_ffmpeg(sound_argv(recording, clip, preset, part), timeout_s=timeout_s, hide=recording.path)
        peaks = verify_sound(part, _samples(clip))
        artifact = publish(part, destination, MEDIA_TYPE)
    finally:
        part.unlink(missing_ok=True)
    return FinishedSound(artifact, clip.length_ms, run.cpu_s, peaks)


def verify_sound(path: Path, samples: int) -> tuple[int, ...]:
    """Make sure a finished moment is what was asked for; gives the loudest amplitude of each of its PEAKS parts.

    Raises: ArtifactWrong.
    """
    try:
        with av.open(f"file:{path.resolve()}", options={"protocol_whitelist": "file"}) as container:
            sound = container.streams.audio[0]
            wrong = {
                "codec": sound.codec_context.codec.name != "aac",
                "streams": len(container.streams) != 1,
                "metadata": bool(set(container.metadata) - {"major_brand", "minor_version", "compatible_brands"}),
            }
            heard = [_loudness(frame) for frame in container.decode(sound) if isinstance(frame, AudioFrame)]
    except (av.error.FFmpegError, IndexError, OSError) as error:
        raise ArtifactWrong(f"the sound cannot be read back: {error!r}") from None
    amplitudes = np.concatenate(heard) if heard else np.zeros(0, np.float32)
    late_s = (len(amplitudes) - samples) / SAMPLE_RATE_HZ
    wrong["length"] = not 0 <= late_s <= _PADDING_S
    if any(wrong.values()):
        said = ", ".join(name for name, is_wrong in wrong.items() if is_wrong)
        raise ArtifactWrong(f"the sound is wrong in: {said} ({len(amplitudes)} of {samples} samples)")
    parts = np.array_split(amplitudes[:samples], min(PEAKS, samples))
    return tuple(min(LOUDEST, round(LOUDEST * float(part.max()))) for part in parts)


def _loudness(frame: AudioFrame) -> NDArray[np.float32]:
    """The amplitude of each sample, over all channels, 0 to 1."""
    planes: NDArray[np.float32] = np.abs(frame.to_ndarray().astype(np.float32))  # fltp: a row a channel
    return np.asarray(planes.max(axis=0))


def _samples(clip: Clip) -> int:
    return clip.length_ms * SAMPLE_RATE_HZ // 1000


def _seconds(value: Fraction) -> str:
    return f"{float(value):.6f}"
