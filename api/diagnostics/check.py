"""What was found of one part of the service."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, computed_field
from pydantic.config import JsonDict

_FORMER_NAME: JsonDict = {"deprecated": True}


class Check(BaseModel):
    """One part: how it is, what was found, and how to put it right where it is not well."""

    model_config = ConfigDict(frozen=True)

    part: str
    state: Literal["ok", "warn", "bad"]
    found: str
    remedy: str = ""

    @computed_field(description="The same as `remedy`, for one release.", json_schema_extra=_FORMER_NAME)  # type: ignore[prop-decorator]
    @property
    def mend(self) -> str:
        """The remedy under its former name."""
        return self.remedy
