"""The principles of attuned interactions, as headings for the tags on moments; read from configs/principles.toml."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

from pydantic import BaseModel, ConfigDict


class Principle(BaseModel):
    """A tag's heading and one plain line about it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    heading: str
    plain: str = ""


@cache
def principles() -> dict[str, Principle]:
    """Every principle of the list by its tag, in the list's order."""
    tables = tomllib.loads(files("configs").joinpath("principles.toml").read_text(encoding="utf-8"))
    return {tag: Principle.model_validate(table) for tag, table in tables.items()}


def principle(tag: str) -> Principle:
    """The principle with that tag; one that is not on the list is named by its tag's own words."""
    return principles().get(tag) or Principle(heading=tag.replace("-", " ").strip().capitalize())
