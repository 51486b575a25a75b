"""How printed cards look; read from configs/themes.toml."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

from pipeline.print.named import OneOf

Colour = Annotated[str, StringConstraints(pattern=r"^#[0-9a-f]{6}$")]


class Theme(BaseModel):
    """The colours, lines and frame of a card; explained at the top of configs/themes.toml."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    frame: Literal["mat", "line", "corners"]
    ink: Colour
    mat: Colour
    edge: Colour
    accent: Colour
    mat_mm: float
    radius_mm: float


@cache
def themes() -> dict[str, Theme]:
    """Every theme by its name, the usual one first."""
    tables = tomllib.loads(files("configs").joinpath("themes.toml").read_text(encoding="utf-8"))
    return {name: Theme.model_validate(table) for name, table in tables.items()}


ThemeName = Annotated[str, OneOf(lambda: {name: theme.title for name, theme in themes().items()})]
