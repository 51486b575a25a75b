"""What a guider sends to begin: her moments in the shape of moments.toml, and what the page knows of the film."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from pipeline.errors import MomentOutsideFilm, NoStillOfSound, SelectionInvalid
from pipeline.limits import LIMITS
from pipeline.moments import MOST_MOMENTS, Clip, Selection, Still, check_clip_lengths, check_drawings
from pipeline.outputs.kinds import find_kind, parse_recipe, usual_kinds
from pipeline.presets import preset as find_preset
from pipeline.times import Ms, clock
from records.actions.trim import ROUNDING_MS
from records.documents import FamilyPerson, GivenDay, StatedCut, StatedFilm, Statements


def _read_day(written: object) -> date:
    if isinstance(written, date):
        return written
    try:
        return date.fromisoformat(str(written))
    except ValueError:
        raise ValueError("must be a day, written like 2026-12-01") from None


Day = Annotated[GivenDay, BeforeValidator(_read_day)]
KindName = Annotated[str, Field(pattern="^[a-z_]{1,32}$")]
"""Of a kind of output."""


class FilmFacts(BaseModel):
    """What the page found out about the film; never its name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bytes: Annotated[int, Field(strict=True, gt=0, lt=1 << 50)]
    duration_ms: Annotated[Ms, Field(gt=0)]
    width_px: Annotated[int | None, Field(gt=0, lt=1 << 16)] = None
    height_px: Annotated[int | None, Field(gt=0, lt=1 << 16)] = None
    fps: Annotated[float | None, Field(gt=0, le=1000, allow_inf_nan=False)] = None
    picture: bool = True
    """False: a recording that has sound only."""


class _Cut(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    duration_ms: Annotated[
        Ms | None,
        Field(gt=0, description="How long the cut itself is. The worker refuses one that turns out to be another."),
    ] = None

    def stated(self) -> StatedCut | None:
        """What was said of the cut, to be held against what arrives; None where nothing was."""
        said = StatedCut.model_validate(self.model_dump())
        return None if said.duration_ms is said.pictures is None else said


class ClipCut(_Cut):
    """The clip on the clock of its own upload, and what the page found in it."""

    in_ms: Annotated[Ms, Field(alias="in")]
    out_ms: Annotated[Ms, Field(alias="out")]
    pictures: Annotated[
        int | None,
        Field(strict=True, gt=0, description="How many pictures begin in the clip: in ≤ time < out. Held against too."),
    ] = None


class StillCut(_Cut):
    """The still on the clock of its own upload, and what the page found in it."""

    at_ms: Annotated[Ms, Field(alias="at")]


Seen = Annotated[
    tuple[FamilyPerson, ...] | None,
    Field(max_length=20, description="Those of the family who can be seen or heard in it; null: everybody of it."),
]


class NewClip(Clip):
    """A clip, and where it lies in its own upload; without `cut` its upload is the whole film."""

    cut: ClipCut | None = None
    people: Seen = None

    def on_own_clock(self) -> Clip | None:
        """The clip as its own upload holds it; None where that is the whole film."""
        return Clip(in_ms=self.cut.in_ms, out_ms=self.cut.out_ms) if self.cut else None

    @model_validator(mode="after")
    def _cut_is_as_long(self) -> Self:
        if self.cut is not None and abs(self.cut.out_ms - self.cut.in_ms - self.length_ms) > ROUNDING_MS:
            raise ValueError("is not as long as its cut; cut it again")
        return self


class NewStill(Still):
    """A still, and where it lies in its own upload; without `cut` its upload is the whole film."""

    cut: StillCut | None = None
    people: Seen = None

    def on_own_clock(self) -> Still | None:
        """The still as its own upload holds it; None where that is the whole film."""
        return Still(at_ms=self.cut.at_ms, exact=self.exact) if self.cut else None


_EXAMPLE: JsonDict = {
    "family": "K-104",
    "cycle": 2,
    "helping_question": "How can we enjoy playing together?",
    "working_points": ["Wait a little longer"],
    "clip": [
        {
            "in": "00:01:10.200",
            "out": "00:01:24.000",
            "caption": "Ella looks up. Mum waits.",
            "principle": "receiving-initiatives",
            "cut": {"in": 1200, "out": 15000},
        }
    ],
    "still": [{"at": 72480, "caption": "Ella shows Mum the card.", "exact": True, "cut": {"at": 480}}],
    "film": {"bytes": 1930000000, "duration_ms": 900000, "width_px": 1920, "height_px": 1080, "fps": 29.97},
    "preset": "review",
    "outputs": ["review_pack", "picture_notes"],
    "whole_film": False,
    "guider": "Q2v7tYB0mS1xq4Kd",
    "review_on": "2026-12-01",
    "agreed": [
        {
            "person": {"role": "mother", "initials": "M"},
            "purposes": ["shared_review", "picture_notes"],
            "said_on": "2026-11-02",
        },
        {
            "person": {"role": "child", "initials": "E"},
            "purposes": ["shared_review", "picture_notes"],
            "given_by": "mother M",
            "said_on": "2026-11-02",
        },
    ],
}


class NewSelection(Selection):
    """A selection to be made: the moments, the film's facts, and what shall come of them."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    clips: Annotated[tuple[NewClip, ...], Field(alias="clip", max_length=MOST_MOMENTS)] = ()
    stills: Annotated[tuple[NewStill, ...], Field(alias="still", max_length=MOST_MOMENTS)] = ()
    film: FilmFacts
    preset: Annotated[str, Field(max_length=32)] = "review"
    outputs: Annotated[tuple[KindName, ...] | None, Field(max_length=20)] = None
    """None: what is usual for such a film."""
    recipes: Annotated[dict[KindName, dict[str, Any]], Field(max_length=20, default_factory=dict)]
    """What is chosen for a kind, by its name: see `/api/v1/kinds`. Kinds that are not in `outputs` are made as well."""
    whole_film: bool = False
    """True: one upload holds the whole film; false: each moment has its own."""
    guider: Annotated[
        str | None,
        Field(
            pattern=LIMITS.browser_code,
            description="Something random that the page makes once in each browser, so that the workers' time is "
            "shared out fairly. It says nothing of who she is, is shown nowhere, and accounts will take its place.",
        ),
    ] = None
    review_on: Annotated[
        Day | None, Field(description="The day of the shared review. What is needed soon is prepared first.")
    ] = None

    agreed: Annotated[
        Statements,
        Field(
            description="What people of the family agreed to, where that is not recorded yet. What somebody said no to "
            "stays a no; a no itself is said at the family."
        ),
    ] = ()

    def check(self) -> None:
        """Nothing, if this can be made.

        Raises: MomentOutsideFilm, SelectionInvalid, PresetUnknown, OutputUnknown, RecipeInvalid.
        """
        find_preset(self.preset)
        for kind in (*self.kinds(), *self.recipes):
            parse_recipe(find_kind(kind), self.recipes.get(kind, {}))
        check_moments(self.clips, self.stills, self.film)
        if self.whole_film and any(self.cuts()):
            sentence = "The moments are cut from the whole film, so none of them can have a cut of its own."
            raise SelectionInvalid(sentence, for_guider=sentence)

    def kinds(self) -> tuple[str, ...]:
        """What is made as soon as every moment is ready."""
        return usual_kinds(self.of, picture=self.film.picture) if self.outputs is None else self.outputs

    def selection(self) -> Selection:
        """The guider's part, as moments.toml would hold it."""
        return Selection(
            family=self.family,
            cycle=self.cycle,
            of=self.of,
            helping_question=self.helping_question,
            working_points=self.working_points,
            clips=tuple(Clip.model_validate(clip.model_dump(exclude={"cut", "people"})) for clip in self.clips),
            stills=tuple(Still.model_validate(still.model_dump(exclude={"cut", "people"})) for still in self.stills),
        )

    def cuts(self) -> list[Clip | Still | None]:
        """Each moment on the clock of its own upload, clips first; None where that is the film's clock."""
        return [*(clip.on_own_clock() for clip in self.clips), *(still.on_own_clock() for still in self.stills)]

    def seen(self) -> dict[int, tuple[FamilyPerson, ...]]:
        """Who can be seen or heard in a moment, by its place, clips first; those that say nothing are left out."""
        return seen_in((*self.clips, *self.stills))

    def stated_film(self) -> StatedFilm:
        """What the page said of the film, and of each cut by the place of its moment, clips first."""
        return state_film(self.film, (*self.clips, *self.stills))


def check_moments(clips: Sequence[Clip], stills: Sequence[Still], film: FilmFacts) -> None:
    """Nothing, if these can be made of the film. Raises: MomentOutsideFilm, NoStillOfSound, SelectionInvalid."""
    if stills and not film.picture:
        raise NoStillOfSound
    check_clip_lengths(clips)
    check_drawings(clips)
    end_ms = film.duration_ms
    for number, clip in enumerate(clips, 1):
        if clip.out_ms > end_ms:
            _refuse_outside(f"Clip {number} ends ({clock(clip.out_ms)})", end_ms)
    for number, still in enumerate(stills, 1):
        if still.at_ms > end_ms:
            _refuse_outside(f"Still {number} lies at {clock(still.at_ms)},", end_ms)


def seen_in(moments: Sequence[NewClip | NewStill]) -> dict[int, tuple[FamilyPerson, ...]]:
    """Who can be seen or heard in each, by its place; those that say nothing are left out."""
    return {place: moment.people for place, moment in enumerate(moments) if moment.people is not None}


def state_film(film: FilmFacts, moments: Sequence[NewClip | NewStill]) -> StatedFilm:
    """What the page said of the film, and of each cut by the place of its moment."""
    said = {place: moment.cut.stated() for place, moment in enumerate(moments) if moment.cut}
    return StatedFilm(**film.model_dump(), cuts={place: stated for place, stated in said.items() if stated})


def _refuse_outside(what: str, end_ms: int) -> None:
    sentence = f"{what} after the film does ({clock(end_ms)})."
    raise MomentOutsideFilm(sentence, for_guider=sentence)
