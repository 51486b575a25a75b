"""Finished files over HTTP: whole or in ranges, from a folder or S3 alike, with bounded memory."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Header, Request
from starlette.responses import Response, StreamingResponse

from api.errors import NothingHere, RangeOutside, answer_error, described
from api.parts import GivenId, GivenParts
from api.selections import PREFIX
from records.models import ArtifactRow, SelectionRow

router = APIRouter(prefix=PREFIX, tags=["selections"])
_RANGE = re.compile(r"bytes=(?:(\d{1,18})-(\d{0,18})|-(\d{1,18}))")
_SHOWN_IN_PLACE = ("video/", "image/", "application/pdf")


@dataclass(frozen=True)
class Span:
    """The bytes ``[start, end)`` of a file."""

    start: int
    end: int


@router.get(
    "/{selection_id}/artifacts/{artifact_id}",
    summary="A finished file",
    response_class=Response,
    responses={
        200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}},
        206: {"description": "The asked range"},
        304: {"description": "The same as before"},
        **described(401, 404, 416, 503),
    },
)
@router.head("/{selection_id}/artifacts/{artifact_id}", include_in_schema=False)
def download(
    selection_id: GivenId,
    artifact_id: GivenId,
    request: Request,
    parts: GivenParts,
    range_: Annotated[str | None, Header(alias="range")] = None,
    if_range: Annotated[str | None, Header()] = None,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """The strong ETag is the file's SHA-256. One range is answered as such; several at once get the whole file."""
    with parts.db.reading() as session:
        row = session.get(ArtifactRow, artifact_id)
        selection = session.get(SelectionRow, selection_id)
    if row is None or row.selection_id != selection_id or selection is None or selection.erasing_at is not None:
        raise NothingHere
    etag = f'"{row.sha256}"'
    headers = {
        "ETag": etag,
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-store",
        "Content-Disposition": f'{_disposition(row.media_type)}; filename="{row.name}"',
    }
    if if_none_match is not None and _names(if_none_match, etag):
        return Response(status_code=304, headers=headers)
    size = parts.storage.size(row.storage_key)
    try:
        span = parse_range(range_, size) if if_range is None or if_range.strip() == etag else None
    except RangeOutside as outside:
        refused = answer_error(outside, request.url.path)
        refused.headers["Content-Range"] = f"bytes */{size}"
        return refused
    status = 200
    if span is not None:
        status = 206
        headers["Content-Range"] = f"bytes {span.start}-{span.end - 1}/{size}"
    span = span or Span(0, size)
    headers["Content-Length"] = str(span.end - span.start)
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers, media_type=row.media_type)
    blocks = parts.storage.read(row.storage_key, span.start, span.end)
    return StreamingResponse(blocks, status, headers, media_type=row.media_type)


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
