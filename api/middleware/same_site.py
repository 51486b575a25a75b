"""No other website may act through a guider's browser, whatever proxies stand between that browser and this process.

A browser says itself whether a page of ours asks (Sec-Fetch-Site, which no script can set), wherever it reached us by
TLS or on its own machine. Only where it does not is the page's origin compared with the address that arrived here and
with VIGPACK_PUBLIC_URL: a proxy may have put another name into Host, or left out its port. Filippo Valsorda,
"Cross-Site Request Forgery", 2025, has the reasons; Go's http.CrossOriginProtection decides alike.
"""

from __future__ import annotations

import re

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.diagnostics.browser_addresses import BrowserAddresses
from api.errors import CrossSite, answer_error
from api.middleware.access import SAFE_METHODS, is_guarded
from records.accounts.organisation.configuration import CALLBACK
from worker.monitoring.snapshot import AnotherAddress

_ORIGIN = re.compile(r"https?://(\[[0-9a-f:.]{2,45}\]|[0-9a-z.-]{1,253})(:[0-9]{1,5})?")
_REMEMBERED_S = 3600


class SameSite:
    """Refuses what another website asks through a browser, without reading its body.

    It stands behind the Guard: what is remembered of somebody's address is true, as they were known there.
    """

    def __init__(self, app: ASGIApp, public_url: str, browsers: BrowserAddresses) -> None:
        self._app = app
        self._public_url = public_url
        self._browsers = browsers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            try:
                self._check(scope, Headers(scope=scope))
            except CrossSite as refused:
                await answer_error(refused, scope)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _check(self, scope: Scope, headers: Headers) -> None:
        path = scope["path"]
        acts = scope["method"] not in SAFE_METHODS
        if not acts and (path == CALLBACK or not is_guarded(path)):  # the provider sends people there; see its state
            return
        site, origin = headers.get("sec-fetch-site"), headers.get("origin")
        if site not in {None, "none", "same-origin"}:
            raise CrossSite("Sec-Fetch-Site")
        arrived = origin is not None and origin.partition("//")[2] == headers.get("host")
        if not acts or origin is None or arrived or origin == self._public_url:
            return
        refused, is_known = site is None, "principal" in scope["state"]
        if is_known and (refused or self._public_url) and _ORIGIN.fullmatch(origin):
            self._browsers.note(AnotherAddress(origin=origin, refused=refused), public_url=self._public_url)
        if refused:
            raise CrossSite("Origin")
