"""The cookie that carries a session: no script can read it, and no other website can make the browser send it.

Under https its name begins with ``__Host-``, so that no neighbour of the same domain can set it. On a machine's own
http the name holds the port: browsers do not keep the cookies of two ports apart.
"""

from __future__ import annotations

from typing import Final

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import Response
from starlette.types import Scope

from records.settings import Settings

_SECURE_NAME: Final = "__Host-vigpack_session"
_PLAIN_NAME: Final = "vigpack_session"


def read_session_cookie(scope: Scope, headers: Headers, settings: Settings) -> str:
    """What the browser brought; empty where it brought none."""
    return cookie_parser(headers.get("cookie", "")).get(_name(scope, headers, settings), "")


def give_session_cookie(answer: Response, scope: Scope, settings: Settings, value: str, keep_s: int | None) -> None:
    """Let the browser carry it for so long; None: until it is closed."""
    name = _name(scope, Headers(scope=scope), settings)
    answer.set_cookie(
        name, value, max_age=keep_s, path="/", secure=is_https(scope, settings), httponly=True, samesite="strict"
    )


def take_session_cookie(answer: Response, scope: Scope, settings: Settings) -> None:
    """Let the browser forget it."""
    name = _name(scope, Headers(scope=scope), settings)
    answer.delete_cookie(name, path="/", secure=is_https(scope, settings), httponly=True, samesite="strict")


def is_https(scope: Scope, settings: Settings) -> bool:
    """Whether browsers reach the service by TLS."""
    return scope["scheme"] == "https" or settings.public_url.startswith("https:")


def _name(scope: Scope, headers: Headers, settings: Settings) -> str:
    if is_https(scope, settings):
        return _SECURE_NAME
    port = headers.get("host", "").rpartition("]")[2].partition(":")[2]
    return f"{_PLAIN_NAME}_{port if port.isdecimal() else '80'}"
