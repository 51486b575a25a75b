"""A link over HTTP: what opens it stands behind the # of its address, where no browser sends it to anybody by itself.

The page sends it once and is given a pass (api/middleware/source_cookie.py) for this one link. Every request looks anew
whether the link still opens something, and no answer to a player is longer than a mebibyte: one that was ended stops in
the middle of a film.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, SecretStr
from starlette.responses import HTMLResponse

from api.dependencies import AppContext, Ctx, GivenId
from api.errors import TooOften, described
from api.middleware.access import LINKS
from api.middleware.identity import Identity
from api.middleware.rate import RatePerPerson
from api.middleware.session_cookie import is_https
from api.middleware.source_cookie import give_pass, has_pass
from api.middleware.wrong_tokens import place_of
from api.routes.artifacts import FILE_ANSWERS, GivenAsking, answer_file, asked_again
from api.routes.page import NO_CACHE
from api.routes.review import FILES
from pipeline.player.page import render_link
from records.copies.links import LinkGone, link_actor, open_link
from records.secrets.service_key import service_key
from records.views.copies import LinkView, linked_file, shown_by_link

router = APIRouter(tags=["links"])
MOST_OPENINGS_PER_MINUTE = 30
"""From one place. Nobody guesses a link; but each opening is a line in the audit, which its holder could fill."""
_MOST_BYTES = 1 << 20
_LONGEST_PASS_S = 12 * 3600
_PURPOSE = "links"


class TooManyOpenings(TooOften):
    """Links were opened more often from one place within a minute than anybody would."""

    code = "too_many_openings"
    for_guider = "Links were opened very often from your network within a minute. Please try again in a moment."


class GivenSecret(BaseModel):
    """What opens a link."""

    model_config = ConfigDict(extra="forbid")

    secret: Annotated[SecretStr, Field(max_length=100)]


@router.get("/link", include_in_schema=False)
def show_link_page() -> HTMLResponse:
    """The player of every link; it holds nothing of anybody."""
    return HTMLResponse(render_link(f"{FILES}/"), headers=NO_CACHE)


@router.post(LINKS, summary="Open a link", responses=described(404, 422, 429))
def open_handed_out_link(given: GivenSecret, request: Request, response: Response, ctx: Ctx) -> LinkView:
    """What it shows, and a cookie with which this browser may fetch that and nothing else. It counts as one opening."""
    openings: RatePerPerson = request.app.state.openings
    identity: Identity = request.app.state.identity
    if wait_s := openings.wait_s(place_of(request.scope, request.headers, identity.browser_key)):
        raise TooManyOpenings(math.ceil(wait_s))
    with ctx.db.session() as session:
        row = open_link(session, given.secret.get_secret_value())
        shown = shown_by_link(session, row.id, _address_of(row.id))
    key, secure = service_key(ctx.settings, _PURPOSE), is_https(request.scope, ctx.settings)
    give_pass(response, key, f"{LINKS}/{row.id}", secure=secure, lasts_s=_pass_s(shown.until))
    return shown


@router.get(f"{LINKS}/{{copy_id}}", summary="What a link shows", responses=described(404))
def get_link(copy_id: GivenId, request: Request, ctx: Ctx) -> LinkView:
    """For the browser that has opened it; 404 as soon as it shows nothing any more."""
    _check_pass(request, ctx, copy_id)
    with ctx.db.reading() as session:
        return shown_by_link(session, copy_id, _address_of(copy_id))


@router.get(
    f"{LINKS}/{{copy_id}}/files/{{artifact_id}}",
    summary="A file of a link",
    response_class=Response,
    responses=FILE_ANSWERS,
)
def download_linked_file(
    copy_id: GivenId, artifact_id: GivenId, asking: GivenAsking, request: Request, ctx: Ctx
) -> Response:
    """Whole, or a mebibyte of a range at most."""
    _check_pass(request, ctx, copy_id)
    with ctx.db.reading() as session:
        file = linked_file(session, copy_id, artifact_id)
    may_go_on = asked_again(ctx, lambda session: linked_file(session, copy_id, artifact_id))
    return answer_file(ctx.storage, file, asking, may_go_on=may_go_on, most_bytes=_MOST_BYTES)


def _check_pass(request: Request, ctx: AppContext, copy_id: str) -> None:
    if not has_pass(request.headers, service_key(ctx.settings, _PURPOSE), f"{LINKS}/{copy_id}"):
        raise LinkGone
    request.state.principal = link_actor(copy_id)


def _address_of(copy_id: str) -> Callable[[str], str]:
    return lambda artifact_id: f"{LINKS}/{copy_id}/files/{artifact_id}"


def _pass_s(until: datetime | None) -> int:
    left = _LONGEST_PASS_S if until is None else int(until.timestamp() - time.time()) + 1
    return max(1, min(_LONGEST_PASS_S, left))
