"""What is to be heard in a moment: which tracks, what is put right on them, and how loud they become.

A film may have several tracks of sound, and the first may be silent: a camera's socket without a microphone. What is
heard is looked for in each moment anew. Of a stereo track a dead or inverted channel is put right, since on one
loudspeaker the one is half silent and the other cancels itself out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import Any

import ffmpeg
import numpy as np
from numpy.typing import NDArray

from pipeline.cut.inputs import open_sound
from pipeline.cut.loudness import (
    LEAST_MEASURED_S,
    SUMMARY,
    Level,
    Loudness,
    add_level,
    cut_sound,
    level_for,
    make_long,
    measured,
    read_loudness,
)
from pipeline.cut.silencing import SilentSamples, add_silences
from pipeline.ffmpeg.runner import FfmpegRunner
from pipeline.source.film import Film
from pipeline.source.sound_tracks import AudioFacts

SILENT = "Nothing can be heard in this moment: the film is silent here."
SILENCED = "Nothing can be heard in this moment outside what was silenced."
OTHER_TRACK = "The film's first sound track is silent here, so the one with sound is heard."
DEAD_CHANNEL = "One channel of the sound is dead here; the other one is heard on both sides."
INVERTED_CHANNEL = "One channel of the sound was recorded upside down; it was turned, so nothing cancels itself out."
ONLY_NOISE = "Hardly anything but a steady noise can be heard in this moment."

_LISTENING_HZ = 8_000
_SPARE_BYTES = 1 << 20
_FULL_SCALE = 32_768
_DEAD_UNDER_DB, _DEAD_DB = 45.0, -60.0
_ALIKE_DB, _OPPOSED = 10.0, -0.8
_CANCELLED_DB = 15.0
_SPEECH_HZ = (300.0, 3400.0)
_FRAME = _LISTENING_HZ // 25
_LEAST_FRAMES = 50
_STEADY_DB, _NOISE_DB = 3.0, -70.0
"""A voice 20 dB under its noise lifts it by 0.04 dB; the noise itself varies by 1.4 dB, speech by more than 15."""


class Repair(StrEnum):
    """What is done to the two channels of a track; the values are arguments of ffmpeg's filter ``pan``."""

    NONE = ""
    LEFT_ON_BOTH = "stereo|c0=c0|c1=c0"
    RIGHT_ON_BOTH = "stereo|c0=c1|c1=c1"
    RIGHT_TURNED = "stereo|c0=c0|c1=-1*c1"


@dataclass(frozen=True)
class Hearing:
    """What is heard in a moment: these tracks, mixed, with that repair and level, and silent where it is to be."""

    tracks: tuple[AudioFacts, ...]
    level: Level = field(default_factory=Level)
    repair: Repair = Repair.NONE
    warnings: tuple[str, ...] = ()
    silences: tuple[SilentSamples, ...] = ()


@dataclass(frozen=True)
class _Heard:
    """What a stretch of sound is like. samples: float, (n, 2), -1 to 1, at _LISTENING_HZ."""

    loudness: Loudness
    samples: NDArray[np.floating[Any]]

    @property
    def is_silent(self) -> bool:
        return is_silent(self.samples)


def listen(
    film: Film,
    start: Fraction,
    length: Fraction,
    *,
    silences: tuple[SilentSamples, ...] = (),
    runner: FfmpegRunner,
    timeout_s: float,
) -> Hearing | None:
    """What is to be heard in ``length`` seconds from ``start`` on the film's clock; None: the film has no sound.

    ``silences`` have no say in which tracks are heard, nor in how loud they become.
    Raises: FfmpegFailed, FfmpegTimedOut.
    """
    if not film.sounds:
        return None
    separate = len(film.sounds) > 1 and all(audio.channels == 1 for audio in film.sounds)
    alive: list[tuple[AudioFacts, _Heard]] = []
    for audio in film.sounds:
        heard = _hear(film, Hearing((audio,), silences=silences), start, length, runner, timeout_s)
        if not heard.is_silent:
            alive.append((audio, heard))
            if not separate:  # one microphone a track is a camera's way; other tracks say the same in other words
                break
    if not alive:
        return Hearing(film.sounds[:1], warnings=(SILENCED if silences else SILENT,), silences=silences)
    tracks = _that_add_up(alive)
    heard = alive[0][1]
    repair, warnings = (Repair.NONE, []) if separate else find_repair(heard.samples)
    if film.sounds[0] not in tracks:
        warnings.insert(0, OTHER_TRACK)
    if repair is not Repair.NONE or len(tracks) > 1:
        heard = _hear(film, Hearing(tracks, repair=repair, silences=silences), start, length, runner, timeout_s)
    if length * _LISTENING_HZ >= _LEAST_FRAMES * _FRAME and _is_steady_noise(heard.samples):
        warnings.append(ONLY_NOISE)
    return Hearing(tracks, level_for(heard.loudness), repair, tuple(warnings), silences)


def add_hearing(film: Film, hearing: Hearing, start: Fraction, length: Fraction) -> Any:
    """The sound of ``length`` seconds from ``start`` on the film's clock as an ffmpeg-python stream: stereo, 48 kHz."""
    levelled = make_long(add_level(_mixed(film, hearing, start, length), hearing.level), length)
    return add_silences(levelled, hearing.silences)  # once more: a resampler rings into what is silent


def _mixed(film: Film, hearing: Hearing, start: Fraction, length: Fraction) -> Any:
    streams = [_track(film, audio, start, length) for audio in hearing.tracks]
    stream = streams[0]
    if len(streams) > 1:
        stream = ffmpeg.filter(streams, "amix", inputs=len(streams), normalize=0)
    if hearing.repair is not Repair.NONE:
        stream = stream.filter("pan", args=hearing.repair.value)
    return add_silences(stream, hearing.silences)


def _track(film: Film, audio: AudioFacts, start: Fraction, length: Fraction) -> Any:
    """One track's sound of a stretch; put together where an edit list joins several stretches in it."""
    if film.timeline is None:
        begin = film.video.first_pts * film.video.time_base + start
        return cut_sound(open_sound(film, audio, begin), begin, length)
    parts: list[Any] = []
    done = start
    for piece in film.timeline.sound.get(audio.stream_index, ()):
        begin, end = max(done, piece.start), start + length
        if piece.end is not None:
            end = min(end, piece.end)
        if end <= begin or not piece.rate:
            continue
        if begin > done:
            parts.append(_silence(begin - done))
        media_start = piece.media_start + (begin - piece.start) * piece.rate
        sound = cut_sound(
            open_sound(film, audio, media_start, number=len(parts)), media_start, (end - begin) * piece.rate
        )
        if piece.rate != 1:
            sound = sound.filter("atempo", f"{float(min(max(piece.rate, Fraction(1, 2)), Fraction(100))):.6f}")
        parts.append(make_long(sound, end - begin))
        done = end
    if not parts:
        return _silence(length)
    return parts[0] if len(parts) == 1 else ffmpeg.concat(*parts, v=0, a=1)


def _silence(length: Fraction) -> Any:
    source = ffmpeg.input("anullsrc=channel_layout=stereo:sample_rate=48000", format="lavfi")
    return make_long(source.filter("aformat", sample_fmts="fltp"), length)


def listening_argv(
    film: Film, hearing: Hearing, start: Fraction, length: Fraction, *, repeated: bool = False
) -> list[str]:
    """The arguments of ffmpeg that measure what is heard, and write it small to standard output: stereo, 16 bit."""
    sound = measured(_mixed(film, hearing, start, length), repeated=repeated)
    sound = sound.filter("aresample", _LISTENING_HZ).filter("aformat", sample_fmts="s16")
    return list(ffmpeg.output(sound, "-", format="s16le").get_args())


def _hear(
    film: Film, hearing: Hearing, start: Fraction, length: Fraction, runner: FfmpegRunner, timeout_s: float
) -> _Heard:
    for repeated in (length < LEAST_MEASURED_S, True):
        run = runner.run(
            listening_argv(film, hearing, start, length, repeated=repeated),
            timeout_s=timeout_s,
            keep=SUMMARY,
            most_output_bytes=int((length + 3) * _LISTENING_HZ * 4) + _SPARE_BYTES,
            hide=film.path,
        )
        samples = np.frombuffer(run.output[: len(run.output) // 4 * 4], "<i2").reshape(-1, 2)
        heard = _Heard(read_loudness(run), samples.astype(np.float32) / _FULL_SCALE)
        if repeated or heard.is_silent or heard.loudness.integrated_lufs is not None:
            break  # else so little can be heard that it was not measured
    return heard


def is_silent(samples: NDArray[np.floating[Any]]) -> bool:
    """Whether a stretch of sound is digital silence: no louder than the last bit of 16."""
    return not samples.size or float(np.abs(samples).max()) <= 1 / _FULL_SCALE


def _that_add_up(alive: list[tuple[AudioFacts, _Heard]]) -> tuple[AudioFacts, ...]:
    """The tracks to mix: all with sound, but none that would cancel what is heard already."""
    tracks, mixed = [alive[0][0]], alive[0][1].samples
    for audio, heard in alive[1:]:
        both = min(len(mixed), len(heard.samples))
        together = mixed[:both] + heard.samples[:both]
        if _db(together) > _db(mixed[:both]) - _CANCELLED_DB:
            tracks, mixed = [*tracks, audio], together
    return tuple(tracks)


def find_repair(samples: NDArray[np.floating[Any]]) -> tuple[Repair, list[str]]:
    """What to do to the channels of a stereo track, (n, 2), and how that is told."""
    left, right = _db(samples[:, 0]), _db(samples[:, 1])
    if min(left, right) < _DEAD_DB and abs(left - right) > _DEAD_UNDER_DB:
        return Repair.LEFT_ON_BOTH if left > right else Repair.RIGHT_ON_BOTH, [DEAD_CHANNEL]
    if abs(left - right) < _ALIKE_DB and _likeness(samples[:, 0], samples[:, 1]) < _OPPOSED:
        return Repair.RIGHT_TURNED, [INVERTED_CHANNEL]
    return Repair.NONE, []


def _likeness(one: NDArray[np.floating[Any]], other: NDArray[np.floating[Any]]) -> float:
    """1 where both are the same but for their loudness, 0 where they have nothing in common, -1 where one is turned."""
    together = float(np.mean(one * other, dtype=np.float64))
    alone = float(np.mean(np.square(one), dtype=np.float64)) * float(np.mean(np.square(other), dtype=np.float64))
    return together / float(np.sqrt(max(alone, 1e-20)))


def _db(samples: NDArray[np.floating[Any]]) -> float:
    """The power of samples in dB of full scale; -200 where there is none."""
    power = float(np.mean(np.square(samples, dtype=np.float64))) if samples.size else 0.0
    return 10 * float(np.log10(power + 1e-20))


def _is_steady_noise(samples: NDArray[np.floating[Any]]) -> bool:
    """Whether the power in the band of speech hardly varies, as that of a fan or of hiss does, and a voice's never.

    A tone that sounds all the time is no noise: what has most of its power at one pitch is left out.
    """
    mono = samples.mean(axis=1)
    frames = mono[: len(mono) // _FRAME * _FRAME].reshape(-1, _FRAME)
    if len(frames) < _LEAST_FRAMES:
        return False
    spectrum = np.square(np.abs(np.fft.rfft(frames * np.hanning(_FRAME), axis=1))) / (_FRAME * _FRAME / 4)
    hz = np.fft.rfftfreq(_FRAME, 1 / _LISTENING_HZ)
    speech = spectrum[:, (hz >= _SPEECH_HZ[0]) & (hz <= _SPEECH_HZ[1])]
    pitches = speech.mean(axis=0)
    levels = 10 * np.log10(speech.sum(axis=1) + 1e-20)
    low, high = np.percentile(levels, 10), np.percentile(levels, 99)
    one_pitch = np.convolve(pitches, np.ones(3)).max() > pitches.sum() / 2
    return bool(low > _NOISE_DB and high - low < _STEADY_DB and not one_pitch)
