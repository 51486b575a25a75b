"""Families as a start page shows them: what was sent last of each, and all films of one by cycle."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from pipeline.moments import FilmOf
from records.accounts.principal import Principal
from records.families.access import Right, may_see, may_with_family
from records.families.families import FamilyGone
from records.families.listing import FamilyView
from records.models import ArtifactRow, FamilyRow, MomentRow, SelectionRow
from records.states import MomentState, SelectionState

_PICTURES = ("image/", "video/")


class _View(BaseModel):
    model_config = ConfigDict(frozen=True)


class FilmThumbnail(_View):
    """A finished file that shows what a film is of: a still, else a clip. Whoever may not look is refused the file."""

    artifact_id: str
    media_type: str


class FilmLine(_View):
    """One film of a family as a list shows it: what was sent of it, when, and where that stands."""

    selection_id: str
    cycle: int
    of: FilmOf
    has_picture: bool
    """False: a diary, or another recording of sound alone."""
    sent_at: datetime
    review_on: date | None
    state: SelectionState
    unconfirmed: bool
    """Somebody is hidden in it, and a person has to look at every picture."""
    clips: int
    stills: int
    thumbnail: FilmThumbnail | None
    """Null where nothing is finished, and in lists of several families."""


class FamilyLine(_View):
    """One family in a list, with what was sent of it last. No picture, for others may be looking on."""

    family: FamilyView
    latest: FilmLine | None
    """Null where there is nothing that one may see."""


class FamilyFilms(_View):
    """All of one family that somebody may see."""

    family_id: str
    code: str
    films: list[FilmLine]
    """By cycle; within one, the family's films before recordings of the review, each as they were sent."""


@dataclass
class _Moments:
    """What is known of a selection's moments without reading a word of theirs."""

    kinds: list[str] = field(default_factory=list)
    unconfirmed: bool = False
    pictures: list[bool] = field(default_factory=list)
    """Of each that was prepared: whether it has any."""


def with_latest_films(session: Session, who: Principal, families: Sequence[FamilyView]) -> list[FamilyLine]:
    """Each of these with what was sent of it last, as far as they may see it."""
    newest = _newest_of_each(who, [family.id for family in families])
    rows = session.scalars(select(SelectionRow).where(SelectionRow.id.in_(newest))).all()
    latest = dict(zip([row.family_id for row in rows], _lines(session, rows), strict=True))
    return [FamilyLine(family=family, latest=latest.get(family.id)) for family in families]


def films_of_family(session: Session, who: Principal, family_id: str) -> FamilyFilms:
    """What they may see of a family. Raises: FamilyGone, where that is nothing, and the family not theirs either."""
    family = session.get(FamilyRow, family_id)
    query = select(SelectionRow).where(SelectionRow.family_id == family_id, SelectionRow.visible, may_see(who))
    rows = session.scalars(query).all()
    if family is None or not family.visible or not (rows or may_with_family(session, who, family, Right.SEE)):
        raise FamilyGone(family_id)
    lines = _lines(session, rows, _thumbnails(session, [row.id for row in rows]))
    return FamilyFilms(family_id=family_id, code=family.code, films=sorted(lines, key=_place))


def _place(line: FilmLine) -> tuple[int, bool, datetime, str]:
    return line.cycle, line.of != FilmOf.FAMILY_FILM, line.sent_at, line.selection_id


def _newest_of_each(who: Principal, family_ids: Collection[str]) -> Select[str]:
    """The id of the last selection of each family that they may see."""
    newest_first = (SelectionRow.created_at.desc(), SelectionRow.id.desc())
    place = func.row_number().over(partition_by=SelectionRow.family_id, order_by=newest_first).label("place")
    of_these = select(SelectionRow.id, place).where(SelectionRow.family_id.in_(family_ids))
    numbered = of_these.where(SelectionRow.visible, may_see(who)).subquery()
    return select(numbered.c.id).where(numbered.c.place == 1)


def _lines(
    session: Session, rows: Sequence[SelectionRow], thumbnails: dict[str, FilmThumbnail] | None = None
) -> list[FilmLine]:
    moments = _moments(session, [row.id for row in rows])
    return [_line(row, moments[row.id], (thumbnails or {}).get(row.id)) for row in rows]


def _line(row: SelectionRow, moments: _Moments, thumbnail: FilmThumbnail | None) -> FilmLine:
    return FilmLine(
        selection_id=row.id,
        cycle=row.cycle,
        of=row.shape.of,
        has_picture=any(moments.pictures) if moments.pictures else row.film.picture,
        sent_at=row.created_at,
        review_on=row.review_on,
        state=SelectionState(row.state),
        unconfirmed=moments.unconfirmed,
        clips=moments.kinds.count("clip"),
        stills=moments.kinds.count("still"),
        thumbnail=thumbnail,
    )


def _moments(session: Session, selection_ids: Collection[str]) -> dict[str, _Moments]:
    found: dict[str, _Moments] = defaultdict(_Moments)
    query = select(MomentRow.selection_id, MomentRow.kind, MomentRow.state, MomentRow.facts)
    for selection_id, kind, state, facts in session.execute(query.where(MomentRow.selection_id.in_(selection_ids))):
        one = found[selection_id]
        one.kinds.append(kind)
        one.unconfirmed |= state == MomentState.UNCONFIRMED
        if facts is not None:
            one.pictures.append(bool(facts.width_px))
    return found


def _thumbnails(session: Session, selection_ids: Collection[str]) -> dict[str, FilmThumbnail]:
    """A still before a clip, and of each the first in the order of the review."""
    query = (
        select(ArtifactRow.selection_id, ArtifactRow.id, ArtifactRow.media_type)
        .join(MomentRow, MomentRow.id == ArtifactRow.moment_id)
        .where(ArtifactRow.selection_id.in_(selection_ids), MomentRow.state == MomentState.READY)
        .order_by(MomentRow.kind.desc(), MomentRow.position)
    )
    found: dict[str, FilmThumbnail] = {}
    for selection_id, artifact_id, media_type in session.execute(query):
        if media_type.startswith(_PICTURES):
            found.setdefault(selection_id, FilmThumbnail(artifact_id=artifact_id, media_type=media_type))
    return found
