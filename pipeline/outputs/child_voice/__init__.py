"""The child's voice: a page for each question, which a child may answer by drawing, pointing, saying or skipping."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from pipeline.artifact import Artifact, publish
from pipeline.ffmpeg.runner import FfmpegRunner
from pipeline.moments import Selection, Words
from pipeline.outputs.cards import layout_cards
from pipeline.prepared import Prepared
from pipeline.print.letters import printable_words
from pipeline.print.press import Document, press_pdf
from pipeline.print.recipes import StillsRecipe
from pipeline.print.remarks import remarks_on

NAME = "child-voice.pdf"
Question = Annotated[Words, StringConstraints(min_length=1, max_length=90)]
Way = Annotated[Words, StringConstraints(min_length=1, max_length=12)]
Line = Annotated[Words, StringConstraints(max_length=60)]
_FOR_OLDER: dict[str, object] = {
    "questions": (
        "What do the two of you do well together?",
        "What did you notice when you watched yourself?",
        "What would you like more of?",
    ),
    "picture_question": "Which picture says most about the two of you?",
    "ways": ("Draw", "Choose", "Write", "Skip"),
    "say_hint": "Or tell somebody who writes it down for you.",
    "skip_hint": "You need not say why.",
}


class Recipe(StillsRecipe):
    """What can be chosen for a child's pages."""

    age: Literal["younger", "older"] = Field(
        default="younger",
        title="The child is",
        description="An older child gets lines to write on instead of faces, and other words where you leave ours as "
        "they are.",
        json_schema_extra={"enum_titles": {"younger": "About 3 to 8", "older": "About 9 and older"}},
    )
    questions: tuple[Question, ...] = Field(
        default=(
            "What do you like doing together?",
            "How was it to see yourself in the film?",
            "What would you like next?",
        ),
        max_length=6,
        title="Questions",
        description="Each gets a page. Short ones, in words the child uses.",
    )
    pictures: bool = Field(
        default=True, title="A page of pictures", description="The stills, for the child to point at."
    )
    picture_question: Question = Field(
        default="Which picture do you like?",
        title="Question above the pictures",
        description="Only with a page of pictures.",
    )
    ways: tuple[Way, ...] = Field(
        default=("Draw", "Point", "Say", "Skip"),
        min_length=4,
        max_length=4,
        title="The four ways to answer",
        description="In this order, in the language of the child.",
    )
    say_hint: Line = Field(
        default="A grown-up writes down your own words.",
        title="Beside the third way",
        description="How words get on the page.",
    )
    skip_hint: Line = Field(
        default="That is a good answer too.", title="Beside the fourth way", description="Skipping is always right."
    )


def make(prepared: Prepared, recipe: Recipe, folder: Path, runner: FfmpegRunner) -> list[Artifact]:
    """The child's pages as one tagged PDF, to be printed; an empty list where nothing is asked."""
    with TemporaryDirectory(prefix=".child-voice-", dir=folder) as scratch:
        workdir = Path(scratch)
        if (document := layout(prepared, recipe, workdir, runner)) is None:
            return []
        part = workdir / NAME
        part.write_bytes(press_pdf(*document, workdir))
        return [publish(part, folder / NAME, "application/pdf")]


def layout(prepared: Prepared, recipe: Recipe, workdir: Path, _runner: FfmpegRunner) -> Document | None:
    """The pages laid out, their pictures in ``workdir``; None where nothing is asked."""
    cards = layout_cards(prepared, recipe, workdir) if recipe.pictures else []
    if not recipe.questions and not cards:
        return None
    words = _worded(recipe)
    hints = ("", "", words.say_hint, words.skip_hint)
    sheet = {
        "scale": 0.5,
        "older": recipe.age == "older",
        "title": "The child’s own pages",
        "questions": [printable_words(question) for question in words.questions],
        "picture_question": printable_words(words.picture_question),
        "ways": [
            {"word": printable_words(word), "hint": printable_words(hint)}
            for word, hint in zip(words.ways, hints, strict=True)
        ],
        "cards": [card.laid_out(recipe.spoken()) for card in cards],
    }
    return Document(files(__package__).joinpath("child.typ").read_bytes(), recipe, sheet)


def _worded(recipe: Recipe) -> Recipe:
    """With ours for an older child where those for a younger one were left as they are."""
    if recipe.age == "younger":
        return recipe
    usual = Recipe()
    return recipe.model_copy(
        update={name: words for name, words in _FOR_OLDER.items() if getattr(recipe, name) == getattr(usual, name)}
    )


def remarks(_: Selection, recipe: Recipe) -> list[str]:
    """What will not be printed as it was written, and what would read better."""
    said: list[str] = []
    for number, question in enumerate(_worded(recipe).questions, 1):
        said += remarks_on(question, f"Question {number}", recipe.language)
    if recipe.language != "en" and recipe.ways == Recipe().ways:
        said.append("The four ways to answer and the questions are still in English.")
    return said
