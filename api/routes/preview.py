"""What an output will be, before it is made: its first pages as pictures, or what it will hold."""

from __future__ import annotations

import threading
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.dependencies import AppContext, Ctx, GivenId
from api.errors import NotReadyYet, PreviewBusy, described
from api.routes.outputs import Wish
from api.routes.selections import PREFIX
from api.temp_folder import private_folder
from pipeline.contents import Part
from pipeline.ffmpeg.runner import use_ffmpeg
from pipeline.moments import parse_selection
from pipeline.outputs.kinds import Kind, find_kind, parse_recipe
from pipeline.outputs.preview import MEDIA_TYPE, MOST_EARLIER, MOST_STILLS, Pages, first_pages
from pipeline.prepared import Prepared, PreparedMoment
from pipeline.print.recipes import ArtworkRecipe
from records.actions.artwork import artwork_of
from records.actions.companion import find_companion
from records.actions.earlier_reviews import find_earlier
from records.errors import SelectionGone
from records.ledger.selections import all_moments_ready, has_picture
from records.models import ArtifactRow, ArtworkRow, SelectionRow
from records.views.output_inputs import Rows, bring_all, bring_artwork, bring_earlier, finished_rows, prepared_moment

router = APIRouter(prefix=PREFIX, tags=["outputs"])
_AT_ONCE = threading.BoundedSemaphore(2)
_WAIT_S = 5.0


class PartView(BaseModel):
    """One thing that comes in a film or a pack; times in ms, null where it has none."""

    title: str
    words: str
    starts_ms: int | None
    length_ms: int | None


class PreviewView(BaseModel):
    """The first pages, or the parts; and what will not come out as written."""

    pages: list[str]
    """Pictures as data URLs."""
    of: int | None
    """How many pages there will be; null where that is not known yet."""
    parts: list[PartView]
    remarks: list[str]


@router.post("/{selection_id}/preview", summary="What an output will be", responses=described(401, 404, 409, 422, 503))
def preview_output(selection_id: GivenId, wish: Wish, ctx: Ctx) -> PreviewView:
    """From the finished moments and the recipe as it stands. Nothing is kept."""
    kind = find_kind(wish.kind)
    recipe = parse_recipe(kind, wish.recipe)
    with ctx.db.reading() as session:
        row = session.get(SelectionRow, selection_id)
        if row is None or row.erasing_at is not None:
            raise SelectionGone(selection_id)
        if not all_moments_ready(session, row):
            raise NotReadyYet
        selection = parse_selection(row.shape)
        rows = finished_rows(session, row.id)
        drawn = artwork_of(session, row.id)[: MOST_STILLS + 1] if isinstance(recipe, ArtworkRecipe) else ()
        before = [
            (one, finished_rows(session, one.id), artwork_of(session, one.id)[:MOST_STILLS])
            for one in find_earlier(session, row, recipe)[:MOST_EARLIER]
        ]
        companion = _companion(session, row, recipe)
        picture = has_picture(row)
    known = Prepared(selection, _known(rows), companion=companion, review=selection_id)
    shows = picture or not kind.needs_picture
    pages = _pages(kind, recipe, _Source(known, rows, drawn, before), ctx) if shows else Pages((), 0)
    with ctx.db.reading() as session:
        if not _are_there(session, [rows, *(finished for _, finished, _ in before)]):
            raise NotReadyYet  # somebody is to be hidden in one, or it was prepared again
    told = kind.contents(known, recipe) if shows and kind.contents else []
    return PreviewView(
        pages=[f"data:{MEDIA_TYPE};base64,{b64encode(page).decode()}" for page in pages.shown],
        of=pages.of,
        parts=[_part(one) for one in told],
        remarks=kind.remark(selection, recipe, picture=picture),
    )


@dataclass(frozen=True)
class _Source:
    """What the pages are made from, still in storage."""

    known: Prepared
    rows: Rows
    drawn: Sequence[ArtworkRow]
    before: Sequence[tuple[SelectionRow, Rows, Sequence[ArtworkRow]]]


def _pages(kind: Kind, recipe: Any, source: _Source, ctx: AppContext) -> Pages:
    if kind.lay is None:
        return Pages((), 0)
    if not _AT_ONCE.acquire(timeout=_WAIT_S):
        raise PreviewBusy
    try:
        use_ffmpeg(ctx.settings.ffmpeg)
        with private_folder(ctx.settings) as folder:
            desk = folder / "desk"
            desk.mkdir()
            moments = bring_all(ctx.storage, _first(source.rows, kind.lays), folder / "moments")
            artwork = bring_artwork(ctx.storage, source.drawn, folder / "artwork")
            earlier = tuple(
                bring_earlier(ctx.storage, row, _first(rows, "still"), drawn, folder / f"earlier-{number}")
                for number, (row, rows, drawn) in enumerate(source.before)
            )
            return first_pages(kind.lay, Prepared(source.known.selection, moments, artwork, earlier), recipe, desk)
    finally:
        _AT_ONCE.release()


def _are_there(session: Session, all_rows: Sequence[Rows]) -> bool:
    """Whether none of the files was taken back since they were found."""
    ids = {file.id for rows in all_rows for _, file in rows}
    return set(session.scalars(select(ArtifactRow.id).where(ArtifactRow.id.in_(ids)))) == ids


def _first(rows: Rows, kind: str) -> Rows:
    """The moments of that kind; of stills one more than are shown, which tells that not all are."""
    wanted = [(moment, file) for moment, file in rows if moment.kind == kind]
    return wanted[: MOST_STILLS + 1] if kind == "still" else wanted


def _companion(session: Session, row: SelectionRow, recipe: Any) -> Prepared | None:
    other = find_companion(session, row, recipe)
    return None if other is None else Prepared(parse_selection(other.shape), _known(finished_rows(session, other.id)))


def _known(rows: Rows) -> tuple[PreparedMoment, ...]:
    """The moments without their files: enough to tell what is in something."""
    return tuple(prepared_moment(moment, file, Path(file.name)) for moment, file in rows)


def _part(part: Part) -> PartView:
    return PartView(title=part.title, words=part.words, starts_ms=part.starts_ms, length_ms=part.length_ms)
