"""What was written on the closing cards of a review, as the player sends it or saves it into a file."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from pipeline.limits import ID_PATTERN, LIMITS
from pipeline.moments import Words

SCHEMA_VERSION: Final = 1

Lines = Annotated[tuple[Words, ...], Field(max_length=LIMITS.most_note_lines)]
"""One idea each."""
ReviewId = Annotated[str, StringConstraints(pattern=ID_PATTERN)]


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


def is_written(words: ReviewWords | None) -> bool:
    """Whether anything is written on any card."""
    return words is not None and bool(words.strengths or words.working_points or words.plan)
