"""Moments of a recording: a small M4A that every browser plays, and the shape of its sound for the card it is shown on.

The sound is cut by samples; where it is loud or soft it stays so, because how somebody speaks is part of what she says.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error
import ffmpeg
import numpy as np
from av.audio.frame import AudioFrame
from numpy.typing import NDArray

from pipeline.artifact import FinishedMoment, publish
from pipeline.cut.decoded_frames import TOLD, is_sound_damaged
from pipeline.cut.loudness import SAMPLE_RATE_HZ, fill_holes
from pipeline.cut.silencing import SilentSamples, add_silences, check_silent, silences_in
from pipeline.cut.sound_mix import OTHER_TRACK, SILENCED, SILENT, Repair, find_repair, is_silent
from pipeline.errors import ArtifactWrong, MomentOutsideFilm
from pipeline.ffmpeg.runner import FfmpegRunner
from pipeline.moments import Clip
from pipeline.presets import Preset
from pipeline.source.demux import DEMUXERS, film_url
from pipeline.source.recording import Recording
from pipeline.source.sound_tracks import AudioFacts
from pipeline.times import clock

DAMAGED_BEFORE = (
    "The recording is damaged in this moment or before it: listen to all of the moment before you hand it on."
)
MEDIA_TYPE = "audio/mp4"
SUFFIX = ".m4a"
PEAKS = 160
LOUDEST = 100
_STEREO = 2
_PADDING_S = 2 * 1024 / SAMPLE_RATE_HZ
"""AAC holds whole frames of 1,024 samples: a clip may end that much later, with silence."""
_LEAST_BUDGET_S = 120.0
_BUDGET_SHARE = 0.2  # of the recording's length, which is decoded from its start; measured 0.002


def sound_argv(
    recording: Recording, audio: AudioFacts, clip: Clip, preset: Preset, part: Path, repair: Repair = Repair.NONE
) -> list[str]:
    """The arguments of ffmpeg that make a moment of one track of a recording.

    Everything before it is decoded too: a jump lands elsewhere in MP3 of varying rate and in Ogg.
    """
    start = recording.zero + Fraction(clip.in_ms, 1000)
    source = ffmpeg.input(
        film_url(recording.path), protocol_whitelist="file", format_whitelist=DEMUXERS, copyts=None, vn=None, threads=1
    )
    sound = source[str(audio.stream_index)]
    # Gaps, as of a recorder that was paused, are filled first, so that samples can be counted.
    sound = fill_holes(sound)
    sound = sound.filter("aformat", channel_layouts="mono|stereo", sample_rates=SAMPLE_RATE_HZ, sample_fmts="fltp")
    sound = sound.filter("atrim", start=_seconds(start), end=_seconds(start + Fraction(clip.length_ms, 1000)))
    sound = sound.filter("asetpts", f"PTS-{_seconds(start)}/TB").filter("aresample", **{"async": 1, "first_pts": 0})
    if repair is not Repair.NONE:
        sound = sound.filter("pan", args=repair.value)
    samples = _samples(clip)
    sound = sound.filter("apad", whole_len=samples).filter("atrim", end_sample=samples)
    sound = add_silences(sound, _silences(clip))
    options: dict[str, Any] = {
        "format": "mp4", "c:a": "aac", "b:a": f"{preset.audio_kbit_s}k", "map_metadata": -1, "map_chapters": -1,
        "fflags": "+bitexact", "flags:a": "+bitexact", "movflags": "+faststart",
    }  # fmt: skip
    return list(ffmpeg.output(sound, str(part), **options).get_args())


def cut_sound(
    recording: Recording, clip: Clip, preset: Preset, destination: Path, *, runner: FfmpegRunner
) -> FinishedMoment:
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
    cpu_s = 0.0
    repair, warnings = Repair.NONE, list[str]()

    def make(audio: AudioFacts) -> tuple[NDArray[np.float32], bool]:
        nonlocal cpu_s
        argv = sound_argv(recording, audio, clip, preset, part, repair)
        run = runner.run(argv, timeout_s=timeout_s, keep=TOLD, hide=recording.path)
        cpu_s += run.cpu_s
        return read_back(part, _samples(clip)), is_sound_damaged(run.lines)

    try:
        for audio in (*recording.sounds, recording.audio):  # the first again where none can be heard
            heard, is_damaged = make(audio)
            if not is_silent(heard):
                break
        if is_silent(heard):
            warnings.append(SILENCED if _silences(clip) else SILENT)
        elif audio != recording.audio:
            warnings.append(OTHER_TRACK)
        if len(heard) == _STEREO:
            repair, said = find_repair(heard.T)
            warnings += said
        if repair is not Repair.NONE:
            heard, is_damaged = make(audio)
        if is_damaged:
            warnings.append(DAMAGED_BEFORE)
        check_silent(part, _silences(clip))
        artifact = publish(part, destination, MEDIA_TYPE)
    finally:
        part.unlink(missing_ok=True)
    return FinishedMoment(
        **vars(artifact),
        kind="sound",
        in_ms=clip.in_ms,
        out_ms=clip.out_ms,
        duration_ms=clip.length_ms,
        caption=clip.caption,
        principle=clip.principle,
        peaks=_peaks(heard, _samples(clip)),
        cpu_s=cpu_s,
        warnings=tuple(warnings),
    )


def read_back(path: Path, samples: int) -> NDArray[np.float32]:
    """The sound of a finished moment, (channels, n), -1 to 1, when it is what was asked for.

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
            frames = [f.to_ndarray() for f in container.decode(sound) if isinstance(f, AudioFrame)]  # fltp
    except (av.error.FFmpegError, IndexError, OSError) as error:
        raise ArtifactWrong(f"the sound cannot be read back: {error!r}") from None
    heard = np.concatenate(frames, axis=1).astype(np.float32) if frames else np.zeros((1, 0), np.float32)
    late_s = (heard.shape[1] - samples) / SAMPLE_RATE_HZ
    wrong["length"] = not 0 <= late_s <= _PADDING_S
    if any(wrong.values()):
        said = ", ".join(name for name, is_wrong in wrong.items() if is_wrong)
        raise ArtifactWrong(f"the sound is wrong in: {said} ({heard.shape[1]} of {samples} samples)")
    return heard


def _peaks(heard: NDArray[np.float32], samples: int) -> tuple[int, ...]:
    """The loudest amplitude of each of its PEAKS parts, over all channels."""
    amplitudes = np.abs(heard[:, :samples]).max(axis=0)
    parts = np.array_split(amplitudes, min(PEAKS, samples))
    return tuple(min(LOUDEST, round(LOUDEST * float(part.max()))) for part in parts)


def _silences(clip: Clip) -> tuple[SilentSamples, ...]:
    return silences_in(clip, Fraction(clip.in_ms, 1000), Fraction(clip.length_ms, 1000))


def _samples(clip: Clip) -> int:
    return clip.length_ms * SAMPLE_RATE_HZ // 1000


def _seconds(value: Fraction) -> str:
    return f"{float(value):.6f}"
