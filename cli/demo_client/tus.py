"""Sending a file by tus 1.0, in chunks, going on after whatever happened from where the server stands."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from pipeline.errors import PipelineError

CHUNK_BYTES = 8 << 20
_READ_BYTES = 64 << 10
_TUS = {"Tus-Resumable": "1.0.0"}
_PATIENCE_S = 60.0
_STANDS_ELSEWHERE = (httpx.codes.CONFLICT, httpx.codes.LOCKED)
"""The request before this one was still writing: ask again where the server stands."""


class SendingFailed(PipelineError):
    """A file could not be sent."""

    code = "sending_failed"


class _CutOff(Exception):
    """Raised in the middle of a request's body: the connection is closed under it."""


@dataclass(frozen=True)
class Sent:
    """How the sending went. ``resumed_at`` is None where nothing interrupted it."""

    bytes: int
    seconds: float
    resumed_at: int | None


def send_file(
    client: httpx.Client,
    create_url: str,
    path: Path,
    metadata: dict[str, str],
    *,
    cut_off_at: int | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> Sent:
    """Send all of ``path``; where ``cut_off_at`` is given, the connection is dropped once after that many bytes.

    Raises: SendingFailed.
    """
    began = time.monotonic()
    total = path.stat().st_size
    words = ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in metadata.items())
    created = client.post(create_url, headers=_TUS | {"Upload-Length": str(total), "Upload-Metadata": words})
    _expect(created, httpx.codes.CREATED)
    url = str(created.request.url.join(created.headers["Location"]))
    offset, resumed_at = 0, None
    give_up_at = time.monotonic() + _PATIENCE_S
    while offset < total:
        answer: httpx.Response | None
        try:
            answer = _send_chunk(client, url, path, offset, min(CHUNK_BYTES, total - offset), cut_off_at)
        except (_CutOff, httpx.TransportError):
            answer, cut_off_at = None, None
        if answer is None or answer.status_code in _STANDS_ELSEWHERE:
            if time.monotonic() > give_up_at:
                raise SendingFailed(for_guider="The upload does not go on. Try again in a minute.")
            offset = resumed_at = _ask_offset(client, url, give_up_at)
            continue
        _expect(answer, httpx.codes.NO_CONTENT)
        offset = int(answer.headers["Upload-Offset"])
        give_up_at = time.monotonic() + _PATIENCE_S
        if on_progress:
            on_progress(offset)
    return Sent(total, time.monotonic() - began, resumed_at)


def _send_chunk(
    client: httpx.Client, url: str, path: Path, offset: int, length: int, cut_off_at: int | None
) -> httpx.Response:
    headers = _TUS | {
        "Upload-Offset": str(offset),
        "Content-Type": "application/offset+octet-stream",
        "Content-Length": str(length),
    }
    return client.patch(url, headers=headers, content=_read(path, offset, length, cut_off_at))


def _read(path: Path, offset: int, length: int, cut_off_at: int | None) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(offset)
        while length:
            block = file.read(min(_READ_BYTES, length))
            if not block:
                raise SendingFailed(f"{path.name} became shorter while it was sent")
            if cut_off_at is not None and file.tell() > cut_off_at:
                raise _CutOff
            length -= len(block)
            yield block


def _ask_offset(client: httpx.Client, url: str, give_up_at: float) -> int:
    """What the server has safely on disk; asked again, ever more slowly, while the server is away."""
    pause_s = 0.2
    while True:
        time.sleep(pause_s)
        pause_s = min(2 * pause_s, 5.0)
        try:
            answer = client.head(url, headers=_TUS)
        except httpx.TransportError as error:
            if time.monotonic() > give_up_at:
                raise SendingFailed(str(error), for_guider="The server does not answer any more.") from error
        else:
            _expect(answer, httpx.codes.OK)
            return int(answer.headers["Upload-Offset"])


def _expect(answer: httpx.Response, status: int) -> None:
    if answer.status_code != status:
        said = answer.json().get("detail") if "json" in answer.headers.get("Content-Type", "") else None
        raise SendingFailed(
            f"{answer.request.method} {answer.request.url.path}: {answer.status_code} {said or ''}",
            for_guider=said or f"The server answered {answer.status_code} where {status} was expected.",
        )
