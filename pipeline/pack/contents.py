"""What a pack will hold, told before it is made."""

from __future__ import annotations

from collections.abc import Iterable

from pipeline.artifact import PreparedMoment
from pipeline.contents import Part
from pipeline.pack.packed import PackedFile


def parts_of_moments(moments: Iterable[PreparedMoment | PackedFile], *, captions: bool = True) -> list[Part]:
    """A line for each moment: its number among those of its kind, its words, and how long it is."""
    counts = {"clip": 0, "still": 0}
    parts = []
    for moment in moments:
        counts[moment.kind] += 1
        title = f"{moment.kind.capitalize()} {counts[moment.kind]}"
        parts.append(Part(title, moment.caption if captions else "", length_ms=moment.duration_ms))
    return parts
