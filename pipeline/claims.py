"""What was said of a film before it arrived."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Claims:
    """What was said of an upload; None where nothing was."""

    duration_ms: int | None = None
    width_px: int | None = None
    """As it is shown: upright, square pixels."""
    height_px: int | None = None
    pictures: int | None = None
    """How many new pictures the moment shows."""
    sound_only: bool = False
    """That there is no picture in it: what nobody saw is not handed out."""
