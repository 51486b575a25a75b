"""The review on the service: the player's page, what it shows, and the words that are written at its end."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Response
from starlette.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

from api.dependencies import Ctx, GivenId
from api.errors import WordsOfAnother, described
from api.routes.page import NO_CACHE, FreshFiles
from api.routes.selections import PREFIX
from pipeline.closing_notes import ReviewWords
from pipeline.player.page import PAGE_FILES, render_online
from pipeline.player.review import Review
from records.actions.closing_notes import find_words, save_words
from records.views.review import review_of

FILES = "/review/files"
router = APIRouter(tags=["review"])


def player_files() -> StaticFiles:
    """The player's scripts and styles, to be mounted at FILES."""
    return FreshFiles(directory=PAGE_FILES)


@router.get("/review/{selection_id}", include_in_schema=False)
def show_player(selection_id: GivenId) -> HTMLResponse:  # noqa: ARG001 the player reads it from its own address
    """The player; like the built page it holds nothing of anybody, and asks for the token where one is wanted."""
    return HTMLResponse(render_online(f"{FILES}/"), headers=NO_CACHE)


@router.get(
    f"{PREFIX}/{{selection_id}}/review", summary="A review as the player shows it", responses=described(401, 404)
)
def get_review(selection_id: GivenId, ctx: Ctx) -> Review:
    """The question and every moment that is ready, in their order; without the family's code."""
    with ctx.db.reading() as session:
        return review_of(session, selection_id, lambda file_id: f"{PREFIX}/{selection_id}/artifacts/{file_id}")


@router.get(
    f"{PREFIX}/{{selection_id}}/words",
    summary="Closing notes of a review",
    response_model=ReviewWords,
    responses={204: {"description": "Nothing yet"}, **described(401, 404)},
)
def get_closing_notes(selection_id: GivenId, ctx: Ctx, response: Response) -> ReviewWords | Response:
    """The words as they were last saved; their ETag tells which saving they are of."""
    with ctx.db.reading() as session:
        row = find_words(session, selection_id)
    if row is None:
        return Response(status_code=204)
    response.headers["ETag"] = f'"{row.revision}"'
    return row.words


@router.put(
    f"{PREFIX}/{{selection_id}}/words",
    summary="Save the closing notes of a review",
    responses=described(401, 404, 412, 413, 422),
)
def save_closing_notes(
    selection_id: GivenId,
    words: ReviewWords,
    ctx: Ctx,
    response: Response,
    if_match: Annotated[str | None, Header(description="The ETag of the words one has before oneself.")] = None,
    if_none_match: Annotated[str | None, Header(description="* where one has seen no words yet.")] = None,
) -> ReviewWords:
    """They take the place of what was saved before. With If-Match or If-None-Match only if nobody saved meanwhile."""
    if words.review != selection_id:
        raise WordsOfAnother(f"of {words.review}")
    over = if_match is None and if_none_match is None
    seen = None if if_match is None else if_match.strip().strip('"')
    with ctx.db.session() as session:
        row = save_words(session, selection_id, words, seen=seen, over=over)
        response.headers["ETag"] = f'"{row.revision}"'
    return words
