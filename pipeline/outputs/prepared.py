"""What every kind of output is made from: the selection's words and its finished moments."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pipeline.moments import Selection


@dataclass(frozen=True)
class PreparedMoment:
    """One finished clip or still and what is known of it.

    ``in_ms`` and ``out_ms`` are on the clock of the film it came from; for a still they are the asked time and None.
    ``duration_ms`` and ``fps`` are None for a still.
    """

    kind: Literal["clip", "still"]
    path: Path
    media_type: str
    bytes: int
    sha256: str
    in_ms: int
    out_ms: int | None
    width_px: int
    height_px: int
    fps: float | None
    duration_ms: int | None
    caption: str
    principle: str | None


@dataclass(frozen=True)
class Prepared:
    """A selection whose moments are all ready, in the order of the review: clips first, then stills."""

    selection: Selection
    moments: tuple[PreparedMoment, ...]
