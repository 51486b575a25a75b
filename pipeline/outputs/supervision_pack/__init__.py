"""The supervision pack: the client's moments, the guider's own, her question and the rating form. Codes only."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

from pydantic import Field

from pipeline.artifact import Artifact
from pipeline.contents import Part
from pipeline.ffmpeg.runner import FfmpegRunner
from pipeline.moments import MOST_WORKING_POINTS, FilmOf, Selection, Words
from pipeline.pack.case import Case, Wanted, contents_of, describe_case, review_of, write_case
from pipeline.pack.companion import WithCompanion
from pipeline.player.review import ShownEnding, ShownLink
from pipeline.prepared import Prepared
from pipeline.rating_scale import rating_scale
from pipeline.training.rating.form import print_form

FOLDER = "supervision-pack"
FORM = "rating-form.pdf"
_TITLES = {FilmOf.FAMILY_FILM: "With the family", FilmOf.REVIEW_RECORDING: "My own moments in the review"}
_NO_QUESTION = "What do you see in these moments?"


class Recipe(WithCompanion):
    """What can be chosen for a supervision pack."""

    question: Words = Field(
        default="",
        title="Your question to your supervisor",
        description="It stands on the first card. Codes, no names.",
        json_schema_extra={"format": "textarea"},
    )
    working_points: Annotated[tuple[Words, ...], Field(max_length=MOST_WORKING_POINTS)] = Field(
        default=(), title="Your own working points", description="They stand on the last card."
    )
    captions: bool = Field(
        default=True, title="With the captions", description="They stay hidden until somebody reveals them."
    )
    rating_form: bool = Field(
        default=True, title="With the rating form", description="For the recording of the review, on paper."
    )


def make(prepared: Prepared, recipe: Recipe, folder: Path, _runner: FfmpegRunner) -> list[Artifact]:
    """The ZIP of a supervision pack; the same files lie unpacked beside it, in ``supervision-pack/``.

    The rating form is in it only where a recording of a review is: a family's film is never rated.
    Raises: ArtifactWrong when a moment's file is no longer what was prepared.
    """
    case, files = describe_case(prepared, _wanted(recipe))
    code = f"{case.family}, cycle {case.cycle}"
    rated = _is_rated(case, recipe)
    ending = ShownEnding(
        title="Working points",
        points=_last_points(case),
        links=(ShownLink(file=FORM, title="Rating form to print"),) if rated else (),
    )
    asked = next((part.helping_question for part in case.parts if part.helping_question), "")
    about = f"{code} · {asked}" if asked else code
    review = review_of(case, title="My question", about=about, ending=ending)
    with TemporaryDirectory(prefix=".rating-form-", dir=folder) as scratch:
        form = Path(scratch) / FORM
        if rated:
            form.write_bytes(print_form(prepared.scale or rating_scale(), recording=code))
        return [write_case(FOLDER, case, review, files, folder, (form,) if rated else ())]


def contents(prepared: Prepared, recipe: Recipe) -> list[Part]:
    """What the pack will show, in its order."""
    case, _ = describe_case(prepared, _wanted(recipe))
    form = [Part("Rating form to print")] if _is_rated(case, recipe) else []
    return [*contents_of(case, "My question"), Part("Working points", " · ".join(_last_points(case))), *form]


def _wanted(recipe: Recipe) -> Wanted:
    return Wanted(
        kind=FOLDER,
        question=recipe.question or _NO_QUESTION,
        working_points=tuple(filter(None, recipe.working_points)),
        titles=_TITLES,
        captions=recipe.captions,
        code=True,
        familys_words=True,
    )


def _last_points(case: Case) -> tuple[str, ...]:
    familys = [part for part in case.parts if part.of == FilmOf.FAMILY_FILM]
    points = [point for part in familys for point in part.working_points if point]
    plan = [line for part in familys for line in part.plan]
    return (
        *case.working_points,
        *(f"The family: {point}" for point in points),
        *(f"The family’s plan: {line}" for line in plan),
    )


def _is_rated(case: Case, recipe: Recipe) -> bool:
    return recipe.rating_form and any(part.of == FilmOf.REVIEW_RECORDING for part in case.parts)


def remarks(selection: Selection, recipe: Recipe) -> list[str]:
    """What a supervisor would miss."""
    said = []
    if not recipe.companion:
        missing = (
            "the family's moments" if selection.of == FilmOf.REVIEW_RECORDING else "your own moments in the review"
        )
        said.append(f"Nothing shows {missing}: name the moments of the other film to have them in the pack.")
    if not recipe.question:
        said.append("There is no question to your supervisor yet.")
    return said
