"""Who may ask: the holder of the token, or, while there is none, this machine alone. Decided before any body byte."""

from __future__ import annotations

import hmac
import ipaddress
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.errors import CrossSite, NotFromHere, RequestRefused, TokenWanted, answer_error
from pipeline.errors import PipelineError
from records.settings import Settings

_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
_OPEN = "/healthz"
_GUARDED_OUTSIDE_API = ("/readyz", "/metrics")


class OpenToTheNetwork(PipelineError):
    """The service was to listen beyond this machine without a token."""

    code = "open_to_the_network"
    for_guider = (
        "Without an access token this service listens on this machine only. "
        "Set VIGPACK_TOKEN to a long random text, or VIGPACK_HOST to 127.0.0.1."
    )


def check_exposure(settings: Settings, host: str) -> None:
    """Nothing, if it is safe to listen on ``host``. Raises: OpenToTheNetwork."""
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

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._token = settings.token.get_secret_value().encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        try:
            self._check(scope, Headers(scope=scope))
        except RequestRefused as refused:
            await answer_error(refused, scope["path"])(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _check(self, scope: Scope, headers: Headers) -> None:
        path = scope["path"]
        guarded = is_api(path) or path in _GUARDED_OUTSIDE_API
        if not self._token:
            _check_this_machine(scope, headers)
        if guarded or scope["method"] not in _SAFE_METHODS:
            _check_same_site(scope["method"], headers)
        if self._token and path != _OPEN and (guarded or scope["method"] not in _SAFE_METHODS):
            self._check_token(headers.get("authorization", ""))

    def _check_token(self, authorization: str) -> None:
        scheme, _, token = authorization.partition(" ")
        same = hmac.compare_digest(token.strip().encode("utf-8", "surrogateescape"), self._token)
        if scheme.lower() != "bearer" or not same:
            raise TokenWanted


def is_api(path: str) -> bool:
    """Whether a path belongs to the API."""
    return path == "/api" or path.startswith("/api/")


def _check_this_machine(scope: Scope, headers: Headers) -> None:
    client = scope.get("client")
    if client is not None and not is_loopback(client[0]):
        raise NotFromHere(f"asked from {client[0]}")
    # A name that somebody else's domain server points at 127.0.0.1 reaches us too; its pages must not read ours.
    if not is_loopback(_host_in(f"//{headers.get('host', '')}")):
        raise NotFromHere("asked under another name")


def _check_same_site(method: str, headers: Headers) -> None:
    if headers.get("sec-fetch-site", "none") not in {"none", "same-origin"}:
        raise CrossSite("Sec-Fetch-Site")
    origin = headers.get("origin")
    if method not in _SAFE_METHODS and origin is not None and origin.partition("//")[2] != headers.get("host"):
        raise CrossSite("Origin")


def _host_in(address: str) -> str:
    """The host of an address; empty if it has none or makes no sense."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:  # such as a bracket that is never closed
        return ""
