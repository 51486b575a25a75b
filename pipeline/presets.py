"""Presets: how a clip is encoded, read from configs/presets.toml."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from pipeline.errors import PresetUnknown


class Preset(BaseModel):
    """One way to encode clips; each field is explained at the top of configs/presets.toml."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    about: str
    max_lines: Annotated[int, Field(ge=0, le=4320)]
    max_fps: Annotated[int, Field(ge=1, le=60)]
    crf: Annotated[int, Field(ge=0, le=51)]
    max_kbit_s: Annotated[int, Field(ge=0)]
    speed: str
    audio_kbit_s: Annotated[int, Field(ge=32, le=512)]


@cache
def presets() -> dict[str, Preset]:
    """Every shipped preset by its name."""
    tables = tomllib.loads(files("configs").joinpath("presets.toml").read_text(encoding="utf-8"))
    return {name: Preset(name=name, **table) for name, table in tables.items()}


def preset(name: str = "review") -> Preset:
    """The preset of that name.

    Raises: PresetUnknown.
    """
    try:
        return presets()[name]
    except KeyError:
        raise PresetUnknown(f"no preset named {name!r}") from None
