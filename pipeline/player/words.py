"""What was written on the closing cards of a review, as the player sends it or saves it into a file."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from pipeline.moments import Words

SCHEMA_VERSION: Final = 1
MOST_LINES = 20

Lines = Annotated[tuple[Words, ...], Field(max_length=MOST_LINES)]
"""One idea each; at most MOST_LINES."""
ReviewId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]


class ReviewWords(BaseModel):
    """The closing cards: what already works, what to build on, what to try until next time."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["vigpack-words"]
    schema_version: Literal[1] = SCHEMA_VERSION
    review: ReviewId
    written_at: AwareDatetime
    """By the clock of the computer it was written on."""
    strengths: Lines = ()
    working_points: Lines = ()
    plan: Lines = ()
