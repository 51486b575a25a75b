"""The languages of captions: their script, direction and the few phrases we print; read from configs/languages.toml."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Annotated

from pydantic import BaseModel, ConfigDict

from pipeline.print.named import OneOf


class Language(BaseModel):
    """A language; each field is explained at the top of configs/languages.toml."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str
    name: str
    rtl: bool = False
    font: str | None = None
    reads_aloud: bool = True
    quotes: tuple[str, str]
    draw: str
    picture: str
    made: str

    @property
    def label(self) -> str:
        """What stands in a list to choose from: its name, and whether it is for paper only."""
        return self.name if self.reads_aloud else f"{self.name}, on paper only"

    @property
    def tongue(self) -> str:
        """The language alone: ``zh`` of ``zh-TW``."""
        return self.code.partition("-")[0]

    @property
    def region(self) -> str | None:
        """The region, where letters or spelling depend on it."""
        return self.code.partition("-")[2] or {"en": "GB"}.get(self.code)


@cache
def languages() -> dict[str, Language]:
    """Every language by its code, English first."""
    tables = tomllib.loads(files("configs").joinpath("languages.toml").read_text(encoding="utf-8"))
    return {code: Language(code=code, **table) for code, table in tables.items()}


LanguageCode = Annotated[str, OneOf(lambda: {code: language.label for code, language in languages().items()})]
