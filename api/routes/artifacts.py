"""Finished files over HTTP: whole or in ranges, from a folder or S3 alike, with bounded memory."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Send

from api.dependencies import AppContext, Asker, Ctx, GivenId
from api.errors import NothingHere, RangeOutside, answer_error, described
from api.routes.selections import PREFIX
from pipeline.errors import PipelineError
from records.actions.hand_out import is_taken, note_taken
from records.audit.act import Transaction
from records.families.access import Right, check_selection
from records.logs import get_logger
from records.storage.contract import Storage
from records.views.files import StoredFile, artifact_file

router = APIRouter(prefix=PREFIX, tags=["selections"])
log = get_logger("api")
_ASK_EVERY_S = 1.0
_RANGE = re.compile(r"bytes=(?:(\d{1,18})-(\d{0,18})|-(\d{1,18}))")
_SHOWN_IN_PLACE = ("video/", "audio/", "image/", "application/pdf")


@dataclass(frozen=True)
class Span:
    """The bytes ``[start, end)`` of a file."""

    start: int
    end: int


@dataclass(frozen=True)
class Asking:
    """What a request for a file says in its headers."""

    request: Request
    range_: Annotated[str | None, Header(alias="range")] = None
    if_range: Annotated[str | None, Header()] = None
    if_none_match: Annotated[str | None, Header()] = None


GivenAsking = Annotated[Asking, Depends(Asking)]
FILE_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}},
    206: {"description": "The asked range"},
    304: {"description": "The same as before"},
    **described(401, 404, 416, 503),
}


@router.get(
    "/{selection_id}/artifacts/{artifact_id}",
    summary="A finished file",
    response_class=Response,
    responses=FILE_ANSWERS,
)
@router.head("/{selection_id}/artifacts/{artifact_id}", include_in_schema=False)
def download_artifact(
    selection_id: GivenId, artifact_id: GivenId, asking: GivenAsking, asker: Asker, ctx: Ctx
) -> Response:
    """The strong ETag is the file's SHA-256. One range is answered as such; several at once get the whole file."""
    with ctx.db.reading() as session:
        file = artifact_file(session, asker, selection_id, artifact_id)
        is_new = file is not None and not is_taken(session, asker, selection_id, file.kind)
    if file is None:
        raise NothingHere
    if is_new and asking.request.method == "GET":
        with ctx.db.session() as session:
            note_taken(session, asker, selection_id, file.kind)

    def look(session: Transaction) -> None:
        check_selection(session, asker, selection_id, Right.SEE)
        if artifact_file(session, asker, selection_id, artifact_id) is None:
            raise NothingHere

    return answer_file(ctx.storage, file, asking, may_go_on=asked_again(ctx, look))


def answer_file(
    storage: Storage,
    file: StoredFile,
    asking: Asking,
    *,
    may_go_on: Callable[[], bool],
    most_bytes: int | None = None,
) -> Response:
    """The file, or the one range of it that was asked for; of a range ``most_bytes`` at most, so that a player asks
    again for what follows, and is asked again whether it may. ``may_go_on`` is asked while a long one is on its way,
    which breaks off where it says no. Raises: StorageMissing, StorageUnavailable.
    """

    def read(start: int, end: int) -> Iterator[bytes]:
        return while_allowed(storage.read(file.key, start, end), may_go_on)

    return answer_ranges(Body(file, lambda: storage.size(file.key), read), asking, most_bytes=most_bytes)


@dataclass(frozen=True)
class Body:
    """What can be fetched, whole or in ranges."""

    file: StoredFile
    size: Callable[[], int]
    read: Callable[[int, int], Iterator[bytes]]
    """The bytes ``[start, end)``; may break off by raising TakenBack."""


def answer_ranges(body: Body, asking: Asking, *, most_bytes: int | None = None) -> Response:
    """The same of whatever has a name, a sum and a length. Raises: what its size and its bytes raise."""
    file, etag = body.file, f'"{body.file.sha256}"'
    headers = {"ETag": etag, "Accept-Ranges": "bytes", "Cache-Control": "private, no-store"}
    if file.name is not None:
        headers["Content-Disposition"] = f'{_disposition(file.media_type)}; filename="{file.name}"'
    if asking.if_none_match is not None and _names(asking.if_none_match, etag):
        return Response(status_code=304, headers=headers)
    size = body.size()
    if asking.request.method == "HEAD":  # ranges are asked of GET alone (RFC 9110, 14.2)
        return Response(headers={**headers, "Content-Length": str(size)}, media_type=file.media_type)
    try:
        same = asking.if_range is None or asking.if_range.strip() == etag
        span = parse_range(asking.range_, size) if same else None
    except RangeOutside as outside:
        refused = answer_error(outside, asking.request.scope)
        refused.headers["Content-Range"] = f"bytes */{size}"
        return refused
    status = 200
    if span is not None:
        span = Span(span.start, min(span.end, span.start + most_bytes)) if most_bytes else span
        status = 206
        headers["Content-Range"] = f"bytes {span.start}-{span.end - 1}/{size}"
    span = span or Span(0, size)
    headers["Content-Length"] = str(span.end - span.start)
    return BreakableResponse(body.read(span.start, span.end), status, headers, media_type=file.media_type)


class TakenBack(Exception):
    """What is being sent may not be seen any more."""


class BreakableResponse(StreamingResponse):
    """A body that may break off: the connection is closed before its end, so that nobody takes it for whole."""

    async def stream_response(self, send: Send) -> None:
        """Send it, as far as it may go."""
        try:
            await super().stream_response(send)
        except TakenBack:
            log.info("download_broken_off")


def asked_again(ctx: AppContext, look: Callable[[Transaction], object]) -> Callable[[], bool]:
    """Whether ``look``, which refuses by raising, still refuses nothing."""

    def may_go_on() -> bool:
        with ctx.db.reading() as session:
            try:
                look(session)
            except PipelineError:
                return False
        return True

    return may_go_on


def while_allowed(blocks: Iterator[bytes], may_go_on: Callable[[], bool]) -> Iterator[bytes]:
    """The blocks, until it may not go on; asked once a second. Raises: TakenBack."""
    asked_at = time.monotonic()
    for block in blocks:
        if time.monotonic() - asked_at >= _ASK_EVERY_S:
            if not may_go_on():
                raise TakenBack
            asked_at = time.monotonic()
        yield block


def parse_range(header: str | None, size: int) -> Span | None:
    """The one range a Range header asks for; None for none, several, or what is not understood (RFC 9110, 14.2).

    Raises: RangeOutside.
    """
    found = _RANGE.fullmatch((header or "").replace(" ", "").lower())
    if found is None:
        return None
    first, last, suffix = found.groups()
    if suffix is not None:
        span = Span(max(0, size - int(suffix)), size)
    elif last and int(last) < int(first):
        return None
    else:
        span = Span(int(first), min(size, int(last) + 1) if last else size)
    if span.start >= span.end:
        raise RangeOutside
    return span


def _names(header: str, etag: str) -> bool:
    return any(one.strip().removeprefix("W/") in {etag, "*"} for one in header.split(","))


def _disposition(media_type: str) -> str:
    return "inline" if media_type.startswith(_SHOWN_IN_PLACE) else "attachment"
