"""Finished moments drawn for the tests of the outputs, without the cutting that makes them otherwise."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from pipeline.artifact import PreparedMoment, sha256_of
from pipeline.moments import Selection, parse_selection
from pipeline.prepared import Prepared
from tests.footage import draw_number, numbered_film

QUESTION = "How can we enjoy playing together?"
WORKING_POINT = "Wait a little longer"


def drawn_clip(
    path: Path,
    *,
    frames: int = 60,
    fps: str = "30",
    width: int = 320,
    height: int = 240,
    caption: str = "",
    principle: str | None = None,
) -> PreparedMoment:
    """A numbered clip as the pipeline makes them: H.264 with B-frames, AAC, a keyframe each second."""
    numbered_film(path, frames=frames, fps=fps, width=width, height=height, container=("-movflags", "+faststart"))
    rate = float(Fraction(fps))
    return PreparedMoment(
        kind="clip",
        path=path,
        media_type="video/mp4",
        bytes=path.stat().st_size,
        sha256=sha256_of(path),
        in_ms=70_200,
        out_ms=70_200 + round(frames / rate * 1000),
        width_px=width,
        height_px=height,
        fps=rate,
        duration_ms=round(frames / rate * 1000),
        caption=caption,
        principle=principle,
    )


def drawn_still(
    path: Path, *, number: int = 7, width: int = 320, height: int = 240, caption: str = "", principle: str | None = None
) -> PreparedMoment:
    """A numbered still as the pipeline makes them: a JPEG without metadata."""
    picture = np.repeat(draw_number(number, width, height)[:, :, None], 3, axis=2)
    assert cv2.imwrite(str(path), picture, [cv2.IMWRITE_JPEG_QUALITY, 90])
    return PreparedMoment(
        kind="still",
        path=path,
        media_type="image/jpeg",
        bytes=path.stat().st_size,
        sha256=sha256_of(path),
        in_ms=72_480,
        out_ms=None,
        width_px=width,
        height_px=height,
        fps=None,
        duration_ms=None,
        caption=caption,
        principle=principle,
    )


def prepared_from(
    *moments: PreparedMoment, helping_question: str = QUESTION, working_points: tuple[str, ...] = (WORKING_POINT,)
) -> Prepared:
    """The moments with the selection of family K-104 that they answer."""
    return Prepared(selection_of(moments, helping_question, working_points), moments)


def selection_of(
    moments: tuple[PreparedMoment, ...], helping_question: str, working_points: tuple[str, ...]
) -> Selection:
    clips = [
        {"in": moment.in_ms, "out": moment.out_ms, "caption": moment.caption, "principle": moment.principle}
        for moment in moments
        if moment.kind == "clip"
    ]
    stills = [
        {"at": moment.in_ms, "caption": moment.caption, "principle": moment.principle}
        for moment in moments
        if moment.kind == "still"
    ]
    return parse_selection(
        {
            "family": "K-104",
            "cycle": 2,
            "helping_question": helping_question,
            "working_points": list(working_points),
            "clip": clips,
            "still": stills,
        }
    )
