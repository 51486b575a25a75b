"""The media work of one selection: from a film to finished moments, packs and notes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pipeline.film import Film
from pipeline.moments import Clip, Still
from pipeline.outputs.prepared import PreparedMoment
from pipeline.presets import Preset

Progress = Callable[[float], None]
"""Called with 0 to 1 as work goes on, at least every few seconds; what it raises stops the work."""


def prepare_moment(
    film: Film,
    moment: Clip | Still,
    preset: Preset,
    destination: Path,
    *,
    threads: int = 1,
    on_progress: Progress | None = None,
) -> PreparedMoment:
    """One finished clip (MP4) or still (JPEG) at ``destination``, verified, then renamed into place.

    Raises: MomentOutsideFilm, FfmpegFailed, FfmpegTimedOut, ArtifactWrong, NoSpace, and what on_progress raises.
    """
    raise NotImplementedError
