"""Packs that show two films of one cycle: the family's, and the recording of the review of it."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from pipeline.limits import ID_PATTERN, or_empty


class WithCompanion(BaseModel):
    """A recipe that may name the selection of the other film."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    companion: Annotated[str, StringConstraints(pattern=or_empty(ID_PATTERN))] = Field(
        default="",
        title="Moments of the other film",
        description="Of the same family and cycle: the review recording, or the family's film.",
    )
