"""Who asks: found from what a request brings, the same for every route."""

from __future__ import annotations

import asyncio
import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import Scope as Request

from api.errors import AddressWanted, NotFromHere, RequestRefused, TokenWanted, TooManyWrongTokens
from api.middleware.access import Need
from api.middleware.session_cookie import read_session_cookie
from api.middleware.source_cookie import has_pass
from api.middleware.wrong_tokens import WrongTokens, place_of
from records.accounts.api_tokens import PREFIX, find_api_token, touch_api_token
from records.accounts.principal import MACHINE_ACCOUNT, Principal, Scope, Via
from records.accounts.sessions import SessionFound, find_session, is_to_forget, touch_session
from records.accounts.shared_secrets import SharedSecrets, shared_principal
from records.audit.act import doing
from records.clock import utcnow
from records.database import Database
from records.errors import DatabaseUnavailable
from records.secrets.service_key import service_key
from records.settings import Settings

_FORWARDED = ("forwarded", "via", "x-real-ip", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto")
_LOOKING = {"GET", "HEAD"}
_MOST_REMEMBERED: Final = 1000
WITHOUT_DATABASE = frozenset[Scope | Need]({Scope.OPERATIONS_READ})
"""What a session still opens while the database is away: IT wants to see just then how the service is."""


class Identity:
    """Finds the principal of a request. One for each process."""

    def __init__(self, settings: Settings, secrets: SharedSecrets, db: Database | None, wrong: WrongTokens) -> None:
        """Without a database there are only the shared secrets."""
        self.secrets = secrets
        self._settings, self._db, self._wrong = settings, db, wrong
        self._pass_keys = dict(secrets.pass_keys())
        self._browser_key = service_key(settings, "known browsers") if settings.has_accounts else b""
        self._remembered: OrderedDict[str, tuple[Principal, datetime]] = OrderedDict()
        self._touching: set[asyncio.Task[None]] = set()

    @property
    def browser_key(self) -> bytes:
        """What signs the cookie by which a browser that was let in before is known."""
        return self._browser_key or next(iter(self._pass_keys.values()), b"")

    def pass_key(self, account_id: str) -> bytes | None:
        """What signs the passes of an account's players; None where it gives none."""
        return self._pass_keys.get(account_id)

    async def principal_of(self, request: Request, headers: Headers, need: Need | Scope) -> Principal:
        """Who asks. Raises: RequestRefused (who it is is not known), DatabaseUnavailable."""
        if self.secrets.is_open:
            _refuse_forwarded(request)
            return shared_principal(MACHINE_ACCOUNT, Via.OPEN)
        if "authorization" in headers:
            scheme, _, given = headers["authorization"].partition(" ")
            if scheme.lower() != "bearer" or not given.strip():
                raise self.unknown()
            return await self.holder_of(request, headers, given.strip(), api_tokens=True)
        value = read_session_cookie(request, headers, self._settings)
        if value and (principal := await self._by_session(value, need)):
            return principal
        if request["method"] in _LOOKING:
            for account_id, key in self._pass_keys.items():
                if has_pass(headers, key, request["path"]):
                    return shared_principal(account_id, Via.PASS)
        raise self.unknown()

    async def holder_of(self, request: Request, headers: Headers, given: str, *, api_tokens: bool) -> Principal:
        """Who knows this secret. Raises: RequestRefused, DatabaseUnavailable."""
        place, tried = place_of(request, headers, self.browser_key), given.encode("utf-8", "surrogateescape")
        # A machine's own secret cannot be guessed; slowing would let another account of it keep its owner out.
        if not self.secrets.is_machine and (wait_s := self._wrong.wait_s(place, tried)):
            raise TooManyWrongTokens(math.ceil(wait_s))
        found = self.secrets.holder(given)
        if found is None and api_tokens and given.startswith(PREFIX):
            found = await self._by_api_token(given)
        if found is None:
            self._wrong.note(place, tried)
            raise self.unknown()
        return found

    async def still_holds(self, request: Request, headers: Headers, principal: Principal, need: Need | Scope) -> bool:
        """Whether the session or API token that let them in still does; yes while that cannot be known.

        It counts as no use of it: a stream that stays open keeps no session from ending.
        """
        try:
            if principal.via == Via.SESSION:
                value = read_session_cookie(request, headers, self._settings)
                session = await run_in_threadpool(self._find_session, value)
                now = session.principal if session else None
            elif principal.via == Via.API_TOKEN:
                given = headers["authorization"].partition(" ")[2].strip()
                token = await run_in_threadpool(self._find_api_token, given)
                now = token[0] if token else None
            else:
                return True
        except DatabaseUnavailable:
            return True
        same = now is not None and now.account_id == principal.account_id and now.roles == principal.roles
        return same and (not isinstance(need, Scope) or (now is not None and now.may(need)))

    def forget(self, session_id: str) -> None:
        """A session was ended: it opens nothing any more while the database is away, either."""
        for value, (principal, _) in list(self._remembered.items()):
            if principal.session_id == session_id:
                del self._remembered[value]

    async def is_to_forget(self, request: Request, headers: Headers) -> bool:
        """Whether a browser that is not known comes with the session of a device that was lost."""
        value = read_session_cookie(request, headers, self._settings)
        if not value or self._db is None:
            return False
        try:
            return await run_in_threadpool(self._is_to_forget, self._db, value)
        except DatabaseUnavailable:
            return False

    def unknown(self) -> RequestRefused:
        """What to answer somebody who is not known."""
        return AddressWanted() if self.secrets.is_machine else TokenWanted()

    async def _by_session(self, value: str, need: Need | Scope) -> Principal | None:
        try:
            found = await run_in_threadpool(self._find_session, value)
        except DatabaseUnavailable:
            remembered = self._remembered.get(value)
            if need in WITHOUT_DATABASE and remembered is not None and remembered[1] > utcnow():
                return remembered[0]
            raise
        if found is None:
            self._remembered.pop(value, None)
            return None
        self._remember(value, found)
        if found.is_to_be_touched:
            self._touch(touch_session, found.principal.session_id)
        return found.principal

    async def _by_api_token(self, given: str) -> Principal | None:
        if self._db is None:
            return None
        found = await run_in_threadpool(self._find_api_token, given)
        if found is None:
            return None
        principal, is_to_be_touched = found
        if is_to_be_touched:
            self._touch(touch_api_token, principal.session_id)
        return replace(principal, session_id="")

    def _find_session(self, value: str) -> SessionFound | None:
        if self._db is None:
            return None
        with self._db.reading() as session:
            return find_session(session, self.secrets, value)

    @staticmethod
    def _is_to_forget(db: Database, value: str) -> bool:
        with db.reading() as session:
            return is_to_forget(session, value)

    def _find_api_token(self, given: str) -> tuple[Principal, bool] | None:
        assert self._db is not None  # noqa: S101 asked by _by_api_token
        with self._db.reading() as session:
            return find_api_token(session, self.secrets, given)

    def _remember(self, value: str, found: SessionFound) -> None:
        self._remembered[value] = found.principal, found.ends_at
        self._remembered.move_to_end(value)
        if len(self._remembered) > _MOST_REMEMBERED:
            self._remembered.popitem(last=False)

    def _touch(self, touch: Callable[[Any, str], None], row_id: str) -> None:
        """Note the use beside the request, which does not wait for it."""
        task = asyncio.create_task(run_in_threadpool(self._note_use, touch, row_id))
        self._touching.add(task)
        task.add_done_callback(self._touching.discard)

    def _note_use(self, touch: Callable[[Any, str], None], row_id: str) -> None:
        assert self._db is not None  # noqa: S101 it was found there
        try:
            with doing(None), self._db.session() as session:
                touch(session, row_id)
        except DatabaseUnavailable:  # it is noted with a later request
            return


def _refuse_forwarded(request: Request) -> None:
    """Somebody behind a proxy is not on this machine. Raises: NotFromHere."""
    names = {name.decode("latin-1").lower() for name, _ in request["headers"]}
    if any(name in _FORWARDED or name.startswith("x-forwarded-") for name in names):
        raise NotFromHere("asked through a proxy")
