"""pack.json: what a review pack holds, for programs that read or check it later."""

from __future__ import annotations

from hashlib import sha256
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

from pipeline.artifact import PreparedMoment
from pipeline.moments import FilmOf
from pipeline.pack.packed import PackedFile, pack_moment
from pipeline.player.review import Review, ShownWords, shown_words
from pipeline.prepared import Prepared

SCHEMA_VERSION: Final = 5
_FOLDERS = {"clip": "clips", "still": "stills", "sound": "clips"}


class PackedMoment(PackedFile):
    """A file of the pack and where it lay in the film; ``source_out_ms`` is null for a still."""

    source_in_ms: int
    """On the clock of the film it came from."""
    source_out_ms: int | None


class Manifest(BaseModel):
    """The whole of pack.json, in the order of the review."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[2, 3, 4, 5] = SCHEMA_VERSION
    review: str
    """Tells this review from every other; what is written in it and saved carries the same. Since version 2."""
    family: str
    cycle: int
    of: FilmOf = FilmOf.FAMILY_FILM
    """What was filmed. Since version 2."""
    helping_question: str
    working_points: tuple[str, ...]
    moments: tuple[PackedMoment, ...]
    """With what is drawn on them since version 5."""
    written: ShownWords | None = None
    """On the closing cards, when the pack was made; null where nothing was. Since version 4."""

    def to_json(self) -> str:
        """The text of pack.json; equal manifests give equal text."""
        return self.model_dump_json(indent=2) + "\n"

    def review_to_play(self) -> Review:
        """What the player shows of it: without the family's code and without the places in the film."""
        return Review(
            review=self.review,
            question=self.helping_question,
            working_points=self.working_points,
            moments=tuple(moment.to_show() for moment in self.moments),
            words=self.written,
        )


def describe(prepared: Prepared) -> Manifest:
    """The manifest of a pack made from ``prepared``; files are numbered from 01 within clips and within stills."""
    counts = dict.fromkeys(_FOLDERS, 0)
    moments = []
    for moment in prepared.moments:
        counts[moment.kind] += 1
        moments.append(_pack(moment, counts[moment.kind]))
    selection = prepared.selection
    return Manifest(
        review=prepared.review or _named_by_content(prepared),
        family=selection.family,
        cycle=selection.cycle,
        of=selection.of,
        helping_question=selection.helping_question,
        working_points=tuple(point for point in selection.working_points if point),
        moments=tuple(moments),
        written=shown_words(prepared.notes),
    )


def _named_by_content(prepared: Prepared) -> str:
    return sha256("".join(moment.sha256 for moment in prepared.moments).encode()).hexdigest()[:32]


def _pack(moment: PreparedMoment, number: int) -> PackedMoment:
    packed = pack_moment(moment, f"{_FOLDERS[moment.kind]}/{number:02}")
    return PackedMoment(**dict(packed), source_in_ms=moment.in_ms, source_out_ms=moment.out_ms)
