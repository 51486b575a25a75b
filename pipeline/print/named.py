"""A field of a recipe that takes one name out of a list in configs/, and tells the page the list."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema


@dataclass(frozen=True)
class OneOf:
    """Annotates a ``str``: only the names that ``titles`` knows; the page shows what they map to."""

    titles: Callable[[], dict[str, str]]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        titles = self.titles()
        return {**handler(schema), "enum": list(titles), "enum_titles": titles}

    def _check(self, name: str) -> str:
        if name not in (titles := self.titles()):
            raise ValueError(f"must be one of {', '.join(titles)}")
        return name
