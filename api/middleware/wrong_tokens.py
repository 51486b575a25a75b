"""Wrong tokens, counted and slowed: from one place at most ten different ones are tried in a minute.

A team's laptops share one address. So the same wrong token again (a page left open since the token was changed) is no
further try, and a browser that was once let in is told from its neighbours by a cookie, and is not slowed with them
(OWASP calls it a device cookie). The cookie opens nothing.
"""

from __future__ import annotations

import hmac
import ipaddress
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from hashlib import sha256
from typing import Final

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import Response
from starlette.types import Scope

from api.middleware.client_address import parse_address

KNOWN_BROWSER: Final = "vigpack_known_browser"
MOST_TRIED: Final = 10
WITHIN_S: Final = 60.0
_KNOWN_S: Final = 400 * 24 * 3600
"""As long as browsers keep a cookie."""
_MOST_PLACES: Final = 10_000
_IPV6_PREFIX: Final = 64
"""What one household or office is given: anyone who has it can ask from any address in it."""


class WrongTokens:
    """The wrong tokens of the last minute by place, in this process; tokens are kept as keyed hashes only."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._lock = threading.RLock()
        """Tries of several threads are counted one after the other: else two that come together could be one."""
        self._tried: OrderedDict[str, dict[bytes, float]] = OrderedDict()
        self.counted = 0
        """Wrong tokens that were looked at, since this process began."""
        self.refused = 0
        """Tokens that were not looked at, since this process began."""

    def wait_s(self, place: str, given: bytes) -> float:
        """Seconds until a token from this place is looked at again; 0: now."""
        with self._lock:
            tried = self._recent(place)
            if len(tried) < MOST_TRIED or self._digest(given) in tried:
                return 0.0
            self.refused += 1
            return min(tried.values()) + WITHIN_S - self._clock()

    def note(self, place: str, given: bytes) -> None:
        """Remember that this one was wrong."""
        with self._lock:
            self.counted += 1
            self._remember(place, given)

    def count(self) -> None:
        """One that was reserved was wrong."""
        with self._lock:
            self.counted += 1

    def _remember(self, place: str, given: bytes) -> None:
        tried = self._recent(place)
        tried.setdefault(self._digest(given), self._clock())
        self._tried[place] = tried
        self._tried.move_to_end(place)
        if len(self._tried) > _MOST_PLACES:
            self._tried.popitem(last=False)

    def reserve(self, places: list[str]) -> tuple[bytes, float]:
        """A mark for one try that is not known to be wrong yet, counted at once at each of these places, so that tries
        side by side count too; and the seconds to wait where there were too many. Then nothing is counted.
        """
        with self._lock:
            waits = [self.wait_s(place, b"") for place in places]
            if max(waits):
                return b"", max(waits)
            mark = secrets.token_bytes(16)
            for place in places:
                self._remember(place, mark)
            return mark, 0.0

    def release(self, places: list[str], mark: bytes) -> None:
        """Count a try no more: it was right."""
        with self._lock:
            for place in places:
                self._tried.get(place, {}).pop(self._digest(mark), None)

    def forget(self) -> None:
        """Nothing was tried."""
        with self._lock:
            self._tried.clear()

    def _recent(self, place: str) -> dict[bytes, float]:
        since = self._clock() - WITHIN_S
        return {digest: at for digest, at in self._tried.get(place, {}).items() if at > since}

    def _digest(self, given: bytes) -> bytes:
        return hmac.digest(self._key, given, "sha256")


def place_of(scope: Scope, headers: Headers, key: bytes) -> str:
    """Who tries: a browser that was let in before, else the network address it comes from."""
    if known := known_browser(headers, key):
        return known
    client = scope.get("client")
    address = parse_address(client[0]) if client else None
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, _IPV6_PREFIX), strict=False))
    return str(address)


def known_browser(headers: Headers, key: bytes) -> str | None:
    """The number of a browser that was let in before, as long as the key is the same."""
    name, _, signature = cookie_parser(headers.get("cookie", "")).get(KNOWN_BROWSER, "").partition(".")
    return name if name and hmac.compare_digest(signature.encode(), _sign(key, name).encode()) else None


def is_known_to(browser: str | None, key: bytes, account_id: str) -> bool:
    """Whether the one who signed in last in a known browser was this account."""
    return browser is not None and browser.endswith(_tag(key, account_id))


def introduction(key: bytes, *, secure: bool, account_id: str = "") -> str:
    """The Set-Cookie header by which a browser that was let in is known from now on, to one account above all."""
    answer, name = Response(), secrets.token_hex(16) + (_tag(key, account_id) if account_id else "")
    answer.set_cookie(
        KNOWN_BROWSER, f"{name}.{_sign(key, name)}",
        max_age=_KNOWN_S, path="/", secure=secure, httponly=True, samesite="strict",
    )  # fmt: skip
    return answer.headers["set-cookie"]


def _tag(key: bytes, account_id: str) -> str:
    return "-" + hmac.new(key, f"{KNOWN_BROWSER} of\n{account_id}".encode(), sha256).hexdigest()[:16]


def _sign(key: bytes, name: str) -> str:
    return hmac.new(key, f"{KNOWN_BROWSER}\n{name}".encode(), sha256).hexdigest()
