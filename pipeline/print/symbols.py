"""Small signs beside captions; read from configs/symbols.toml."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from pipeline.print.named import OneOf


class Symbol(BaseModel):
    """What a sign says, and its code point in the font for signs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    code: Annotated[int, Field(ge=0x20, le=0x1FAFF)]


@cache
def symbols() -> dict[str, Symbol]:
    """Every sign by its name."""
    tables = tomllib.loads(files("configs").joinpath("symbols.toml").read_text(encoding="utf-8"))
    return {name: Symbol.model_validate(table) for name, table in tables.items()}


SymbolName = Annotated[str, OneOf(lambda: {"": "None", **{name: symbol.title for name, symbol in symbols().items()}})]


def sign_of(name: str) -> str:
    """The character of that name; nothing for no name."""
    return chr(symbols()[name].code) if name else ""
