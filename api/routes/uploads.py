"""Uploads over HTTP: tus 1.0 with creation, creation-with-upload, termination, expiration and checksum."""

from __future__ import annotations

import asyncio
import re
import time
import uuid
from base64 import b64decode, b64encode
from binascii import Error as Base64Wrong
from dataclasses import replace
from email.utils import format_datetime
from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.dependencies import AppContext, Asker, Ctx, GivenId
from api.errors import TUS_VERSION, ChecksumWrong, HeaderWrong, MediaTypeWrong, TusVersionWrong, described
from api.middleware.limits import UPLOADS
from api.upload_body import CHECKSUM_ALGORITHMS, Checksum, parse_checksum, receive_body, take
from records.accounts.principal import Principal
from records.families.access import check_upload_target
from records.families.uses import require_look
from records.uploads.errors import UploadBusy, UploadTargetMissing, UploadTooLarge
from records.uploads.uploads import RECOMMENDED_CHUNK_BYTES, Upload

router = APIRouter(prefix=UPLOADS, tags=["uploads"])
EXTENSIONS = "creation,creation-with-upload,termination,expiration,checksum"
CHUNK = "application/offset+octet-stream"
_NUMBER = re.compile(r"\d{1,18}")
_ID = re.compile(r"[0-9a-f]{32}")
_FINISH_S = 30.0
_TRY_AGAIN_S = 0.1


def _header(name: str, example: str, *, required: bool = True) -> dict[str, Any]:
    schema = {"type": "string", "example": example}
    return {"name": name, "in": "header", "required": required, "schema": schema}


_TUS = _header("Tus-Resumable", TUS_VERSION)
_CHUNK_BODY = {"required": False, "content": {CHUNK: {"schema": {"type": "string", "format": "binary"}}}}


@router.options("/", status_code=204, include_in_schema=False)
@router.options("", status_code=204, summary="Supported tus version and extensions")
async def get_upload_options(ctx: Ctx) -> Response:
    """The version, extensions and largest upload; 8 MiB chunks pass every proxy and are saved quickly."""
    return Response(
        status_code=204,
        headers={
            "Tus-Version": TUS_VERSION,
            "Tus-Extension": EXTENSIONS,
            "Tus-Max-Size": str(ctx.settings.max_upload_bytes),
            "Tus-Checksum-Algorithm": ",".join(CHECKSUM_ALGORITHMS),
            "Vigpack-Chunk-Size": str(RECOMMENDED_CHUNK_BYTES),
        },
    )


@router.post("/", status_code=201, include_in_schema=False)  # tus clients write it with and without
@router.post(
    "",
    status_code=201,
    summary="Create an upload",
    responses=described(400, 401, 404, 409, 412, 413, 429, 503, 507),
    openapi_extra={
        "parameters": [
            _TUS,
            _header("Upload-Length", "31500000"),
            _header("Upload-Metadata", "moment MGYxZTJkM2M0YjVhNjk3ODg3OTZhNWI0YzNkMmUxZjA="),
        ],
        "requestBody": _CHUNK_BODY,
    },
)
async def create_upload(request: Request, asker: Asker, ctx: Ctx) -> Response:
    """A place to send one film to. The metadata names, in base64, the `moment` it holds, or the `selection` whose
    whole film it is; nothing else in it is looked at or kept. Bytes may come along.
    """
    _check_version(request)
    if _only(request, "upload-defer-length") is not None:
        raise HeaderWrong("Upload-Defer-Length is not spoken here; send Upload-Length")
    length = _number(request, "upload-length")
    target = _target(_only(request, "upload-metadata") or "")
    with_bytes = _only(request, "content-type") == CHUNK
    checksum = parse_checksum(_only(request, "upload-checksum")) if with_bytes else None
    if with_bytes:
        _check_fits(request, length)
    await run_in_threadpool(_check_target, ctx, asker, **target)
    upload = await run_in_threadpool(ctx.uploads.create, length, **target)
    if with_bytes:
        try:
            upload = await _receive(request, ctx, upload, checksum)
        except (ChecksumWrong, UploadTooLarge):
            await run_in_threadpool(ctx.uploads.terminate, upload.id)  # nobody was told its address
            raise
    headers = {"Location": f"{UPLOADS}/{upload.id}", **_expiry(upload)}
    if with_bytes:
        headers["Upload-Offset"] = str(upload.offset_bytes)
    return Response(status_code=201, headers=headers)


@router.head(
    "/{upload_id}",
    summary="Offset of an upload",
    responses=described(401, 404, 410, 412),
    openapi_extra={"parameters": [_TUS]},
)
async def get_upload_offset(upload_id: GivenId, request: Request, ctx: Ctx) -> Response:
    """Where to go on. If everything is here but a crash came before it was handed on, that is done now."""
    _check_version(request)
    upload = await run_in_threadpool(ctx.uploads.find, upload_id)
    if upload.all_here and not upload.complete:
        await run_in_threadpool(ctx.uploads.finish, upload)
        upload = await run_in_threadpool(ctx.uploads.find, upload.id)
    headers = {"Upload-Offset": str(upload.offset_bytes), "Upload-Length": str(upload.length_bytes)}
    headers["Upload-Metadata"] = _metadata(upload)
    return Response(status_code=200, headers={**headers, "Cache-Control": "no-store", **_expiry(upload)})


@router.patch(
    "/{upload_id}",
    status_code=204,
    summary="Append bytes to an upload",
    responses=described(400, 401, 404, 409, 410, 412, 413, 415, 423, 460, 503, 507),
    openapi_extra={
        "parameters": [
            _TUS,
            _header("Upload-Offset", "0"),
            _header("Upload-Checksum", "sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=", required=False),
        ],
        "requestBody": _CHUNK_BODY,
    },
)
async def append_upload_bytes(upload_id: GivenId, request: Request, ctx: Ctx) -> Response:
    """Append at the offset. A newer request takes over from one that hangs."""
    _check_version(request)
    if _only(request, "content-type") != CHUNK:
        raise MediaTypeWrong(f"Content-Type must be {CHUNK}")
    offset = _number(request, "upload-offset")
    checksum = parse_checksum(_only(request, "upload-checksum"))
    upload = await run_in_threadpool(ctx.uploads.find, upload_id)
    if offset == upload.offset_bytes:
        _check_fits(request, upload.length_bytes - offset)
    upload = await _receive(request, ctx, upload, checksum, offset)
    return Response(status_code=204, headers={"Upload-Offset": str(upload.offset_bytes), **_expiry(upload)})


@router.delete(
    "/{upload_id}",
    status_code=204,
    summary="Delete an unfinished upload",
    responses=described(401, 404, 409, 412),
    openapi_extra={"parameters": [_TUS]},
)
async def delete_upload(upload_id: GivenId, request: Request, ctx: Ctx) -> Response:
    """Erase what came of it. A finished one belongs to its selection and is erased with that."""
    _check_version(request)
    await run_in_threadpool(ctx.uploads.terminate, upload_id)
    return Response(status_code=204)


async def _receive(
    request: Request, ctx: AppContext, upload: Upload, checksum: Checksum | None, offset: int = 0
) -> Upload:
    """Take the upload over, receive the body and, with the last byte, hand the upload on."""
    holder = uuid.uuid4().hex
    upload = await run_in_threadpool(ctx.uploads.announce, upload.id, offset, holder)
    if not upload.all_here:
        taken = await take(ctx.uploads, upload, holder)
        try:
            await receive_body(request.receive, taken, ctx.uploads, holder, checksum)
        finally:
            taken.close()
        upload = await run_in_threadpool(ctx.uploads.find, upload.id)
    if upload.all_here and not upload.complete:
        await _hand_on(ctx, upload)
        upload = replace(upload, complete=True)
    return upload


async def _hand_on(ctx: AppContext, upload: Upload) -> None:
    deadline = time.monotonic() + _FINISH_S
    while not await run_in_threadpool(ctx.uploads.finish, upload):
        if time.monotonic() > deadline:
            raise UploadBusy
        await asyncio.sleep(_TRY_AGAIN_S)


def _check_target(ctx: AppContext, asker: Principal, moment_id: str = "", selection_id: str = "") -> None:
    """Nothing, if they may send for it. Raises: UploadTargetMissing, ConsentMissing."""
    with ctx.db.reading() as session:
        found = check_upload_target(session, asker, moment_id=moment_id, selection_id=selection_id)
        require_look(session, asker, found, moment_id)


def _check_version(request: Request) -> None:
    if _only(request, "tus-resumable") != TUS_VERSION:
        raise TusVersionWrong(f"Tus-Resumable must be {TUS_VERSION}")


def _check_fits(request: Request, room_bytes: int) -> None:
    """Refuse a body that is declared too long before it is read."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > max(room_bytes, 0):
        raise UploadTooLarge(
            f"{declared} bytes for the last {room_bytes}",
            for_guider="More was sent than was announced. Start this upload again.",
        )


def _only(request: Request, header: str) -> str | None:
    """The header's value; None without it. Two would leave it to chance which of them counts."""
    values = request.headers.getlist(header)
    if len(values) > 1:
        raise HeaderWrong(f"{header} was sent {len(values)} times")
    return values[0] if values else None


def _number(request: Request, header: str) -> int:
    value = _only(request, header) or ""
    if not value.isascii() or not _NUMBER.fullmatch(value):
        raise HeaderWrong(f"{header} is missing or no number")
    return int(value)


def _target(metadata: str) -> dict[str, str]:
    """What an upload is for. A file's name, if sent, goes no further than here."""
    found: dict[str, str] = {}
    for pair in metadata.split(","):
        key, _, encoded = pair.strip().partition(" ")
        if key in {"moment", "selection"}:
            try:
                value = b64decode(encoded, validate=True).decode("ascii")
            except (Base64Wrong, UnicodeDecodeError):
                raise HeaderWrong(f"Upload-Metadata: {key} is not base64") from None
            if f"{key}_id" in found:
                raise HeaderWrong(f"Upload-Metadata names two of {key}")
            if not _ID.fullmatch(value):
                raise UploadTargetMissing
            found[f"{key}_id"] = value
    if len(found) != 1:
        raise HeaderWrong("Upload-Metadata must name either a moment or a selection")
    return found


def _metadata(upload: Upload) -> str:
    """What was announced of it and kept: the moment, or the selection whose whole film it is."""
    key, value = ("moment", upload.moment_id) if upload.moment_id else ("selection", upload.selection_id)
    return f"{key} {b64encode(value.encode()).decode()}"


def _expiry(upload: Upload) -> dict[str, str]:
    return {} if upload.complete else {"Upload-Expires": format_datetime(upload.expires_at, usegmt=True)}
