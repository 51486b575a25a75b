"""Picture notes: each still as large as it goes, with its caption; one or two on an A4 page, made to hang on a wall."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from pydantic import Field

from pipeline.artifact import Artifact, publish
from pipeline.ffmpeg.runner import FfmpegRunner
from pipeline.moments import Selection
from pipeline.outputs.cards import layout_artwork, layout_cards
from pipeline.prepared import Prepared
from pipeline.print.press import Document, press_pdf
from pipeline.print.recipes import ArtworkRecipe
from pipeline.print.remarks import remarks_on_stills

NAME = "picture-notes.pdf"
LARGEST_PT = {1: 34, 2: 26}
SMALLEST_PT = 14


class Recipe(ArtworkRecipe):
    """What can be chosen for picture notes."""

    a_page: Literal[1, 2] = Field(
        default=1,
        title="Notes on a page",
        description="Two are cut apart after printing.",
        json_schema_extra={"enum_titles": {"1": "One", "2": "Two"}},
    )
    layout: Literal["below", "beside"] = Field(
        default="below",
        title="Words",
        description="Picture on the left and words on the right are easiest to read for many people.",
        json_schema_extra={"enum_titles": {"below": "Below the picture", "beside": "Beside the picture (easy read)"}},
    )
    drawing: bool = Field(
        default=False, title="Leave room to draw", description="An empty space on every note for the child."
    )
    artwork: bool = Field(
        default=False,
        title="With what the child made",
        description="A note for each photograph of a drawing that is kept with these moments.",
    )


def make(prepared: Prepared, recipe: Recipe, folder: Path, runner: FfmpegRunner) -> list[Artifact]:
    """The picture notes of a selection as one tagged PDF; an empty list where there is no picture.

    A page holds the still and its caption, nothing else: no code, no date, no score, no logo. The JPEGs are embedded as
    they are, unless they are touched up. Letters that no font at hand can print are left out; ``remarks`` names them
    beforehand.
    """
    with TemporaryDirectory(prefix=".picture-notes-", dir=folder) as scratch:
        workdir = Path(scratch)
        if (document := layout(prepared, recipe, workdir, runner)) is None:
            return []
        part = workdir / NAME
        part.write_bytes(press_pdf(*document, workdir))
        return [publish(part, folder / NAME, "application/pdf")]


def layout(prepared: Prepared, recipe: Recipe, workdir: Path, _runner: FfmpegRunner) -> Document | None:
    """The notes laid out, their pictures in ``workdir``; None where there is none."""
    cards = [*layout_cards(prepared, recipe, workdir), *(layout_artwork(prepared, workdir) if recipe.artwork else ())]
    if not cards:
        return None
    sheet = {
        "title": "Picture notes",
        "a_page": recipe.a_page,
        "layout": recipe.layout,
        "drawing": recipe.drawing,
        "sizes_pt": list(range(LARGEST_PT[recipe.a_page], SMALLEST_PT - 1, -2)),
        "cards": [card.laid_out(recipe.spoken()) for card in cards],
    }
    return Document(files(__package__).joinpath("notes.typ").read_bytes(), recipe, sheet)


def remarks(selection: Selection, recipe: Recipe) -> list[str]:
    """What will not be printed as it was written, and what would read better."""
    return remarks_on_stills(selection, recipe, "there are no picture notes")
