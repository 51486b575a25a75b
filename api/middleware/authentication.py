"""Who may ask: the holder of a token, or, while there is none, this machine alone. Decided before any body byte.

There are two tokens: the guiders' opens everything; IT's opens how the service is, and no film, word or family. Who
holds the guiders' may get a pass to look at one address without it (api/middleware/source_cookie.py).
"""

from __future__ import annotations

import hmac
import ipaddress
import math
import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import (
    NotForIt,
    NotFromHere,
    RequestRefused,
    TokenWanted,
    TooManyWrongTokens,
    answer_error,
)
from api.middleware.source_cookie import has_pass
from api.middleware.wrong_tokens import WrongTokens, introduction, known_browser, place_of
from pipeline.errors import PipelineError
from records.settings import Settings

_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
_LOOKING = {"GET", "HEAD"}
_OPEN = "/healthz"
_GUARDED_OUTSIDE_API = ("/readyz", "/metrics")
OPERATIONS = "/api/v1/operations"
THIS_MACHINE, GUIDER, IT = "this machine", "guider", "IT"
"""Who asked, as routes find it in ``request.state.who`` and as the audit notes it."""
_HOST = re.compile(r"(\[[0-9a-fA-F:.]+\]|[0-9a-zA-Z.-]+)(?::[0-9]{1,5})?")


class OpenToTheNetwork(PipelineError):
    """The service was to listen beyond this machine without a token."""

    code = "open_to_the_network"
    for_guider = (
        "Without an access token this service listens on this machine only. "
        "Set VIGPACK_TOKEN to a long random text, or VIGPACK_HOST to 127.0.0.1."
    )


class TokensAlike(PipelineError):
    """IT's token is the guiders' too."""

    code = "tokens_alike"
    for_guider = "VIGPACK_IT_TOKEN must be another text than VIGPACK_TOKEN: IT sees no film, no caption and no family."


def check_exposure(settings: Settings, host: str) -> None:
    """Nothing, if it is safe to listen on ``host``. Raises: OpenToTheNetwork, TokensAlike."""
    if settings.token.get_secret_value() and settings.token == settings.it_token:
        raise TokensAlike
    if not settings.token.get_secret_value() and not is_loopback(host):
        raise OpenToTheNetwork(f"no token, and {host or 'every address'} is not loopback")


def is_loopback(host: str) -> bool:
    """Whether a name or address means this machine and no other."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


class Guard:
    """Lets a request in, or answers it without reading its body.

    The built page itself is open: it holds nothing of anybody, and it has to be loaded to ask for the token.
    """

    def __init__(self, app: ASGIApp, settings: Settings, wrong_tokens: WrongTokens) -> None:
        self._app = app
        self._wrong_tokens = wrong_tokens
        self._token = settings.token.get_secret_value().encode()
        self._it_token = settings.it_token.get_secret_value().encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        try:
            is_token_right = self._check(scope, headers)
        except RequestRefused as refused:
            await answer_error(refused, scope)(scope, receive, send)
            return
        await self._app(scope, receive, self._introducing(scope, headers, send) if is_token_right else send)

    def _check(self, scope: Scope, headers: Headers) -> bool:
        """Whether the right token was given, and not a pass in its stead or nothing at all. Raises: RequestRefused."""
        path = scope["path"]
        guarded = is_api(path) or path in _GUARDED_OUTSIDE_API
        if not self._token:
            scope["state"]["who"] = THIS_MACHINE
            _check_this_machine(scope, headers)
        if self._token and path != _OPEN and (guarded or scope["method"] not in _SAFE_METHODS):
            looks = scope["method"] in _LOOKING and "authorization" not in headers
            if looks and has_pass(headers, self._token, path):
                scope["state"]["who"] = GUIDER
                return False
            scope["state"]["who"] = who = self._holder(scope, headers)
            if who == IT and not _is_for_it(path):
                raise NotForIt
            return True
        return False

    def _holder(self, scope: Scope, headers: Headers) -> str:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        given = token.strip().encode("utf-8", "surrogateescape")
        if scheme.lower() != "bearer" or not given:
            raise TokenWanted
        place = place_of(scope, headers, self._token)
        if wait_s := self._wrong_tokens.wait_s(place, given):
            raise TooManyWrongTokens(math.ceil(wait_s))
        if hmac.compare_digest(given, self._token):
            return GUIDER
        if self._it_token and hmac.compare_digest(given, self._it_token):
            return IT
        self._wrong_tokens.note(place, given)
        raise TokenWanted

    def _introducing(self, scope: Scope, headers: Headers, send: Send) -> Send:
        """Sends as before, and lets a browser be known from now on; other programs keep no cookies."""
        if "sec-fetch-site" not in headers or known_browser(headers, self._token):
            return send

        async def send_introduction(message: Message) -> None:
            if message["type"] == "http.response.start":
                cookie = introduction(self._token, secure=scope["scheme"] == "https")
                MutableHeaders(raw=message["headers"]).append("set-cookie", cookie)
            await send(message)

        return send_introduction


def _is_for_it(path: str) -> bool:
    return path in _GUARDED_OUTSIDE_API or path == OPERATIONS or path.startswith(OPERATIONS + "/")


def is_api(path: str) -> bool:
    """Whether a path belongs to the API."""
    return path == "/api" or path.startswith("/api/")


def _check_this_machine(scope: Scope, headers: Headers) -> None:
    client = scope.get("client")
    if client is not None and not is_loopback(client[0]):
        raise NotFromHere(f"asked from {client[0]}")
    # A name that somebody else's domain server points at 127.0.0.1 reaches us too; its pages must not read ours.
    named = _HOST.fullmatch(headers.get("host", ""))
    if named is None or not is_loopback(named[1]):
        raise NotFromHere("asked under another name")
