"""Other ends for a moment over HTTP: what was sent of the film around it, and preparing it again from there."""

from __future__ import annotations

from typing import Annotated, Self

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, model_validator
from starlette.responses import Response

from api.dependencies import AppContext, Asker, Ctx, GivenId
from api.errors import NothingHere, described
from api.middleware.identity import Identity
from api.middleware.session_cookie import is_https
from api.middleware.source_cookie import give_pass
from api.routes.artifacts import FILE_ANSWERS, GivenAsking, answer_file, asked_again
from api.routes.selections import PREFIX, view_now
from pipeline.times import Ms
from records.accounts.principal import Via
from records.actions import trim
from records.actions.hide import restart_hiding
from records.actions.trim import Ends
from records.documents import ClipTimes, StillTimes
from records.families.uses import check_look
from records.storage.contract import Storage
from records.views.files import StoredFile, source_file
from records.views.selections import SelectionView

router = APIRouter(prefix=PREFIX, tags=["selections"])
_STARTS = {
    bytes.fromhex("1a45dfa3"): "video/webm",
    b"OggS": "audio/ogg",
    b"RIFF": "audio/wav",
    b"fLaC": "audio/flac",
    b"ID3": "audio/mpeg",
    b"\xff\xf1": "audio/aac",
    b"\xff": "audio/mpeg",
}
_LONGEST_START = 4


class Times(BaseModel):
    """Where a clip starts and ends, or where a still lies, in ms or as 00:01:10.200."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    in_ms: Annotated[Ms | None, Field(alias="in")] = None
    out_ms: Annotated[Ms | None, Field(alias="out")] = None
    at_ms: Annotated[Ms | None, Field(alias="at")] = None

    def ends(self) -> Ends:
        """Those of a clip, or that of a still."""
        if self.at_ms is not None and self.in_ms is self.out_ms is None:
            return StillTimes(at_ms=self.at_ms)
        if self.at_ms is None and self.in_ms is not None and self.out_ms is not None:
            return ClipTimes(in_ms=self.in_ms, out_ms=self.out_ms)
        raise ValueError("A clip needs “in” and “out”, a still needs “at”")

    @model_validator(mode="after")
    def _are_of_one_kind(self) -> Self:
        self.ends()
        if self.in_ms is not None and self.out_ms is not None and self.in_ms >= self.out_ms:
            raise ValueError("The clip would end before it begins")
        return self


class MomentTrim(Times):
    """The new ends on the film's clock."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"in": 70_200, "out": 85_000}]})

    cut: Annotated[
        Times | None,
        Field(
            description="The same on the clock of the moment's own upload, for a client that looked into that. "
            "Without it the ends should be the times of frames."
        ),
    ] = None

    @model_validator(mode="after")
    def _cut_is_of_the_same_kind(self) -> Self:
        if self.cut is not None and type(self.cut.ends()) is not type(self.ends()):
            raise ValueError("The cut is of another kind than the moment")
        return self


@router.put(
    "/{selection_id}/moments/{moment_id}/ends",
    status_code=202,
    summary="Trim a moment and prepare it again",
    responses=described(401, 404, 409, 422),
)
def trim_moment(selection_id: GivenId, moment_id: GivenId, new: MomentTrim, ctx: Ctx) -> SelectionView:
    """Within what was sent of the film for it (`held`). What was made before stays until the new one is finished; then
    everything that is made of the moments is made again. Asking for the ends that it has changes nothing. Where
    somebody is hidden in it, hiding begins again: nothing of before stays.
    """
    with ctx.db.session() as session:
        own = new.cut.ends() if new.cut is not None else None
        if trim.trim_moment(session, selection_id, moment_id, new.ends(), own):
            restart_hiding(session, selection_id, moment_id)
    return view_now(ctx, selection_id)


@router.get(
    "/{selection_id}/moments/{moment_id}/source",
    summary="The part of the film that was sent for a moment",
    response_class=Response,
    responses=FILE_ANSWERS,
)
@router.head("/{selection_id}/moments/{moment_id}/source", include_in_schema=False)
def download_moment_source(
    selection_id: GivenId, moment_id: GivenId, asking: GivenAsking, asker: Asker, ctx: Ctx
) -> Response:
    """As it came: the moment and a little around it, or the whole film; for choosing other ends."""
    key, sha256 = _sent_for(ctx, selection_id, moment_id)
    may_go_on = asked_again(ctx, lambda session: check_look(session, asker, selection_id, moment_id))
    return answer_file(ctx.storage, StoredFile(key, sha256, _media_type(ctx.storage, key)), asking, may_go_on=may_go_on)


@router.post(
    "/{selection_id}/moments/{moment_id}/source/pass",
    status_code=204,
    summary="Grant a player access to that part",
    responses=described(401, 404),
)
def grant_moment_source(
    selection_id: GivenId, moment_id: GivenId, request: Request, ctx: Ctx, asker: Asker
) -> Response:
    """A cookie with which this browser may GET this source and nothing else for an hour: players carry no token. A
    browser that has signed in needs none.
    """
    _sent_for(ctx, selection_id, moment_id)
    answer = Response(status_code=204)
    identity: Identity = request.app.state.identity
    key = identity.pass_key(asker.account_id)
    if key is not None and asker.via == Via.SECRET:  # a session's own cookie does, and ends when it does
        path = request.url.path.removesuffix("/pass")
        give_pass(answer, key, path, secure=is_https(request.scope, ctx.settings))
    return answer


def _sent_for(ctx: AppContext, selection_id: str, moment_id: str) -> tuple[str, str]:
    """The key and SHA-256 of what was sent for a moment. Raises: NothingHere."""
    with ctx.db.reading() as session:
        found = source_file(session, selection_id, moment_id)
    if found is None:
        raise NothingHere
    return found


def _media_type(storage: Storage, key: str) -> str:
    """What browsers need to be told to try and play it; it is bytes from outside, so never anything but a film."""
    start = b"".join(storage.read(key, 0, _LONGEST_START))
    return next((media_type for sign, media_type in _STARTS.items() if start.startswith(sign)), "video/mp4")
