"""One moment of a film, finished."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.cut.audio_clips import cut_sound
from pipeline.cut.clips import FinishedClip, cut_clip
from pipeline.cut.stills import FinishedStill, save_still
from pipeline.ffmpeg.runner import FfmpegRunner
from pipeline.hiding.hide import Hiding, hide_in_clip, hide_in_still
from pipeline.marks import Mark
from pipeline.moments import Clip, Still
from pipeline.prepared import PreparedMoment
from pipeline.presets import Preset
from pipeline.run.workspace import disk_errors_told
from pipeline.source.film import Film
from pipeline.source.recording import Recording, no_stills

Progress = Callable[[float], None]
"""Called with 0 to 1 as work goes on, at least every few seconds; what it raises stops the work."""


@dataclass(frozen=True)
class FinishedMoment:
    """A moment that is there, what it cost, and what the guider should know of it."""

    prepared: PreparedMoment
    wall_s: float
    cpu_s: float
    gain_db: float | None
    warnings: tuple[str, ...]


def prepare_moment(
    film: Film | Recording,
    moment: Clip | Still,
    preset: Preset,
    destination: Path,
    *,
    runner: FfmpegRunner,
    threads: int = 1,
    on_progress: Progress | None = None,
) -> FinishedMoment:
    """One finished clip (MP4, of a recording M4A) or still (JPEG) at ``destination``, verified, then put into place.

    A film must be seekable: see pipeline.source.remux.make_seekable.
    Raises: MomentOutsideFilm, FfmpegFailed, FfmpegTimedOut, ArtifactWrong, NoSpace, and what on_progress raises;
    SelectionInvalid for a still of a recording.
    """
    started = time.monotonic()
    with disk_errors_told():
        if isinstance(film, Recording):
            return _prepare_sound(film, moment, preset, destination, runner, started)
        if isinstance(moment, Clip):
            clip = cut_clip(film, moment, preset, destination, runner=runner, threads=threads, on_progress=on_progress)
            return _finished_clip(moment, clip, started)
        return _finished_still(moment, save_still(film, moment, destination, runner=runner), started)


def prepare_hidden(
    film: Film,
    moment: Clip | Still,
    preset: Preset,
    destination: Path,
    marks: Sequence[Mark],
    *,
    runner: FfmpegRunner,
    threads: int = 1,
    on_progress: Progress | None = None,
) -> tuple[FinishedMoment | None, Hiding]:
    """The same with somebody hidden, and what a person has to look at before it may be handed out.

    Without marks there is no finished moment. Raises: HidingTooLong, and what prepare_moment raises.
    """
    started = time.monotonic()
    with disk_errors_told():
        if isinstance(moment, Clip):
            clip, hiding = hide_in_clip(
                film, moment, preset, destination, marks, runner=runner, threads=threads, on_progress=on_progress
            )
            return _finished_clip(moment, clip, started) if clip else None, hiding
        still, hiding = hide_in_still(film, moment, destination, marks, runner=runner)
        return _finished_still(moment, still, started) if still else None, hiding


def _finished_clip(moment: Clip, clip: FinishedClip, started: float) -> FinishedMoment:
    prepared = PreparedMoment(
        "clip", clip.artifact.path, clip.artifact.media_type, clip.artifact.bytes, clip.artifact.sha256,
        moment.in_ms, moment.out_ms, clip.width_px, clip.height_px, clip.fps, clip.duration_ms,
        moment.caption, moment.principle,
    )  # fmt: skip
    return FinishedMoment(prepared, time.monotonic() - started, clip.cpu_s, clip.level.gain_db, clip.warnings)


def _finished_still(moment: Still, still: FinishedStill, started: float) -> FinishedMoment:
    prepared = PreparedMoment(
        "still", still.artifact.path, still.artifact.media_type, still.artifact.bytes, still.artifact.sha256,
        still.at_ms, None, still.width_px, still.height_px, None, None, moment.caption, moment.principle,
    )  # fmt: skip
    return FinishedMoment(prepared, time.monotonic() - started, still.cpu_s, None, still.warnings)


def _prepare_sound(
    recording: Recording,
    moment: Clip | Still,
    preset: Preset,
    destination: Path,
    runner: FfmpegRunner,
    started: float,
) -> FinishedMoment:
    if isinstance(moment, Still):
        raise no_stills()
    sound = cut_sound(recording, moment, preset, destination, runner=runner)
    prepared = PreparedMoment(
        "sound", sound.artifact.path, sound.artifact.media_type, sound.artifact.bytes, sound.artifact.sha256,
        moment.in_ms, moment.out_ms, None, None, None, sound.duration_ms, moment.caption, moment.principle, sound.peaks,
    )  # fmt: skip
    return FinishedMoment(prepared, time.monotonic() - started, sound.cpu_s, None, sound.warnings)
