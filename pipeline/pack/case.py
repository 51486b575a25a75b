"""A pack for colleagues: the moments of a family's film, and those of the recording of the review of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict

from pipeline.artifact import Artifact, sha256_of
from pipeline.closing_notes import is_written
from pipeline.contents import Part
from pipeline.moments import FilmOf
from pipeline.pack.contents import parts_of_moments
from pipeline.pack.packed import PackedFile, pack_moment
from pipeline.pack.write import write_pack
from pipeline.player.page import render_offline
from pipeline.player.review import Review, ShownEnding, ShownPart

if TYPE_CHECKING:  # the kinds import this module, and importing what they are made from imports the kinds
    from pipeline.prepared import Prepared


class CasePart(BaseModel):
    """The moments of one film, and the family's working points that belong to it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    of: FilmOf
    helping_question: str
    working_points: tuple[str, ...]
    plan: tuple[str, ...] = ()
    """What the family wants to try, as it was written in the review. Since version 3."""
    moments: tuple[PackedFile, ...]
    """Where they lay in the film stays with the guider. With what is drawn on them since version 4."""


class Case(BaseModel):
    """The whole of pack.json. Without identifiers ``family`` and ``cycle`` are null."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[2, 3, 4] = 4
    kind: str
    family: str | None
    cycle: int | None
    question: str
    working_points: tuple[str, ...]
    parts: tuple[CasePart, ...]

    def to_json(self) -> str:
        """The text of pack.json; equal cases give equal text."""
        return self.model_dump_json(indent=2) + "\n"


@dataclass(frozen=True)
class Wanted:
    """What goes into a case: its kind, the question to colleagues, and whether words of the family do."""

    kind: str
    question: str
    working_points: tuple[str, ...]
    titles: Mapping[FilmOf, str]
    captions: bool
    code: bool
    familys_words: bool


def describe_case(prepared: Prepared, wanted: Wanted) -> tuple[Case, dict[str, tuple[Path, str]]]:
    """The case, and its files by their place in the pack: the family's film comes first."""
    films = sorted(filter(None, (prepared, prepared.companion)), key=lambda one: one.selection.of != FilmOf.FAMILY_FILM)
    files: dict[str, tuple[Path, str]] = {}
    parts = []
    for number, film in enumerate(films, 1):
        moments = []
        for place, moment in enumerate(film.moments, 1):
            packed = pack_moment(moment, f"part-{number}/{place:02}")
            files[packed.file] = (moment.path, moment.sha256)
            moments.append(packed if wanted.captions else packed.model_copy(update={"caption": ""}))
        said = film.selection
        parts.append(
            CasePart(
                title=wanted.titles[said.of],
                of=said.of,
                helping_question=said.helping_question if wanted.familys_words else "",
                working_points=_points_of(film) if wanted.familys_words else (),
                plan=film.notes.plan if wanted.familys_words and film.notes else (),
                moments=tuple(moments),
            )
        )
    case = Case(
        kind=wanted.kind,
        family=prepared.selection.family if wanted.code else None,
        cycle=prepared.selection.cycle if wanted.code else None,
        question=wanted.question,
        working_points=wanted.working_points,
        parts=tuple(parts),
    )
    return case, files


def _points_of(film: Prepared) -> tuple[str, ...]:
    """Those written in the review, which began with those from before it."""
    if film.notes is not None and is_written(film.notes):
        return film.notes.working_points
    return film.selection.working_points


def contents_of(case: Case, question: str) -> list[Part]:
    """What a case holds, in its order; ``question`` is the title of its first card."""
    parts = [Part(question, case.question)]
    for part in case.parts:
        parts += [Part(part.title, part.helping_question), *parts_of_moments(part.moments)]
    return parts


def write_case(
    name: str,
    case: Case,
    review: Review,
    files: dict[str, tuple[Path, str]],
    folder: Path,
    further: tuple[Path, ...] = (),
) -> Artifact:
    """The ZIP of a case and its folder beside it; ``further`` files lie beside index.html under their own names."""
    beside = {path.name: (path, sha256_of(path)) for path in further}
    return write_pack(name, render_offline(review), case.to_json(), files | beside, folder)


def review_of(case: Case, *, title: str, about: str, ending: ShownEnding) -> Review:
    """What the player shows of a case."""
    firsts, total = [], 0
    for part in case.parts:
        firsts.append(total)
        total += len(part.moments)
    return Review(
        review=sha256(case.to_json().encode()).hexdigest()[:32],
        question=case.question,
        working_points=(),
        moments=tuple(moment.to_show() for part in case.parts for moment in part.moments),
        title=title,
        about=about,
        parts=tuple(ShownPart(title=part.title, first=first) for part, first in zip(case.parts, firsts, strict=True)),
        ending=ending,
    )
