"""What we use of moviepy, loaded without the programs that its readers and writers would run.

While it is imported, moviepy 2.2.1 starts ``ffmpeg -version`` and ``ffplay``, without time or other limits and with our
whole environment, and looks for a file ``.env`` (its module ``config``). Only what reads and writes films needs what
that finds, and films are read and written by pipeline.ffmpeg alone. So its place is taken beforehand.
"""

from __future__ import annotations

import sys
from types import ModuleType


def _take_place_of_config() -> None:
    config = ModuleType("moviepy.config")
    config.FFMPEG_BINARY = config.FFPLAY_BINARY = "unset"  # type: ignore[attr-defined]  # as moviepy calls what is missing
    sys.modules.setdefault(config.__name__, config)


_take_place_of_config()

from moviepy import ColorClip, CompositeVideoClip, ImageClip, VideoClip, vfx  # noqa: E402  only now

__all__ = ["ColorClip", "CompositeVideoClip", "ImageClip", "VideoClip", "vfx"]
