"""One moment of a film, finished."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from pipeline.artifact import FinishedMoment
from pipeline.cut.audio_clips import cut_sound
from pipeline.cut.clips import cut_clip
from pipeline.cut.stills import save_still
from pipeline.errors import NoStillOfSound
from pipeline.ffmpeg.runner import FfmpegRunner
from pipeline.hiding.hide import Hiding, hide_in_clip, hide_in_still
from pipeline.marks import Mark
from pipeline.moments import Clip, Still
from pipeline.presets import Preset
from pipeline.run.workspace import disk_errors_told
from pipeline.source.film import Film
from pipeline.source.recording import Recording

Progress = Callable[[float], None]
"""Called with 0 to 1 as work goes on, at least every few seconds; what it raises stops the work."""


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
    with disk_errors_told():
        if isinstance(film, Recording):
            if isinstance(moment, Still):
                raise NoStillOfSound
            return cut_sound(film, moment, preset, destination, runner=runner)
        if isinstance(moment, Still):
            return save_still(film, moment, destination, runner=runner)
        return cut_clip(film, moment, preset, destination, runner=runner, threads=threads, on_progress=on_progress)


def prepare_hidden(
    film: Film,
    moment: Clip | Still,
    preset: Preset,
    destination: Path,
    marks: Sequence[Mark],
    *,
    even_in_doubt: bool = True,
    runner: FfmpegRunner,
    threads: int = 1,
    on_progress: Progress | None = None,
) -> tuple[FinishedMoment | None, Hiding]:
    """The same with somebody hidden, and what a person has to look at before it may be handed out.

    Without marks there is no finished moment, nor, unless ``even_in_doubt``, while more boxes are wanted.
    Raises: HidingTooLong, and what prepare_moment raises.
    """
    with disk_errors_told():
        if isinstance(moment, Still):
            return hide_in_still(film, moment, destination, marks, runner=runner)
        return hide_in_clip(
            film, moment, preset, destination, marks, even_in_doubt=even_in_doubt, runner=runner, threads=threads,
            on_progress=on_progress,
        )  # fmt: skip
