"""Our plan: what was written together at the end of a review, on one page for the family to keep."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

from pydantic import Field, StringConstraints

from pipeline.artifact import Artifact, publish
from pipeline.ffmpeg.runner import FfmpegRunner
from pipeline.moments import MOST_MOMENTS, Selection, Words
from pipeline.outputs.cards import Card, layout_cards
from pipeline.prepared import Prepared
from pipeline.print.letters import printable_words
from pipeline.print.press import Document, press_pdf
from pipeline.print.recipes import PrintedRecipe, StillChoice, StillsRecipe
from pipeline.print.remarks import remarks_on

NAME = "our-plan.pdf"
LARGEST_PT, SMALLEST_PT = 22, 14
Heading = Annotated[Words, StringConstraints(min_length=1, max_length=60)]


class Recipe(PrintedRecipe):
    """What can be chosen for the plan."""

    title: Heading = Field(default="Our plan", title="Title", description="At the top of the page.")
    picture: int = Field(
        default=1,
        ge=0,
        le=MOST_MOMENTS,
        title="Picture",
        description="It stands above the words.",
        json_schema_extra={"numbers": "still", "zero": "No picture"},
    )
    strengths: bool = Field(default=True, title="With the strengths", description="They come first.")
    strengths_heading: Heading = Field(
        default="What already works", title="Above the strengths", description="Their heading."
    )
    working_points: bool = Field(
        default=True, title="With the working points", description="They come after the strengths."
    )
    working_points_heading: Heading = Field(
        default="What we build on", title="Above the working points", description="Their heading."
    )
    plan_heading: Heading = Field(default="What we will try", title="Above the plan", description="Its heading.")


def make(prepared: Prepared, recipe: Recipe, folder: Path, runner: FfmpegRunner) -> list[Artifact]:
    """The plan as a tagged A4 page, on a second one only where very much was written; without code, date or name.

    An empty list where nothing was written.
    """
    with TemporaryDirectory(prefix=".our-plan-", dir=folder) as scratch:
        workdir = Path(scratch)
        if (document := layout(prepared, recipe, workdir, runner)) is None:
            return []
        part = workdir / NAME
        part.write_bytes(press_pdf(*document, workdir))
        return [publish(part, folder / NAME, "application/pdf")]


def layout(prepared: Prepared, recipe: Recipe, workdir: Path, _runner: FfmpegRunner) -> Document | None:
    """The page laid out, its picture in ``workdir``; None where nothing was written."""
    if prepared.notes is None or not (lists := _lists(prepared, recipe)):
        return None
    picture = _picture(prepared, recipe, workdir)
    sheet = {
        "title": printable_words(recipe.title),
        "card": None if picture is None else picture.laid_out(recipe.spoken()),
        "lists": lists,
        "sizes_pt": list(range(LARGEST_PT, SMALLEST_PT - 1, -1)),
    }
    return Document(files(__package__).joinpath("plan.typ").read_bytes(), recipe, sheet)


def _lists(prepared: Prepared, recipe: Recipe) -> list[dict[str, object]]:
    notes = prepared.notes
    if notes is None:
        return []
    wanted = [
        (recipe.strengths_heading, notes.strengths if recipe.strengths else ()),
        (recipe.working_points_heading, notes.working_points if recipe.working_points else ()),
        (recipe.plan_heading, notes.plan),
    ]
    return [
        {"heading": printable_words(heading), "lines": [printable_words(line) for line in lines]}
        for heading, lines in wanted
        if lines
    ]


def _picture(prepared: Prepared, recipe: Recipe, workdir: Path) -> Card | None:
    """The still that was chosen, else the first; its caption is what a reading program says of it."""
    stills = sum(moment.kind == "still" for moment in prepared.moments)
    if not recipe.picture or not stills:
        return None
    number = recipe.picture if recipe.picture <= stills else 1
    others = tuple(StillChoice(still=n, leave_out=True) for n in range(1, stills + 1) if n != number)
    return next(iter(layout_cards(prepared, StillsRecipe(stills=others, drawn=False), workdir)), None)


def remarks(selection: Selection, recipe: Recipe) -> list[str]:
    """What will not be printed as it was chosen."""
    said = []
    if recipe.picture > max(len(selection.stills), 1):
        said.append(f"There is no still {recipe.picture}, so the first one stands above the words.")
    for heading in (recipe.title, recipe.strengths_heading, recipe.working_points_heading, recipe.plan_heading):
        said += remarks_on(heading, f"“{heading}”", "", counted=False)
    if recipe.language != "en" and recipe.title == Recipe().title:
        said.append("The headings are still in English.")
    return said
