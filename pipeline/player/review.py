"""What the player shows: the helping question, the moments with their words, and what was written at the end."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pydantic import BaseModel, ConfigDict

from pipeline.closing_notes import ReviewWords, is_written
from pipeline.drawings import COLOURS, Drawing, line_px
from pipeline.principles import principle


class ShownPrinciple(BaseModel):
    """A tag in words."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    heading: str
    plain: str


class ShownDrawing(BaseModel):
    """One shape on a moment's picture, in that picture's own pixels; times from the clip's start, None on a still."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["arrow", "circle", "spotlight"]
    name: str
    outline: str
    """An SVG path."""
    line: float
    """How wide its line is."""
    colour: str
    in_ms: int | None
    out_ms: int | None


class ShownMoment(BaseModel):
    """A moment without its place in the film.

    ``fps`` and ``duration_ms`` are null for a still, ``width``, ``height`` and ``fps`` for a sound.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["clip", "still", "sound"]
    file: str
    """Its address, seen from the page."""
    width: int | None
    height: int | None
    fps: float | None
    duration_ms: int | None
    caption: str
    principle: ShownPrinciple | None
    peaks: tuple[int, ...] | None = None
    """Of a sound: how loud each of its equal parts is at most, 0 to 100."""
    drawings: tuple[ShownDrawing, ...] = ()
    """Shown only when somebody asks for them."""


class ShownPart(BaseModel):
    """Where a group of moments begins, by its first one's place from 0, and how it is called."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    first: int


class ShownLink(BaseModel):
    """A file beside the page."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str
    title: str


class ShownEnding(BaseModel):
    """A closing card that is only read; packs for colleagues have it instead of the cards to write on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    points: tuple[str, ...] = ()
    links: tuple[ShownLink, ...] = ()


class ShownWords(BaseModel):
    """What the closing cards begin with, one idea a line."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    strengths: tuple[str, ...] = ()
    working_points: tuple[str, ...] = ()
    plan: tuple[str, ...] = ()


class Review(BaseModel):
    """A review without the family's code: a carer's page needs none."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    review: str
    """Tells it from every other; the words written in it carry the same."""
    question: str
    working_points: tuple[str, ...]
    moments: tuple[ShownMoment, ...]
    title: str = "Our question"
    """Above the question."""
    about: str = ""
    """A line below the question, such as the code of a family in a pack for a supervisor."""
    parts: tuple[ShownPart, ...] = ()
    ending: ShownEnding | None = None
    words: ShownWords | None = None
    """What was written in the review, in a pack that was made afterwards; None where nothing was."""


def shown_words(notes: ReviewWords | None) -> ShownWords | None:
    """The closing notes as the cards show them; None where nothing is written."""
    if notes is None or not is_written(notes):
        return None
    return ShownWords(strengths=notes.strengths, working_points=notes.working_points, plan=notes.plan)


def shown_drawings(drawings: Iterable[Drawing], width: int | None, height: int | None) -> tuple[ShownDrawing, ...]:
    """What is drawn on a finished moment of that many pixels, as the player draws it; nothing without a picture."""
    if not width or not height:
        return ()
    return tuple(
        ShownDrawing(
            kind=one.kind,
            name=one.name,
            outline=one.outline(width, height),
            line=round(line_px(width, height), 1),
            colour=COLOURS[one.colour],
            in_ms=one.in_ms,
            out_ms=one.out_ms,
        )
        for one in drawings
    )


def shown_principle(tag: str | None) -> ShownPrinciple | None:
    """The principle's heading and plain line; None without a tag."""
    if not tag:
        return None
    found = principle(tag)
    return ShownPrinciple(heading=found.heading, plain=found.plain)
