"""What holds for every answer: safe headers, bounded bodies, and no unknown error's text."""

from __future__ import annotations

import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import TUS_VERSION, BodyTooLarge, answer_error, answer_unknown
from api.middleware.access import is_api
from pipeline.images.photograph import PhotographTooLarge
from pipeline.limits import LIMITS

UPLOADS = "/api/v1/uploads"
MOST_BODY_BYTES = 1 << 20
_ARTWORK = re.compile(r"/api/v1/(selections/[0-9a-f]{32}/artwork|families/[0-9a-f]{32}/consent-forms)")
_API_POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
_PAGE_POLICY = (
    "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; worker-src 'self' blob:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
# The one script that compiles WebAssembly, in a worker of its own: it can neither load nor send anything.
_DECODER = re.compile(r"/assets/hevcDecoder-[\w-]+\.js")
_DECODER_POLICY = "default-src 'none'; script-src 'wasm-unsafe-eval'; frame-ancestors 'none'; base-uri 'none'"
_SAFE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    # What neither the page nor a pack's player ever needs; a script that got in could not have it either. Passkeys are
    # the page's own: no frame in it may ask for them.
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), display-capture=(), payment=(), usb=(), "
    "serial=(), hid=(), midi=(), publickey-credentials-create=(self), publickey-credentials-get=(self)",
}


class SecurityHeaders:
    """Adds the headers to every answer and turns an unforeseen error into an incident number."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        has_begun = False

        async def send_safely(message: Message) -> None:
            nonlocal has_begun
            if message["type"] == "http.response.start":
                has_begun = True
                add_safe_headers(MutableHeaders(raw=message["headers"]), scope["path"])
            await send(message)

        try:
            await self._app(scope, receive, send_safely)
        except Exception as error:  # noqa: BLE001 the last place where an error can become an answer
            answer = answer_unknown(error)
            if has_begun:  # the answer has begun; all that is left is to cut it short
                raise AnswerCutShort from None
            await answer(scope, receive, send_safely)


class AnswerCutShort(Exception):
    """An error after the answer had begun; its cause is in the log under its incident number."""


class BodyLimit:
    """Bounds every body but those of uploads, which bound themselves."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or is_upload(scope["path"]):
            await self._app(scope, receive, send)
            return
        most = LIMITS.largest_photograph_bytes if _ARTWORK.fullmatch(scope["path"]) else MOST_BODY_BYTES
        declared = Headers(scope=scope).get("content-length", "")
        if declared.isdecimal() and int(declared) > most:
            too_large = BodyTooLarge() if most == MOST_BODY_BYTES else PhotographTooLarge()
            await answer_error(too_large, scope)(scope, receive, send)
            return
        received = 0

        async def receive_bounded() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > most:
                raise HTTPException(413)
            return message

        await self._app(scope, receive_bounded, send)


class MethodOverride:
    """tus clients behind old proxies send POST and name the method they mean."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and is_upload(scope["path"]) and scope["method"] == "POST":
            meant = Headers(scope=scope).get("x-http-method-override", "").upper()
            if meant in {"PATCH", "DELETE", "HEAD", "OPTIONS"}:
                scope["method"] = meant  # not in a copy: the log's line would not know the route
        await self._app(scope, receive, send)


def is_upload(path: str) -> bool:
    """Whether a path speaks tus."""
    return path == UPLOADS or path.startswith(UPLOADS + "/")


def add_safe_headers(headers: MutableHeaders, path: str) -> None:
    """Add what every answer carries."""
    for name, value in _SAFE_HEADERS.items():
        headers.setdefault(name, value)
    api = is_api(path)
    policy = _API_POLICY if api else _DECODER_POLICY if _DECODER.fullmatch(path) else _PAGE_POLICY
    headers.setdefault("Content-Security-Policy", policy)
    if api:
        headers.setdefault("Cache-Control", "private, no-store")
    if is_upload(path):
        headers["Tus-Resumable"] = TUS_VERSION
