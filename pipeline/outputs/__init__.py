"""The kinds of output. Each is a folder here with one function ``make(prepared, folder) -> list[Artifact]``.

A new kind is a folder and a line in ``KINDS``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel

from pipeline.artifact import Artifact
from pipeline.moments import Selection
from pipeline.outputs import picture_notes, review_pack
from pipeline.outputs.prepared import Prepared


def _nothing_to_remark(_: Selection) -> list[str]:
    return []


@dataclass(frozen=True)
class Kind:
    """One kind of output.

    ``make`` writes into a folder that is there and holds none of its names yet, and returns what may be handed out;
    an empty list means that the selection holds nothing for this kind. ``remarks`` says in plain words, before any
    work is done, what will not come out as written.
    """

    name: str
    title: str
    recipe: type[BaseModel]
    make: Callable[[Prepared, Path], list[Artifact]]
    remarks: Callable[[Selection], list[str]] = _nothing_to_remark


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("review_pack", "Review pack", review_pack.Recipe, review_pack.make),
        Kind("picture_notes", "Picture notes", picture_notes.Recipe, picture_notes.make, picture_notes.remarks),
    )
}
