"""The cookie that carries a session: no script can read it, and no other website can make the browser send it.

Under https its name begins with ``__Host-``, so that no neighbour of the same domain can set it. On a machine's own
http the name holds the port: browsers do not keep the cookies of two ports apart.
"""

from __future__ import annotations

from typing import Final, Literal

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import Response
from starlette.types import Scope

from records.settings import Settings

FORGET_STORAGE: Final = '"storage"'
"""Of Clear-Site-Data: what the page keeps in a browser. "cookies" would clear those of every service of the domain."""
_SESSION: Final = "vigpack_session"
_LOGIN: Final = "vigpack_login"


def read_session_cookie(scope: Scope, headers: Headers, settings: Settings) -> str:
    """What the browser brought; empty where it brought none."""
    return cookie_parser(headers.get("cookie", "")).get(_name(scope, headers, settings), "")


def give_session_cookie(answer: Response, scope: Scope, settings: Settings, value: str, keep_s: int | None) -> None:
    """Let the browser carry it for so long; None: until it is closed."""
    _set(answer, scope, settings, _SESSION, value, keep_s, "strict")


def take_session_cookie(answer: Response, scope: Scope, settings: Settings) -> None:
    """Let the browser forget it."""
    _set(answer, scope, settings, _SESSION, "", 0, "strict")


def read_login_cookie(scope: Scope, headers: Headers, settings: Settings) -> str:
    """What binds a sign-in that has begun to the browser that comes back; empty where it brought nothing."""
    return cookie_parser(headers.get("cookie", "")).get(_name(scope, headers, settings, _LOGIN), "")


def give_login_cookie(answer: Response, scope: Scope, settings: Settings, value: str, keep_s: int) -> None:
    """Let the browser carry it to the provider and back: it comes with links of other sites, and with nothing else."""
    _set(answer, scope, settings, _LOGIN, value, keep_s, "lax")


def take_login_cookie(answer: Response, scope: Scope, settings: Settings) -> None:
    """Let the browser forget it."""
    _set(answer, scope, settings, _LOGIN, "", 0, "lax")


def is_https(scope: Scope, settings: Settings) -> bool:
    """Whether browsers reach the service by TLS."""
    return scope["scheme"] == "https" or settings.public_url.startswith("https:")


def _set(
    answer: Response,
    scope: Scope,
    settings: Settings,
    kind: str,
    value: str,
    keep_s: int | None,
    same_site: Literal["strict", "lax"],
) -> None:
    name, secure = _name(scope, Headers(scope=scope), settings, kind), is_https(scope, settings)
    answer.set_cookie(name, value, max_age=keep_s, path="/", secure=secure, httponly=True, samesite=same_site)


def _name(scope: Scope, headers: Headers, settings: Settings, kind: str = _SESSION) -> str:
    if is_https(scope, settings):
        return f"__Host-{kind}"
    port = headers.get("host", "").rpartition("]")[2].partition(":")[2]
    return f"{kind}_{port if port.isdecimal() else '80'}"
