"""The rating scale on paper, for one recording of a shared review. Of a family's film there is none."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from pipeline.artifact import Artifact, publish
from pipeline.ffmpeg.runner import FfmpegRunner
from pipeline.limits import LIMITS, or_empty
from pipeline.moments import FilmOf, Selection
from pipeline.prepared import Prepared
from pipeline.print.press import Document, press_pdf
from pipeline.rating_scale import rating_scale
from pipeline.training.rating.form import lay_form

NAME = "rating-scale.pdf"


class Recipe(BaseModel):
    """What can be chosen for a form."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rater: Annotated[str, StringConstraints(pattern=or_empty(LIMITS.code))] = Field(
        default="", title="Rater", description="A code, never a name; empty leaves a line to write on."
    )


def make(prepared: Prepared, recipe: Recipe, folder: Path, runner: FfmpegRunner) -> list[Artifact]:
    """The form as a tagged PDF; an empty list where the moments are of a family's film."""
    with TemporaryDirectory(prefix=".rating-scale-", dir=folder) as scratch:
        workdir = Path(scratch)
        if (document := layout(prepared, recipe, workdir, runner)) is None:
            return []
        part = workdir / NAME
        part.write_bytes(press_pdf(*document, workdir))
        return [publish(part, folder / NAME, "application/pdf")]


def layout(prepared: Prepared, recipe: Recipe, _: Path, _runner: FfmpegRunner) -> Document | None:
    """The form laid out; None where the moments are of a family's film."""
    selection = prepared.selection
    if selection.of != FilmOf.REVIEW_RECORDING:
        return None
    scale = prepared.scale or rating_scale()
    return lay_form(scale, recording=f"{selection.family}, cycle {selection.cycle}", rater=recipe.rater)


def remarks(selection: Selection, _: Recipe) -> list[str]:
    """Why there is none."""
    if selection.of == FilmOf.REVIEW_RECORDING:
        return []
    return ["The rating scale is for a recording of a shared review. This is the family's film, and it is never rated."]
