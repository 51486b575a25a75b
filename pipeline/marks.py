"""Where on a moment's pictures somebody is to be hidden: what a guider marked, and what is covered because of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

MOST_MARKS = 2_000
_NEARBY_MS = 400
"""Doubts as near as that are one stretch."""
_Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class Covers(StrEnum):
    """What of a picture is covered: what lies in a box, all of it, or nothing since nobody is to be hidden on it."""

    BOX = "box"
    WHOLE = "whole"
    NOBODY = "nobody"


class Box(BaseModel):
    """A box on an upright picture, in shares of the picture's width and height."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    x: _Share
    y: _Share
    width: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
    height: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]

    def grown(self, share: float, least: float) -> Box:
        """With so much more on each side, of its own sides, and of the picture at least; cut off at its edges."""
        across, down = max(share * self.width, least), max(share * self.height, least)
        return Box.from_edges(self.x - across, self.y - down, self.x + self.width + across, self.y + self.height + down)

    def together(self, other: Box) -> Box:
        """The smallest box around both."""
        return Box.from_edges(
            min(self.x, other.x),
            min(self.y, other.y),
            max(self.x + self.width, other.x + other.width),
            max(self.y + self.height, other.y + other.height),
        )

    def between(self, other: Box, share: float) -> Box:
        """The box that is ``share`` of the way to another one."""
        mine, theirs = ((box.x, box.y, box.x + box.width, box.y + box.height) for box in (self, other))
        return Box.from_edges(*(a + (b - a) * share for a, b in zip(mine, theirs, strict=True)))

    @classmethod
    def from_edges(cls, left: float, top: float, right: float, bottom: float) -> Box:
        """What of a box lies on the picture; the edge of the picture next to it where nothing does."""
        left, top = (min(max(edge, 0.0), 0.999) for edge in (left, top))
        right, bottom = (min(max(edge, least + 0.001), 1.0) for edge, least in ((right, left), (bottom, top)))
        return cls(x=left, y=top, width=right - left, height=bottom - top)


class Mark(BaseModel):
    """What a guider said of one picture: the one on screen at ``at_ms`` of the moment's own clock."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True)

    at_ms: Annotated[int, Field(alias="at", strict=True, ge=0, le=24 * 3600 * 1000)]
    covers: Covers
    box: Box | None = None

    @model_validator(mode="after")
    def _has_a_box_where_it_needs_one(self) -> Self:
        if (self.box is None) == (self.covers is Covers.BOX):
            raise ValueError("A mark has a box where it covers a box, and else none")
        return self


@dataclass(frozen=True)
class Picture:
    """One picture of a moment and what is covered on it."""

    at_ms: int
    """On the moment's own clock, rounded down."""
    covers: Covers
    box: Box | None = None
    drawn: bool = False
    """A guider said so herself."""
    doubt: str = ""
    """Why more is covered than a person needs, or the whole picture; a sentence for the guider."""


@dataclass(frozen=True)
class Wanted:
    """Where one more box would help: a stretch of pictures in doubt, in ms of the moment's own clock.

    at_ms: of the picture on which to draw it; why: a sentence for the guider.
    """

    from_ms: int
    to_ms: int
    at_ms: int
    why: str


def wanted_boxes(pictures: Sequence[Picture]) -> list[Wanted]:
    """The stretches in which what is covered is in doubt, one box for each."""
    found: list[list[Picture]] = []
    last_ms = -_NEARBY_MS
    for picture in pictures:
        if not picture.doubt:
            continue
        if found and picture.at_ms - last_ms < _NEARBY_MS:
            found[-1].append(picture)
        else:
            found.append([picture])
        last_ms = picture.at_ms
    return [_wanted(stretch, pictures) for stretch in found]


def _wanted(stretch: Sequence[Picture], pictures: Sequence[Picture]) -> Wanted:
    middle = stretch[len(stretch) // 2]
    at = stretch[0] if stretch[0] is pictures[0] else stretch[-1] if stretch[-1] is pictures[-1] else middle
    return Wanted(stretch[0].at_ms, stretch[-1].at_ms, at.at_ms, middle.doubt)


def picture_ms(number: int, fps: Fraction) -> int:
    """When a picture, counted from 0, begins on the moment's own clock: rounded down."""
    return math.floor(1000 * number / fps)


def picture_at(at_ms: int, fps: Fraction, count: int) -> int:
    """The number of the picture on screen at a time on the moment's own clock; the last one after the end."""
    return min(max(0, math.ceil((at_ms + 1) * fps / 1000) - 1), count - 1)


def by_picture(marks: Sequence[Mark], fps: Fraction, count: int) -> dict[int, Mark]:
    """The marks by the number of their picture. Of two on one picture the one that covers more counts."""
    placed: dict[int, Mark] = {}
    for mark in marks:
        number = picture_at(mark.at_ms, fps, count)
        placed[number] = _more(placed[number], mark) if number in placed else mark
    return placed


def _more(one: Mark, other: Mark) -> Mark:
    if one.box is not None and other.box is not None:
        return Mark(at_ms=one.at_ms, covers=Covers.BOX, box=one.box.together(other.box))
    order = [Covers.NOBODY, Covers.BOX, Covers.WHOLE]
    return max(one, other, key=lambda mark: order.index(mark.covers))
