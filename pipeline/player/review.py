"""What the player shows: the helping question, the moments with their words, and what was written at the end."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from pipeline.principles import principle


class ShownPrinciple(BaseModel):
    """A tag in words."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    heading: str
    plain: str


class ShownMoment(BaseModel):
    """A moment without its place in the film; ``fps`` and ``duration_ms`` are null for a still."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["clip", "still"]
    file: str
    """Its address, seen from the page."""
    width: int
    height: int
    fps: float | None
    duration_ms: int | None
    caption: str
    principle: ShownPrinciple | None


class Review(BaseModel):
    """A review without the family's code: a carer's page needs none."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    review: str
    """Tells it from every other; the words written in it carry the same."""
    question: str
    working_points: tuple[str, ...]
    moments: tuple[ShownMoment, ...]


def shown_principle(tag: str | None) -> ShownPrinciple | None:
    """The principle's heading and plain line; None without a tag."""
    if not tag:
        return None
    found = principle(tag)
    return ShownPrinciple(heading=found.heading, plain=found.plain)
