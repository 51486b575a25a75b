"""Picture notes for a phone: each still with its words as one picture that any phone shows and keeps."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

from pipeline.artifact import Artifact
from pipeline.ffmpeg.runner import FfmpegRunner
from pipeline.moments import Selection
from pipeline.outputs.cards import layout_cards
from pipeline.prepared import Prepared
from pipeline.print.pictures import PictureFormat, publish_pictures
from pipeline.print.press import Document, press_pictures
from pipeline.print.recipes import StillsRecipe
from pipeline.print.remarks import remarks_on_stills

PX_PER_INCH = 254
"""A page of 108 by 135 mm becomes 1080 by 1350 px: as tall as phones show without turning."""
LARGEST_PT, SMALLEST_PT = 26, 14


class Recipe(StillsRecipe):
    """What can be chosen for pictures for a phone."""

    picture_format: PictureFormat = "jpeg"


def make(prepared: Prepared, recipe: Recipe, folder: Path, runner: FfmpegRunner) -> list[Artifact]:
    """A picture for every still that is not left out; an empty list where there is none."""
    with TemporaryDirectory(prefix=".phone-pictures-", dir=folder) as scratch:
        workdir = Path(scratch)
        if (document := layout(prepared, recipe, workdir, runner)) is None:
            return []
        pages = press_pictures(*document, workdir, px_per_inch=PX_PER_INCH)
        return publish_pictures(pages, "phone", recipe.picture_format, folder)


def layout(prepared: Prepared, recipe: Recipe, workdir: Path, _runner: FfmpegRunner) -> Document | None:
    """The pictures laid out, the stills in ``workdir``; None where there is none."""
    cards = layout_cards(prepared, recipe, workdir)
    if not cards:
        return None
    sheet = {
        "scale": 0.5,
        "title": "Pictures for a phone",
        "sizes_pt": list(range(LARGEST_PT, SMALLEST_PT - 1, -2)),
        "cards": [card.laid_out(recipe.spoken()) for card in cards],
    }
    return Document(files(__package__).joinpath("phone.typ").read_bytes(), recipe, sheet)


def remarks(selection: Selection, recipe: Recipe) -> list[str]:
    """What will not be printed as it was written, and what would read better."""
    return remarks_on_stills(selection, recipe, "there are no pictures for a phone")
