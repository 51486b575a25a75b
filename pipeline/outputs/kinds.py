"""The kinds of output. Each is a folder here with ``make(prepared, recipe, folder, runner) -> list[Artifact]``.

A new kind is a folder and a line in ``KINDS``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, ValidationError

from pipeline.artifact import Artifact
from pipeline.contents import Part
from pipeline.errors import PipelineError
from pipeline.ffmpeg.runner import FfmpegRunner
from pipeline.moments import FilmOf, Selection, plain_sentence
from pipeline.outputs import (
    booklet,
    child_voice,
    diary_sheet,
    intervision_pack,
    phone_pictures,
    picture_notes,
    plan_page,
    rating_scale,
    reel,
    review_pack,
    strip,
    supervision_pack,
)
from pipeline.outputs.preview import Layout
from pipeline.prepared import Prepared
from pipeline.purposes import Purpose
from pipeline.written import Written


class OutputUnknown(PipelineError):
    """No kind of output has that name."""

    code = "output_unknown"


class PurposeWrong(PipelineError):
    """A kind of output is not made for that purpose."""

    code = "purpose_wrong"


class RecipeInvalid(PipelineError):
    """What was chosen for an output cannot be understood."""

    code = "recipe_invalid"


def _nothing_to_remark(_: Selection, __: Any) -> list[str]:
    return []


@dataclass(frozen=True)
class Kind:
    """One kind of output.

    ``about`` tells a guider in one sentence what it is for. ``recipe`` says what can be chosen: every field has a
    default, a title and a description, from which the page draws its form. ``make`` takes a recipe of that type, writes
    into a folder that is there and holds none of its names yet, and returns what may be handed out; an empty list means
    that the selection holds nothing for this kind. It decodes and encodes with the ffmpeg that it is given. ``remarks``
    says in plain words, before any work is done, what will not come out as written. ``needs_picture``: of a recording
    without a picture there is nothing to make. ``needs_notes``: neither where nothing was written in the review.
    ``shows``: what a person wrote or chose that is in it, so what was made before a change of that is out of date.

    A printed kind has ``layout``, which lays out in a folder what ``make`` prints, from the moments of the kind
    ``pictures_of``; a preview presses its first pages. Another kind has ``contents``, which tells what will be in
    it and opens no file. ``of`` is the only film of which something can be made; None: of any. ``files`` tells, by
    name, what a file is for, where a kind makes several.

    ``purpose`` is what it is for where nothing else is said; None: what the film's own moments are for. It may be made
    for each of ``also_for`` as well. ``shows_people``: somebody can be seen, heard or is written of in it, so that it
    waits for their agreement.
    """

    name: str
    title: str
    about: str
    recipe: type[BaseModel]
    make: Callable[[Prepared, Any, Path, FfmpegRunner], list[Artifact]]
    remarks: Callable[[Selection, Any], list[str]] = _nothing_to_remark
    layout: Layout | None = None
    pictures_of: Literal["clip", "still", "nothing"] = "still"
    contents: Callable[[Prepared, Any], list[Part]] | None = None
    needs_picture: bool = False
    needs_notes: bool = False
    shows: frozenset[Written] = frozenset()
    of: FilmOf | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    purpose: Purpose | None = None
    also_for: tuple[Purpose, ...] = ()
    shows_people: bool = True

    def purpose_of(self, of: FilmOf, asked: Purpose | None = None) -> Purpose:
        """What it is made for from such a film. Raises: PurposeWrong, where it is not made for what was asked."""
        usual = self.purpose or purpose_of_film(of)
        if asked is None or asked == usual or asked in self.also_for:
            return asked or usual
        sentence = f"{self.title} is not made for this purpose."
        raise PurposeWrong(sentence, for_guider=sentence)

    def shows_moment(self, kind: str) -> bool:
        """Whether moments of a kind, clip or still, are in it; in a pack both are."""
        return self.layout is None or self.pictures_of == kind

    def shown_with(self, chosen: Mapping[str, Any]) -> frozenset[Written]:
        """What a person wrote or chose that is in it, made by such a recipe."""
        captions = self.recipe.model_fields.get("captions")
        hidden = captions is not None and not chosen.get("captions", captions.default)
        bare = not chosen.get("drawn", True)
        ordered = {Written.CYCLE} if chosen.get("earlier") else set()
        left_out = {Written.CAPTION: hidden, Written.DRAWINGS: bare}
        return (self.shows | ordered) - {one for one, is_left_out in left_out.items() if is_left_out}

    def remark(self, selection: Selection, recipe: Any, *, picture: bool, written: bool) -> list[str]:
        """What to tell the guider; one sentence alone where the kind needs a picture, or words that were ``written``
        in the review, and there is none.
        """
        if self.needs_picture and not picture:
            return [f"{self.title}: left out, because this recording has sound but no picture."]
        if self.needs_notes and not written:
            return [f"{self.title}: nothing is written on the last cards of the review yet."]
        return self.remarks(selection, recipe)


_SHOWN_ELSEWHERE: Final = (
    Purpose.SUPERVISION,
    Purpose.INTERVISION,
    Purpose.TRAINING,
    Purpose.RESEARCH,
    Purpose.COURT,
)


def purpose_of_film(of: FilmOf) -> Purpose:
    """What the moments of such a film are cut and kept for: a guider films her review for supervision."""
    return Purpose.SUPERVISION if of == FilmOf.REVIEW_RECORDING else Purpose.SHARED_REVIEW


_EVERYTHING: Final = frozenset(Written)
_CAPTIONS: Final = frozenset({Written.CAPTION, Written.ORDER, Written.MOMENTS})
_STILLS: Final = _CAPTIONS | {Written.DRAWINGS}

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "review_pack",
            "Review pack",
            "The moments with a player that works without internet, for the shared review.",
            review_pack.Recipe,
            review_pack.make,
            contents=review_pack.contents,
            shows=_EVERYTHING,
            also_for=_SHOWN_ELSEWHERE,
        ),
        Kind(
            "picture_notes",
            "Picture notes",
            "Each still and its caption on a page of its own, for the family's wall.",
            picture_notes.Recipe,
            picture_notes.make,
            picture_notes.remarks,
            layout=picture_notes.layout,
            needs_picture=True,
            shows=_STILLS,
            purpose=Purpose.PICTURE_NOTES,
        ),
        Kind(
            "plan_page",
            "Our plan",
            "One page with what was written at the end of the review, for the family to keep.",
            plan_page.Recipe,
            plan_page.make,
            plan_page.remarks,
            layout=plan_page.layout,
            needs_notes=True,
            shows=frozenset({Written.NOTES, Written.ORDER}),
        ),
        Kind(
            "booklet",
            "Booklet",
            "The picture notes as a small booklet to print, fold and keep; its cover works alone.",
            booklet.Recipe,
            booklet.make,
            booklet.remarks,
            layout=booklet.layout,
            files={booklet.TO_FOLD: "to print on both sides and fold", booklet.TO_READ: "to look at on a screen"},
            shows=_STILLS,
            purpose=Purpose.PICTURE_NOTES,
        ),
        Kind(
            "strip",
            "Strip",
            "Three or four pictures of a clip in a row, for a moment that unfolds.",
            strip.Recipe,
            strip.make,
            strip.remarks,
            layout=strip.layout_one,
            pictures_of="clip",
            needs_picture=True,
            shows=_CAPTIONS,
            purpose=Purpose.PICTURE_NOTES,
        ),
        Kind(
            "phone_pictures",
            "Pictures for a phone",
            "Each still with its words as a picture that the family can keep on a phone.",
            phone_pictures.Recipe,
            phone_pictures.make,
            phone_pictures.remarks,
            layout=phone_pictures.layout,
            needs_picture=True,
            shows=_STILLS,
            purpose=Purpose.PICTURE_NOTES,
        ),
        Kind(
            "diary_sheet",
            "Diary sheet",
            "A page for the family's week: tick when good things happen.",
            diary_sheet.Recipe,
            diary_sheet.make,
            diary_sheet.remarks,
            layout=diary_sheet.layout,
            pictures_of="nothing",
            shows_people=False,
        ),
        Kind(
            "child_voice",
            "The child’s voice",
            "Pages on which a child answers by drawing, pointing, saying or skipping.",
            child_voice.Recipe,
            child_voice.make,
            child_voice.remarks,
            layout=child_voice.layout,
            shows=_STILLS,
        ),
        Kind(
            "reel",
            "Reel",
            "One film for a television or a phone: each moment, held on its best picture, and once more slowly.",
            reel.Recipe,
            reel.make,
            reel.remarks,
            contents=reel.contents,
            needs_picture=True,
            shows=_CAPTIONS | {Written.QUESTION},
            also_for=(Purpose.PICTURE_NOTES, *_SHOWN_ELSEWHERE),
        ),
        Kind(
            "supervision_pack",
            "Supervision pack",
            "The family's moments and your own in the review, your question and the rating form, for your supervisor.",
            supervision_pack.Recipe,
            supervision_pack.make,
            supervision_pack.remarks,
            contents=supervision_pack.contents,
            shows=_EVERYTHING,
            purpose=Purpose.SUPERVISION,
        ),
        Kind(
            "intervision_pack",
            "Intervision pack",
            "Moments and a question for peers, without codes, dates or captions.",
            intervision_pack.Recipe,
            intervision_pack.make,
            intervision_pack.remarks,
            contents=intervision_pack.contents,
            shows=_CAPTIONS | {Written.PRINCIPLE, Written.DRAWINGS},
            purpose=Purpose.INTERVISION,
            also_for=(Purpose.TRAINING,),
        ),
        Kind(
            "rating_scale",
            "Rating scale",
            "The form to rate a practitioner's recording of a shared review on paper; a family is never rated.",
            rating_scale.Recipe,
            rating_scale.make,
            rating_scale.remarks,
            layout=rating_scale.layout,
            pictures_of="nothing",
            of=FilmOf.REVIEW_RECORDING,
            shows=frozenset({Written.CYCLE}),
            purpose=Purpose.SUPERVISION,
            shows_people=False,
        ),
    )
}


def usual_kinds(of: FilmOf, *, picture: bool = True) -> tuple[str, ...]:
    """The kinds that are made without being asked for: a family takes notes home, of a review recording nobody does."""
    usual = ("review_pack",) if of == FilmOf.REVIEW_RECORDING else ("review_pack", "picture_notes")
    return tuple(name for name in usual if picture or not KINDS[name].needs_picture)


def find_kind(name: str) -> Kind:
    """The kind of that name. Raises: OutputUnknown, whose sentence names those there are."""
    if (kind := KINDS.get(name)) is None:
        sentence = f"“{name}” cannot be made. Choose {' or '.join(KINDS)}."
        raise OutputUnknown(sentence, for_guider=sentence)
    return kind


def parse_recipe(kind: Kind, chosen: Mapping[str, Any]) -> Any:
    """The recipe of a kind, what was not chosen filled in. Raises: RecipeInvalid, whose sentence says what is wrong."""
    try:
        return kind.recipe.model_validate(dict(chosen))
    except ValidationError as error:
        sentence = f"{kind.title}: {plain_sentence(error)}"
        raise RecipeInvalid(sentence, for_guider=sentence) from None


def renumber(
    kind: Kind, chosen: Mapping[str, Any], stills: Mapping[int, int], clips: Mapping[int, int]
) -> dict[str, Any]:
    """The same choices once moments stand in another order: what a recipe says of a still or clip by its number it says
    by its new one. ``stills`` and ``clips`` tell the new number by the old.
    """
    numbers, said = {"still": stills, "clip": clips}, dict(chosen)
    for name, choice in kind.recipe.model_fields.items():
        of = choice.json_schema_extra.get("numbers") if isinstance(choice.json_schema_extra, dict) else None
        if isinstance(of, str) and name in said:
            said[name] = numbers[of].get(said[name], said[name])
    if "stills" in said:
        said["stills"] = [{**one, "still": stills.get(one["still"], one["still"])} for one in said["stills"]]
    return said


def read_recipes(path: Path) -> dict[str, dict[str, Any]]:
    """What a TOML file chooses for each kind: a table a kind, named as the kind is.

    Raises: RecipeInvalid, OutputUnknown.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        sentence = f"There is no list of recipes named {path.name} here."
    except (OSError, UnicodeDecodeError):
        sentence = f"The list of recipes {path.name} cannot be read."
    except tomllib.TOMLDecodeError as error:
        sentence = f"The list of recipes {path.name} is not written as TOML: {error}."
    else:
        for name, table in tables.items():
            if not isinstance(table, dict):
                sentence = f"“{name}” in {path.name} is no table; write [{name}] above what you choose for it."
                raise RecipeInvalid(sentence, for_guider=sentence)
            parse_recipe(find_kind(name), table)
        return tables
    raise RecipeInvalid(sentence, for_guider=sentence)
