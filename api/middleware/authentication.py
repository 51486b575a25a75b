"""Who may ask, decided before any body byte: who it is (identity.py) and what the address asks for (access.py).

On one person's machine the folder's secret opens everything, to this machine alone. Elsewhere there are two shared
tokens: the guiders' opens everything; IT's opens how the service is, and no film, word or family. A browser exchanges
either for a session; a program may have an API token; a player a pass for one address (source_cookie.py).
"""

from __future__ import annotations

import asyncio
import ipaddress
import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import CrossSite, NotFromHere, NothingHere, TokenWanted, answer_error
from api.middleware.access import SAFE_METHODS, Need, check_access, need_of
from api.middleware.identity import Identity
from api.middleware.session_cookie import FORGET_STORAGE, is_https, take_session_cookie
from api.middleware.wrong_tokens import introduction, known_browser
from pipeline.errors import PipelineError
from records.accounts.principal import Principal, Via
from records.settings import Settings

SHORTEST_TOKEN = 20
_LOOK_AGAIN_S = 15.0
"""Whether the session or API token behind an event stream still holds is asked so often."""
_HOST = re.compile(r"(\[[0-9a-fA-F:.]+\]|[0-9a-zA-Z.-]+)(?::[0-9]{1,5})?")


class OpenToTheNetwork(PipelineError):
    """The service was to listen beyond this machine without a token and without accounts."""

    code = "open_to_the_network"
    for_guider = (
        "Without people's accounts and without an access token this service listens on this machine only. "
        "Set VIGPACK_LOCAL_ACCOUNTS=true, or VIGPACK_TOKEN to a long random text, or VIGPACK_HOST to 127.0.0.1."
    )


class TokensAlike(PipelineError):
    """IT's token is the guiders' too."""

    code = "tokens_alike"
    for_guider = "VIGPACK_IT_TOKEN must be another text than VIGPACK_TOKEN: IT sees no film, no caption and no family."


class TokenTooShort(PipelineError):
    """A shared token that could be guessed."""

    code = "token_too_short"


def check_exposure(settings: Settings, host: str) -> None:
    """Nothing, if it is safe to listen on ``host``. Raises: OpenToTheNetwork, TokensAlike, TokenTooShort."""
    for name, token in (("VIGPACK_TOKEN", settings.token), ("VIGPACK_IT_TOKEN", settings.it_token)):
        if 0 < len(token.get_secret_value()) < SHORTEST_TOKEN:
            sentence = f"{name} has fewer than {SHORTEST_TOKEN} characters and could be guessed. Take a random text."
            raise TokenTooShort(for_guider=sentence)
    if settings.token.get_secret_value() and settings.token == settings.it_token:
        raise TokensAlike
    if not (settings.token.get_secret_value() or settings.has_accounts) and not is_loopback(host):
        raise OpenToTheNetwork(f"no token, and {host or 'every address'} is not loopback")


def is_loopback(host: str) -> bool:
    """Whether a name or address means this machine and no other."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


class Guard:
    """Lets a request in, or answers it without reading its body.

    The built page itself is open: it holds nothing of anybody, and it has to be loaded to sign in.
    """

    def __init__(self, app: ASGIApp, settings: Settings, identity: Identity) -> None:
        self._app = app
        self._settings = settings
        self._identity = identity
        self._only_this_machine = not (settings.token.get_secret_value() or settings.has_accounts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        try:
            principal = await self._check(scope, headers)
        except PipelineError as refused:
            answer = answer_error(refused, scope)
            if isinstance(refused, TokenWanted) and await self._identity.is_to_forget(scope, headers):
                answer.headers["Clear-Site-Data"] = FORGET_STORAGE
                take_session_cookie(answer, scope, self._settings)
            await answer(scope, receive, send)
            return
        if principal is not None:
            scope["state"] |= {"principal": principal, "who": principal.name}
            if principal.via == Via.SECRET:
                send = self._introducing(scope, headers, send)
            if scope["path"].endswith("/events"):
                await self._stream_while_it_holds(scope, headers, principal, receive, send)
                return
        await self._app(scope, receive, send)

    async def _check(self, scope: Scope, headers: Headers) -> Principal | None:
        """Who asks; None where that does not matter. Raises: RequestRefused, DatabaseUnavailable."""
        method, path = scope["method"], scope["path"]
        if scope.get("root_path"):  # routes would be found without that prefix, by which need_of knows none of them
            raise NothingHere("served under a prefix")
        if self._only_this_machine:
            _check_this_machine(scope, headers)
        need = need_of(method, path)
        if need == Need.NOTHING:
            return None
        principal = await self._identity.principal_of(scope, headers, need)
        if principal.via == Via.SESSION and method not in SAFE_METHODS:
            _check_own_page(headers)
        scope["state"]["principal"] = principal  # a refusal's line in the audit says who was refused
        check_access(principal, need)
        return principal

    def _introducing(self, scope: Scope, headers: Headers, send: Send) -> Send:
        """Sends as before, and lets a browser be known from now on; other programs keep no cookies."""
        key = self._identity.browser_key
        if "sec-fetch-site" not in headers or known_browser(headers, key):
            return send

        async def send_introduction(message: Message) -> None:
            if message["type"] == "http.response.start":
                cookie = introduction(key, secure=is_https(scope, self._settings))
                MutableHeaders(raw=message["headers"]).append("set-cookie", cookie)
            await send(message)

        return send_introduction

    async def _stream_while_it_holds(
        self, scope: Scope, headers: Headers, principal: Principal, receive: Receive, send: Send
    ) -> None:
        """Answer; once what let them in holds no more it is as if they had gone, and the stream ends as it should."""
        need = need_of(scope["method"], scope["path"])
        has_ended = is_open = False

        async def receive_while_it_holds() -> Message:
            nonlocal has_ended
            asked = asyncio.ensure_future(receive())
            try:
                while not asked.done():
                    await asyncio.wait([asked], timeout=_LOOK_AGAIN_S)
                    if not asked.done() and not await self._identity.still_holds(scope, headers, principal, need):
                        has_ended = True
                        return {"type": "http.disconnect"}
                return asked.result()
            finally:
                asked.cancel()

        async def send_and_note(message: Message) -> None:
            nonlocal is_open
            await send(message)
            is_open = message["type"] == "http.response.start" or message.get("more_body", False)

        await self._app(scope, receive_while_it_holds, send_and_note)
        if has_ended and is_open:
            await send({"type": "http.response.body", "body": b""})


def _check_this_machine(scope: Scope, headers: Headers) -> None:
    client = scope.get("client")
    if client is not None and not is_loopback(client[0]):
        raise NotFromHere(f"asked from {client[0]}")
    # A name that somebody else's domain server points at 127.0.0.1 reaches us too; its pages must not read ours.
    named = _HOST.fullmatch(headers.get("host", ""))
    if named is None or not is_loopback(named[1]):
        raise NotFromHere("asked under another name")


def _check_own_page(headers: Headers) -> None:
    """A cookie comes along with any site's request, so a session acts only where the browser says that it was our page.

    What stands in Origin is looked at by same_site.py.
    """
    if headers.get("sec-fetch-site", "same-origin" if "origin" in headers else "") != "same-origin":
        raise CrossSite("not said to be from our page")
