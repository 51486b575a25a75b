"""The cookie of signing in that is under way: it leads from one step to the next and opens nothing else."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request, cookie_parser
from starlette.responses import Response

from api.middleware.session_cookie import is_https
from records.settings import Settings

_NAME: Final = "vigpack_sign_in"


def read_sign_in_cookie(request: Request, settings: Settings) -> str:
    """What the browser brought; empty where it brought none."""
    return cookie_parser(request.headers.get("cookie", "")).get(_name(request, settings), "")


def give_sign_in_cookie(answer: Response, request: Request, settings: Settings, value: str) -> None:
    """Let the browser carry it until it is closed."""
    secure = is_https(request.scope, settings)
    answer.set_cookie(_name(request, settings), value, path="/", secure=secure, httponly=True, samesite="strict")


def take_sign_in_cookie(answer: Response, request: Request, settings: Settings) -> None:
    """Let the browser forget it."""
    secure = is_https(request.scope, settings)
    answer.delete_cookie(_name(request, settings), path="/", secure=secure, httponly=True, samesite="strict")


def _name(request: Request, settings: Settings) -> str:
    return f"__Host-{_NAME}" if is_https(request.scope, settings) else _NAME
