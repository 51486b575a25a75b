"""The moments a guider chose: clips, stills and the words that go with them.

Times are integer milliseconds on the film's own clock (0 = the first picture shown). A clip is half-open: it holds the
frames with ``in_ms <= frame_ms < out_ms``. A still at ``at_ms`` shows the last frame with ``frame_ms <= at_ms``.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from pipeline.drawings import Drawing, Drawings, within_clip
from pipeline.errors import SelectionInvalid
from pipeline.limits import LIMITS
from pipeline.times import Ms, clock

_LINE_BREAK = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")  # Word writes \v where a line was broken by hand
MOST_MOMENTS = 200
MOST_WORKING_POINTS = 20


def tidy_words(value: object) -> object:
    """Words without control characters, which no PDF may hold; every kind of line break becomes a newline."""
    if not isinstance(value, str):
        return value
    lines = _LINE_BREAK.sub("\n", value)
    return "".join(char for char in lines if char in "\n\t" or unicodedata.category(char) != "Cc")


Words = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=LIMITS.longest_words), BeforeValidator(tidy_words)
]
FamilyCode = Annotated[str, StringConstraints(pattern=LIMITS.code)]
PrincipleTag = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,63}$")]


class _Moment(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True)

    caption: Words = ""
    principle: PrincipleTag | None = None
    drawings: Annotated[Drawings, Field(repr=False)] = ()
    covered: bool = False
    """Somebody was covered on the laptop before it was sent: what was sent shows them nowhere."""


class Silence(BaseModel):
    """A stretch on the film's clock in which nothing is to be heard, a name that is spoken say."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True)

    from_ms: Annotated[Ms, Field(alias="from")]
    to_ms: Annotated[Ms, Field(alias="to")]

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.from_ms >= self.to_ms:
            raise ValueError(f"ends ({clock(self.to_ms)}) before it begins ({clock(self.from_ms)})")
        return self


Silences = Annotated[tuple[Silence, ...], Field(max_length=LIMITS.most_silences)]


class Clip(_Moment):
    """A moment as video: the frames with ``in_ms <= frame_ms < out_ms``.

    What is to be silent may reach beyond its ends, so that it stays silent where other ends are chosen.
    """

    in_ms: Annotated[Ms, Field(alias="in")]
    out_ms: Annotated[Ms, Field(alias="out")]
    silences: Annotated[Silences, Field(alias="silence")] = ()

    @property
    def length_ms(self) -> int:
        return self.out_ms - self.in_ms

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.in_ms >= self.out_ms:
            raise ValueError(f"ends ({clock(self.out_ms)}) before it begins ({clock(self.in_ms)})")
        return self

    @model_validator(mode="after")
    def _drawings_have_times(self) -> Self:
        if any(one.in_ms is None for one in self.drawings):
            raise ValueError("has a drawing without a start and an end")
        return self

    def drawn(self) -> tuple[Drawing, ...]:
        """What is drawn on the finished clip, with times from its start; what lies outside of it is left out."""
        return within_clip(self.drawings, self.in_ms, self.out_ms)


class Still(_Moment):
    """One frame: the one on screen at ``at_ms``, or the sharpest near it where ``exact`` is false."""

    at_ms: Annotated[Ms, Field(alias="at")]
    exact: bool = True

    @model_validator(mode="after")
    def _drawings_have_no_times(self) -> Self:
        if any(one.in_ms is not None for one in self.drawings):
            raise ValueError("has a drawing with a start and an end, which only a clip's has")
        return self

    def drawn(self) -> tuple[Drawing, ...]:
        """What is drawn on the finished still."""
        return self.drawings


class FilmOf(StrEnum):
    """What was filmed: a family, or the guider's own shared review with them."""

    FAMILY_FILM = "family_film"
    REVIEW_RECORDING = "review_recording"


class Selection(BaseModel):
    """What a guider chose from one film, in the order of the review; the shape of moments.toml."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True)

    family: FamilyCode
    cycle: Annotated[int, Field(ge=1, le=99)] = 1
    of: FilmOf = FilmOf.FAMILY_FILM
    helping_question: Words = ""
    working_points: Annotated[tuple[Words, ...], Field(max_length=MOST_WORKING_POINTS)] = ()
    clips: Annotated[tuple[Clip, ...], Field(alias="clip", max_length=MOST_MOMENTS)] = ()
    stills: Annotated[tuple[Still, ...], Field(alias="still", max_length=MOST_MOMENTS)] = ()

    @model_validator(mode="after")
    def _holds_a_moment(self) -> Self:
        if not self.clips and not self.stills:
            raise ValueError("no moment is chosen; mark at least one clip or still")
        return self


def check_clip_lengths(clips: Sequence[Clip]) -> None:
    """Nothing, if none is longer than is prepared. Apart from their shape: what was sent before is still read.

    Raises: SelectionInvalid, whose sentence names the clip.
    """
    for number, clip in enumerate(clips, 1):
        if clip.length_ms > LIMITS.longest_clip_ms:
            most = LIMITS.longest_clip_ms // 60_000
            sentence = f"Clip {number} is {clock(clip.length_ms)} long; at most {most} minutes can be prepared as one."
            raise SelectionInvalid(sentence, for_guider=sentence)


def check_drawings(clips: Sequence[Clip]) -> None:
    """Nothing, if all that is drawn on each is so at a time that is in it. Apart from their shape: ends may be moved.

    Raises: SelectionInvalid, whose sentence names the clip.
    """
    for number, clip in enumerate(clips, 1):
        if len(clip.drawn()) < len(clip.drawings):
            which = f"clip {number}" if len(clips) > 1 else "this clip"
            sentence = f"Something is drawn on {which} at a time that is not in it."
            raise SelectionInvalid(sentence, for_guider=sentence)


def _check_nobody_is_to_be_covered(shape: Mapping[str, Any]) -> None:
    """Nothing, if no moment says that somebody is to be covered in it: here nobody looks at each picture of it.

    Raises: SelectionInvalid, whose sentence names the moment.
    """
    for kind in ("clip", "still"):
        moments = shape.get(kind)
        for number, moment in enumerate(moments if isinstance(moments, list) else (), 1):
            if isinstance(moment, dict) and moment.get("cover"):
                sentence = (
                    f"{_NAMES[kind]} {number} says that somebody is to be covered in it. Cover them on the desk, "
                    "where each picture can be looked at, or leave the moment out."
                )
                raise SelectionInvalid(sentence, for_guider=sentence)


def parse_selection(shape: dict[str, Any]) -> Selection:
    """The selection written in ``shape`` (TOML or JSON, already read).

    Raises: SelectionInvalid, whose sentence names the moment and what is wrong with it.
    """
    _check_nobody_is_to_be_covered(shape)
    try:
        selection = Selection.model_validate(shape)
    except ValidationError as error:
        sentence = plain_sentence(error)
        raise SelectionInvalid(sentence, for_guider=sentence) from None
    check_clip_lengths(selection.clips)
    check_drawings(selection.clips)
    return selection


def read_selection(path: Path) -> Selection:
    """The selection in a moments.toml file.

    Raises: SelectionInvalid.
    """
    return parse_selection(read_shape(path))


def read_shape(path: Path) -> dict[str, Any]:
    """What is written in a moments.toml file. Raises: SelectionInvalid."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))  # Windows' editor writes a mark
    except FileNotFoundError:
        sentence = f"There is no list of moments named {path.name} here."
    except (OSError, UnicodeDecodeError):
        sentence = f"The list of moments {path.name} cannot be read."
    except tomllib.TOMLDecodeError as error:
        sentence = f"The list of moments {path.name} is not written as TOML: {error}."
    raise SelectionInvalid(sentence, for_guider=sentence)


_NAMES = {
    "clip": "Clip",
    "still": "Still",
    "working_points": "Working point",
    "outputs": "Output",
    "silence": "Silence",
    "strengths": "Strength",
    "plan": "Line",
    "drawings": "Drawing",
}
_LONGEST_SAID = 40


def plain_sentence(error: ValidationError) -> str:
    """The first thing wrong, as one sentence: what it is in, and why."""
    return say_first(error.errors(include_url=False, include_context=False))


def say_first(errors: Sequence[Mapping[str, Any]]) -> str:
    """The first of pydantic's errors as one sentence; for callers that hold their list and not the exception."""
    first = errors[0]
    where: list[str] = []
    for part in first["loc"]:
        if isinstance(part, int):
            where[-1:] = [f"{_NAMES.get(where[-1].strip('“”'), where[-1])} {part + 1}" if where else str(part + 1)]
        else:
            where.append(f"“{part[:_LONGEST_SAID]}”")
    why = {
        "missing": "is missing",
        "extra_forbidden": "is not a word this program knows",
        "string_pattern_mismatch": "must be a code of letters, digits and dashes, without spaces",
        "string_too_long": "is too long",
        "too_long": "holds more than can be prepared at once",
        "greater_than": "is too small",
        "greater_than_equal": "is too small",
        "less_than": "is too large",
        "less_than_equal": "is too large",
        "finite_number": "is no number",
    }.get(first["type"])
    if why is None and first["type"].startswith(("int", "bool", "string", "tuple", "list", "model", "dict")):
        why = "is not written as it should be"
    if why is None:
        why = first["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
    subject = ", ".join(where)
    sentence = f"{subject} {why}" if subject else why
    return sentence[0].upper() + sentence[1:].rstrip(".") + "."
