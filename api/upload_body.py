"""One PATCH's body on its way to the disk: bounded memory, saved often, stopped when a newer request takes over."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
from base64 import b64decode
from binascii import Error as Base64Wrong
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.types import Message, Receive

from api.errors import ChecksumWrong, HeaderWrong
from records.uploads.errors import UploadBusy
from records.uploads.uploads import Upload, Uploads
from records.uploads.writer import UploadWriter

CHECKSUM_ALGORITHMS = ("sha1", "sha256")
_WRITE_BYTES = 1 << 20
_SAVE_BYTES = 8 << 20
_LOOK_S = 2.0
"""How soon a request saves what it has and notices that it was taken over, however slowly its bytes come,"""
_IDLE_S = 1.0
"""and when none come at all."""
_TAKE_S = 10.0
_TRY_AGAIN_S = 0.05


@dataclass(frozen=True)
class Checksum:
    """What the sender says that the body's bytes add up to."""

    algorithm: str
    digest: bytes


def parse_checksum(header: str | None) -> Checksum | None:
    """The Upload-Checksum header, if there is one. Raises: HeaderWrong."""
    if header is None:
        return None
    algorithm, _, encoded = header.strip().partition(" ")
    if algorithm not in CHECKSUM_ALGORITHMS:
        raise HeaderWrong(f"Upload-Checksum with an algorithm other than {', '.join(CHECKSUM_ALGORITHMS)}")
    try:
        return Checksum(algorithm, b64decode(encoded, validate=True))
    except Base64Wrong:
        raise HeaderWrong("Upload-Checksum is not base64") from None


async def take(uploads: Uploads, upload: Upload, holder: str) -> UploadWriter:
    """The upload, once its former writer has let go. Raises: UploadBusy and what try_take() raises."""
    deadline = time.monotonic() + _TAKE_S
    while (taken := await run_in_threadpool(uploads.try_take, upload, holder)) is None:
        if time.monotonic() > deadline:
            raise UploadBusy
        await asyncio.sleep(_TRY_AGAIN_S)
    return taken


async def receive_body(
    receive: Receive, taken: UploadWriter, uploads: Uploads, holder: str, checksum: Checksum | None = None
) -> None:
    """Write the request's body to the upload. When the sender goes away, what came is saved.

    With a checksum nothing is saved until the whole body is here and right; a broken one leaves no trace.
    Raises: ChecksumWrong, TakenOver, UploadMissing, UploadTooLarge, NoRoom, StorageUnavailable.
    """
    body = _Body(receive)
    pending = bytearray()
    digest = hashlib.new(checksum.algorithm) if checksum else None  # the algorithms are those of the protocol
    looked_at = time.monotonic()
    try:
        while body.open:
            message = await body.next_message(_IDLE_S)
            if message is not None:
                pending += message.get("body", b"")
            due = message is None or time.monotonic() - looked_at > _LOOK_S
            if pending and (due or not body.open or len(pending) >= _WRITE_BYTES):
                if digest is not None:
                    digest.update(pending)
                await run_in_threadpool(taken.write, bytes(pending))
                pending.clear()
            if checksum is None and taken.unsaved_bytes and (due or taken.unsaved_bytes >= _SAVE_BYTES):
                await run_in_threadpool(taken.save)
                looked_at = time.monotonic()
            elif due:
                await run_in_threadpool(uploads.check_holder, taken.id, holder)
                looked_at = time.monotonic()
    finally:
        body.close()
    if checksum is not None and digest is not None:
        await _keep_if_right(taken, body, digest.digest(), checksum)
    await run_in_threadpool(taken.save)


async def _keep_if_right(taken: UploadWriter, body: _Body, found: bytes, checksum: Checksum) -> None:
    if not body.whole or not hmac.compare_digest(found, checksum.digest):
        await run_in_threadpool(taken.forget_unsaved)
        if body.whole:
            raise ChecksumWrong


class _Body:
    """The messages of one request's body, waited for with a time-out that loses none."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._next: asyncio.Task[Message] | None = None
        self.open = True
        self.whole = False

    async def next_message(self, timeout_s: float) -> Message | None:
        """The next message, or None if none came in time."""
        if self._next is None:
            self._next = asyncio.ensure_future(_call(self._receive))
        done, _ = await asyncio.wait({self._next}, timeout=timeout_s)
        if not done:
            return None
        message = self._next.result()
        self._next = None
        if message["type"] == "http.disconnect":
            self.open = False
        elif not message.get("more_body", False):
            self.open, self.whole = False, True
        return message

    def close(self) -> None:
        """Wait for no further message."""
        if self._next is not None:
            self._next.cancel()


async def _call(receive: Receive) -> Message:
    return await receive()
