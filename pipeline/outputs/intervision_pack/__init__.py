"""The intervision pack: moments and a question for peers, without anything that says whose they are."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from pipeline.artifact import Artifact
from pipeline.contents import Part
from pipeline.ffmpeg.runner import FfmpegRunner
from pipeline.moments import FilmOf, Selection, Words
from pipeline.pack.case import Wanted, contents_of, describe_case, review_of, write_case
from pipeline.pack.companion import WithCompanion
from pipeline.player.review import ShownEnding
from pipeline.prepared import Prepared

FOLDER = "intervision-pack"
_TITLES = {FilmOf.FAMILY_FILM: "A family", FilmOf.REVIEW_RECORDING: "A shared review"}
_NO_QUESTION = "What do you see in these moments?"


class Recipe(WithCompanion):
    """What can be chosen for an intervision pack."""

    question: Words = Field(
        default="",
        title="Your question to your peers",
        description="It stands on the first card. No codes, no names, no dates.",
        json_schema_extra={"format": "textarea"},
    )
    captions: bool = Field(
        default=False, title="With the captions", description="Read them first: a caption may name somebody."
    )


def make(prepared: Prepared, recipe: Recipe, folder: Path, _runner: FfmpegRunner) -> list[Artifact]:
    """The ZIP of an intervision pack; the same files lie unpacked beside it, in ``intervision-pack/``.

    Neither code nor cycle, date, place in the film, helping question nor working point is in it; faces and voices are.
    Raises: ArtifactWrong when a moment's file is no longer what was prepared.
    """
    case, files = describe_case(prepared, _wanted(recipe))
    ending = ShownEnding(title="That was the last moment", points=(case.question,))
    review = review_of(case, title="A question to you", about="", ending=ending)
    return [write_case(FOLDER, case, review, files, folder)]


def contents(prepared: Prepared, recipe: Recipe) -> list[Part]:
    """What the pack will show, in its order."""
    return contents_of(describe_case(prepared, _wanted(recipe))[0], "A question to you")


def _wanted(recipe: Recipe) -> Wanted:
    return Wanted(
        kind=FOLDER,
        question=recipe.question or _NO_QUESTION,
        working_points=(),
        titles=_TITLES,
        captions=recipe.captions,
        code=False,
        familys_words=False,
    )


def remarks(selection: Selection, recipe: Recipe) -> list[str]:
    """What would still say whose moments these are."""
    said = ["Faces and voices stay as they are: share it only with those whom the consent names."]
    if selection.family.casefold() in recipe.question.casefold():
        said.append("Your question holds the family's code.")
    if recipe.captions and any(
        selection.family.casefold() in moment.caption.casefold() for moment in (*selection.clips, *selection.stills)
    ):
        said.append("A caption holds the family's code.")
    if not recipe.question:
        said.append("There is no question to your peers yet.")
    return said
