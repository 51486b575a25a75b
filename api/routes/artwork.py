"""Photographs of what a child made over HTTP: kept with a selection, worded, shown and taken out."""

from __future__ import annotations

import threading
from pathlib import Path

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.dependencies import AppContext, Asker, Ctx, GivenId
from api.errors import PhotographsBusy, described
from api.routes.artifacts import FILE_ANSWERS, GivenAsking, answer_file, asked_again
from api.routes.selections import PREFIX, view_now
from api.temp_folder import private_folder
from pipeline.errors import FfmpegTimedOut, MediaCrashed, TooMuchMemory
from pipeline.images.photograph import LIMITS_OF_DECODING, Photograph, PhotographTooLarge, PhotographUnreadable
from pipeline.moments import Words
from pipeline.run.orders import READ_PHOTOGRAPH, PhotographOrder
from records.accounts.principal import Principal
from records.actions.artwork import erase_artwork, keep_artwork, word_artwork
from records.audit.act import Transaction
from records.families.access import Right, check_selection
from records.families.uses import check_look
from records.views.files import StoredFile, artwork_file
from records.views.selections import SelectionView

router = APIRouter(prefix=PREFIX, tags=["selections"])
_ONE_AT_A_TIME = threading.Lock()
"""A picture of 40 megapixels takes some 250 MB while it is read, in a jail."""
_WAIT_S = 10.0


class ArtworkWords(BaseModel):
    """The child's own words about a picture."""

    model_config = ConfigDict(extra="forbid")

    words: Words


@router.post(
    "/{selection_id}/artwork",
    status_code=201,
    summary="Add a photograph of what the child made",
    responses=described(401, 404, 409, 413, 422, 503, 507),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                kind: {"schema": {"type": "string", "format": "binary"}} for kind in ("image/jpeg", "image/png")
            },
        }
    },
)
async def add_artwork(selection_id: GivenId, request: Request, asker: Asker, ctx: Ctx) -> SelectionView:
    """The body is the file. What is kept is upright, at most 2400 px a side, and says neither where nor with what it
    was taken. What is made of such pictures is made again.
    """
    await run_in_threadpool(view_now, ctx, selection_id)  # before any byte is read
    with private_folder(ctx.settings) as folder:
        with (folder / "sent").open("wb") as sent:
            async for block in request.stream():
                await run_in_threadpool(sent.write, block)
        return await run_in_threadpool(_keep, ctx, asker, selection_id, folder)


def _keep(ctx: AppContext, asker: Principal, selection_id: str, folder: Path) -> SelectionView:
    photograph = read_photograph(ctx, folder)
    with ctx.db.session() as session:
        check_selection(session, asker, selection_id, Right.WORK)  # a body may take longer than a share lasts
        keep_artwork(session, ctx.storage, selection_id, photograph)
    return view_now(ctx, selection_id)


def read_photograph(ctx: AppContext, folder: Path) -> Photograph:
    """The photograph that was sent, as it is to be kept; one is read at a time, in the jail.

    Raises: PhotographsBusy, PhotographUnreadable, PhotographTooLarge.
    """
    if not _ONE_AT_A_TIME.acquire(timeout=_WAIT_S):
        raise PhotographsBusy
    try:
        order = PhotographOrder((folder / "sent").resolve(), (folder / "photograph.jpg").resolve())
        made = ctx.jail.do(READ_PHOTOGRAPH, order, folder, limits=LIMITS_OF_DECODING)
    except MediaCrashed as error:
        raise PhotographUnreadable(str(error)) from None
    except (FfmpegTimedOut, TooMuchMemory) as error:
        raise PhotographTooLarge(str(error)) from None
    finally:
        _ONE_AT_A_TIME.release()
    return Photograph(made.artifact, made.width_px, made.height_px)


@router.get(
    "/{selection_id}/artwork/{artwork_id}",
    summary="A photograph of what the child made",
    response_class=Response,
    responses=FILE_ANSWERS,
)
@router.head("/{selection_id}/artwork/{artwork_id}", include_in_schema=False)
def download_artwork(
    selection_id: GivenId, artwork_id: GivenId, asking: GivenAsking, asker: Asker, ctx: Ctx
) -> Response:
    """As it is kept."""

    def look(session: Transaction) -> StoredFile:
        check_look(session, asker, selection_id)
        return artwork_file(session, selection_id, artwork_id)

    with ctx.db.reading() as session:
        file = look(session)
    return answer_file(ctx.storage, file, asking, may_go_on=asked_again(ctx, look))


@router.put(
    "/{selection_id}/artwork/{artwork_id}",
    summary="Save the child's words about it",
    responses=described(401, 404, 422),
)
def save_artwork_words(selection_id: GivenId, artwork_id: GivenId, its: ArtworkWords, ctx: Ctx) -> SelectionView:
    """They are printed beside it. What is made of such pictures is made again."""
    with ctx.db.session() as session:
        word_artwork(session, selection_id, artwork_id, its.words)
    return view_now(ctx, selection_id)


@router.delete(
    "/{selection_id}/artwork/{artwork_id}",
    summary="Delete a photograph",
    responses=described(401, 404, 503),
)
def delete_artwork(selection_id: GivenId, artwork_id: GivenId, ctx: Ctx) -> SelectionView:
    """It goes with every file that may show it; those are made again without it. This cannot be undone."""
    with ctx.db.session() as session:
        erase_artwork(session, selection_id, artwork_id)
    return view_now(ctx, selection_id)
