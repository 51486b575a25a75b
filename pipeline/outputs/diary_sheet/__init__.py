"""The diary sheet: a few statements to tick on each day of a week, and room for a comment, on one friendly page.

The three statements are our own plain words for what the report's figure 2 asks about; a service puts its own.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

from pydantic import Field, StringConstraints

from pipeline.artifact import Artifact, publish
from pipeline.ffmpeg.runner import FfmpegRunner
from pipeline.moments import Selection, Words
from pipeline.prepared import Prepared
from pipeline.print.letters import printable_words
from pipeline.print.press import Document, press_pdf
from pipeline.print.recipes import PrintedRecipe
from pipeline.print.remarks import remarks_on

NAME = "diary-sheet.pdf"
_ROOM_FOR_ROWS_MM = 96
_HIGHEST_ROW_MM = 28
Line = Annotated[Words, StringConstraints(max_length=120)]
Day = Annotated[Words, StringConstraints(min_length=1, max_length=14)]
Statement = Annotated[Words, StringConstraints(min_length=1, max_length=90)]


class Recipe(PrintedRecipe):
    """What can be chosen for a diary sheet."""

    title: Annotated[Words, StringConstraints(min_length=1, max_length=60)] = Field(
        default="Our week", title="Title", description="At the top of the page."
    )
    instruction: Line = Field(
        default="Put a tick each time it happens.",
        title="What to do",
        description="One sentence under the title.",
    )
    statements: tuple[Statement, ...] = Field(
        default=(
            "We enjoyed something together.",
            "I saw what my child wanted to tell me, and I answered.",
            "We took turns.",
        ),
        min_length=1,
        max_length=6,
        title="Statements",
        description="What the family ticks; three are usual.",
    )
    corner: Line = Field(default="What happened", title="Above the statements", description="The head of their column.")
    days: tuple[Day, ...] = Field(
        default=("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
        min_length=7,
        max_length=7,
        title="Days",
        description="The seven days, in the language of the family.",
    )
    week_line: Line = Field(default="Week beginning", title="Before the date", description="May be empty.")
    comment: Line = Field(
        default="Is there anything else you want to tell us?",
        title="Above the comment",
        description="What the empty space is for.",
    )


def make(prepared: Prepared, recipe: Recipe, folder: Path, runner: FfmpegRunner) -> list[Artifact]:
    """The diary sheet as one tagged A4 page. It needs no moment, and names nobody."""
    with TemporaryDirectory(prefix=".diary-sheet-", dir=folder) as scratch:
        workdir = Path(scratch)
        part = workdir / NAME
        part.write_bytes(press_pdf(*layout(prepared, recipe, workdir, runner), workdir))
        return [publish(part, folder / NAME, "application/pdf")]


def layout(_: Prepared, recipe: Recipe, __: Path, _runner: FfmpegRunner) -> Document:
    """The page laid out."""
    rows_mm = min(_HIGHEST_ROW_MM, _ROOM_FOR_ROWS_MM / len(recipe.statements))
    sheet = {
        "title": printable_words(recipe.title),
        "instruction": printable_words(recipe.instruction),
        "statements": [printable_words(statement) for statement in recipe.statements],
        "corner": printable_words(recipe.corner),
        "days": [printable_words(day) for day in recipe.days],
        "week_line": printable_words(recipe.week_line),
        "comment": printable_words(recipe.comment),
        "row_mm": rows_mm,
        "sizes_pt": [15, 14, 13, 12],
        "day_sizes_pt": [14, 13, 12, 11, 10, 9],
    }
    return Document(files(__package__).joinpath("diary.typ").read_bytes(), recipe, sheet)


def remarks(_: Selection, recipe: Recipe) -> list[str]:
    """What will not be printed as it was written, and what would read better."""
    said: list[str] = []
    for number, statement in enumerate(recipe.statements, 1):
        said += remarks_on(statement, f"Statement {number}", recipe.language)
    for other in (
        recipe.title,
        recipe.instruction,
        recipe.week_line,
        recipe.comment,
        recipe.corner,
        " ".join(recipe.days),
    ):
        said += remarks_on(other, f"“{other}”", "", counted=False)
    if recipe.language != "en" and recipe.statements == Recipe().statements:
        said.append("The statements and the days are still in English.")
    return said
