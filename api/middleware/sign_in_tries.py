"""Attempts to sign in: few a minute from one place and for one account, and few passwords hashed at the same time."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final, TypeVar

from starlette.requests import Request

from api.errors import TooManyWrongTokens
from api.middleware.identity import Identity
from api.middleware.wrong_tokens import WrongTokens, is_known_to, known_browser, place_of
from records.accounts.local.errors import SignInWrong
from records.secrets.keys import hash_secret

AT_ONCE: Final = 2
"""Each takes 19 MiB and a processor; the API's other threads stay free."""
T = TypeVar("T")


class TooManySignIns(TooManyWrongTokens):
    """So many attempts to sign in failed from this place, or for this account, that for a while none is looked at."""

    code = "too_many_sign_ins"
    for_guider = "Signing in failed too often from your network or for this login. Please try again in a minute."


class SignInTries:
    """Those of this process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.wrong = WrongTokens(clock)
        self._hashing = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="password")

    @contextmanager
    def one(self, request: Request, account: str) -> Iterator[None]:
        """Within, something is compared; SignInWrong means that it was wrong. ``account``: its id or login.

        A browser in which this account signed in last is slowed for itself alone: who tries others' passwords from
        elsewhere keeps nobody out. Raises: TooManySignIns.
        """
        identity: Identity = request.app.state.identity
        key, hashed = identity.browser_key, hash_secret(account)
        places = [place_of(request.scope, request.headers, key)]
        if not is_known_to(known_browser(request.headers, key), key, hashed):
            places.append(f"account {hashed}")
        mark, wait_s = self.wrong.reserve(places)
        if wait_s:
            raise TooManySignIns(math.ceil(wait_s))
        try:
            yield
        except SignInWrong:
            self.wrong.count()
            raise
        except BaseException:
            self.wrong.release(places, mark)
            raise
        self.wrong.release(places, mark)

    def check_place(self, request: Request) -> None:
        """Nothing, if what cannot be guessed is still looked at from there. Raises: TooManySignIns."""
        identity: Identity = request.app.state.identity
        if wait_s := self.wrong.wait_s(place_of(request.scope, request.headers, identity.browser_key), b""):
            raise TooManySignIns(math.ceil(wait_s))

    def note_wrong(self, request: Request) -> None:
        """An invitation from there was none."""
        identity: Identity = request.app.state.identity
        self.wrong.reserve([place_of(request.scope, request.headers, identity.browser_key)])
        self.wrong.count()

    async def hash(self, work: Callable[[], T]) -> T:
        """The result of what hashes a password, in a thread of its own."""
        return await asyncio.get_running_loop().run_in_executor(self._hashing, work)
