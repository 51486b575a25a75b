"""What an output will be, before it is made: its first pages as pictures, or what it will hold."""

from __future__ import annotations

import math
import threading
from base64 import b64encode
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel

from api.dependencies import AppContext, Ctx, GivenId
from api.errors import Busy, NotReadyYet, TooOften, described
from api.middleware.person import Person
from api.middleware.rate import RatePerPerson
from api.routes.outputs import OutputRequest
from api.routes.selections import PREFIX
from api.temp_folder import private_folder
from pipeline.closing_notes import is_written
from pipeline.contents import Part
from pipeline.outputs.kinds import Kind, find_kind, parse_recipe
from pipeline.outputs.preview import MEDIA_TYPE, MOST_EARLIER, MOST_STILLS, Pages
from pipeline.run.jailed import files_of
from pipeline.run.orders import LAY_OUT_PAGES, Ffmpeg, OutputOrder
from records.consent.uses import require_output
from records.ledger.selections import all_moments_ready, has_picture, visible_selection
from records.views.output_inputs import OutputInputs, fetch_local, gather_inputs

router = APIRouter(prefix=PREFIX, tags=["outputs"])
_AT_ONCE = threading.BoundedSemaphore(2)
_WAIT_S = 5.0


class TooManyPreviews(TooOften):
    """One person asked for more previews within a minute than this process makes for one."""

    code = "too_many_previews"
    for_guider = "You have looked at very many previews within a minute. Wait a moment; it can be made all the same."


class PreviewBusy(Busy):
    """More previews are asked for than this process makes at once."""

    code = "preview_busy"
    for_guider = "Many are looking at previews just now. It can be made all the same."


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


@router.post(
    "/{selection_id}/preview", summary="Preview an output", responses=described(401, 403, 404, 409, 422, 429, 503)
)
def preview_output(
    selection_id: GivenId, wanted: OutputRequest, ctx: Ctx, person: Person, request: Request
) -> PreviewView:
    """From the finished moments and the recipe as it stands. Nothing is kept."""
    rate: RatePerPerson = request.app.state.previews
    if wait_s := rate.wait_s(person):
        raise TooManyPreviews(math.ceil(wait_s))
    kind = find_kind(wanted.kind)
    recipe = parse_recipe(kind, wanted.recipe)
    with ctx.db.reading() as session:
        selection = visible_selection(session, selection_id)
        if not all_moments_ready(session, selection):
            raise NotReadyYet
        inputs = gather_inputs(session, selection, recipe)
        purpose = kind.purpose_of(selection.shape.of, wanted.purpose)
        require_output(session, kind.name, purpose, inputs.sources())
        picture = has_picture(selection)
    shows = picture or not kind.needs_picture
    pages = _pages(kind, recipe, inputs, ctx) if shows else Pages((), 0)
    with ctx.db.reading() as session:
        if not inputs.all_there(session):
            raise NotReadyYet  # somebody is to be hidden in one, or it was prepared again
        require_output(session, kind.name, purpose, inputs.sources())
    known = inputs.known()
    told = kind.contents(known, recipe) if shows and kind.contents else []
    return PreviewView(
        pages=[f"data:{MEDIA_TYPE};base64,{b64encode(page).decode()}" for page in pages.shown],
        of=pages.of,
        parts=[_part(one) for one in told],
        remarks=kind.remark(known.selection, recipe, picture=picture, written=is_written(known.notes)),
    )


def _pages(kind: Kind, recipe: Any, inputs: OutputInputs, ctx: AppContext) -> Pages:
    if kind.layout is None:
        return Pages((), 0)
    if not _AT_ONCE.acquire(timeout=_WAIT_S):
        raise PreviewBusy
    try:
        with private_folder(ctx.settings) as folder:
            workdir = folder / "workdir"
            workdir.mkdir()
            prepared = fetch_local(ctx.storage, _shown_first(inputs, kind.pictures_of), folder)
            order = OutputOrder(
                kind.name, recipe.model_dump(mode="json"), prepared, workdir.resolve(), Ffmpeg.of(ctx.ffmpeg)
            )
            made = ctx.jail.do(LAY_OUT_PAGES, order, workdir, reads=[*files_of(prepared)])
            return Pages(tuple(page.read_bytes() for page in made.shown), made.of)
    finally:
        _AT_ONCE.release()


def _shown_first(inputs: OutputInputs, pictures_of: str) -> OutputInputs:
    """What the first pages need; of pictures one more than are shown, which tells that not all are."""
    most = MOST_STILLS + 1
    return OutputInputs(
        inputs.own.first(pictures_of, most if pictures_of == "still" else None, most),
        tuple(one.first("still", most, most) for one in inputs.earlier[:MOST_EARLIER]),
        scale=inputs.scale,
    )


def _part(part: Part) -> PartView:
    return PartView(title=part.title, words=part.words, starts_ms=part.starts_ms, length_ms=part.length_ms)
