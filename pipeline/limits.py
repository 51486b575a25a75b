"""What is written, chosen and sent at most, by configs/limits.toml, which the page reads too."""

from __future__ import annotations

import re
import tomllib
from importlib.resources import files
from typing import Self

from pydantic import BaseModel, ConfigDict, model_validator

ID_PATTERN = "^[0-9a-f]{32}$"
"""Of an identifier that the service gave: a selection, a moment, an upload, a file."""


class SharedLimits(BaseModel):
    """Every limit, as configs/limits.toml has it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    longest_to_whom: int
    longest_words: int
    code: str
    longest_code: int
    browser_code: str
    longest_role: int
    longest_initials: int
    longest_login: int
    longest_name: int
    longest_new_password: int
    longest_password: int
    longest_sign_in_code: int
    longest_token_name: int
    longest_passkey_name: int
    most_note_lines: int
    largest_notes_bytes: int
    largest_photograph_bytes: int
    most_watched_selections: int
    longest_clip_ms: int
    most_drawings: int
    smallest_drawing: float
    still_search_ms: int
    most_silences: int
    silence_margin_ms: int
    silence_fade_ms: int

    @model_validator(mode="after")
    def _code_and_its_length_agree(self) -> Self:
        fits = [length for length in range(self.longest_code + 2) if re.search(self.code, "a" * length)]
        if fits != list(range(1, self.longest_code + 1)):
            raise ValueError("code allows another length than longest_code")
        return self


LIMITS = SharedLimits.model_validate(
    tomllib.loads(files("configs").joinpath("limits.toml").read_text(encoding="utf-8"))
)


def or_empty(pattern: str) -> str:
    """The pattern of a text that may also be left out, from one for the whole of it (``^…$``)."""
    return f"^({pattern[1:-1]})?$"
