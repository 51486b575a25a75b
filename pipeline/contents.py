"""What an output will hold, told before it is made."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """One thing that comes in a film or a pack; times are None where it has none."""

    title: str
    words: str = ""
    starts_ms: int | None = None
    length_ms: int | None = None
