"""A pass lets one browser look at one address for an hour: players cannot carry a token.

It travels as a cookie that is sent to that address alone and that no script can read and no other site can use. So
nothing of it stands in an address, where logs, histories and referrers would keep it.
"""

from __future__ import annotations

import hmac
import time
from hashlib import sha256
from typing import Final

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import Response

PASS: Final = "vigpack_pass"  # noqa: S105 its name
PASS_S: Final = 3600


def give_pass(answer: Response, key: bytes, path: str, *, secure: bool, lasts_s: int = PASS_S) -> None:
    """Let the receiver of this answer look at ``path``; another key makes the pass worthless."""
    ends_at = int(time.time()) + lasts_s
    answer.set_cookie(
        PASS, f"{ends_at}.{_sign(key, path, ends_at)}",
        max_age=lasts_s, path=path, secure=secure, httponly=True, samesite="strict",
    )  # fmt: skip


def has_pass(headers: Headers, key: bytes, path: str) -> bool:
    """Whether a request brings a pass for ``path`` that has not run out."""
    ends_at, _, signature = cookie_parser(headers.get("cookie", "")).get(PASS, "").partition(".")
    if not (ends_at.isascii() and ends_at.isdecimal()) or len(ends_at) > 12 or int(ends_at) < time.time():
        return False
    return hmac.compare_digest(signature.encode(), _sign(key, path, int(ends_at)).encode())


def _sign(key: bytes, path: str, ends_at: int) -> str:
    return hmac.new(key, f"{PASS}\n{path}\n{ends_at}".encode(), sha256).hexdigest()
