"""One line in the log for each request: its id, who asked from where, which route, the answer and the time it took.

The route is the template, never the address that was asked: addresses may hold what a guider typed.
"""

from __future__ import annotations

import logging
import time
import uuid
from http import HTTPStatus

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.middleware.access import is_api
from records.logs import bound_contextvars, get_logger

_QUIET = {"/healthz", "/readyz", "/metrics"}
"""Asked every few seconds by machines; logged when the answer is no good one."""

log = get_logger("api")


class RequestLog:
    """Gives each request an id, which all that is logged meanwhile carries and the answer names, and logs its line."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = uuid.uuid4().hex[:12]
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(raw=message["headers"])["X-Request-Id"] = request_id
            await send(message)

        scope.setdefault("state", {})
        begun = time.monotonic()
        with bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, receive, send_with_id)
            finally:
                if scope["path"] not in _QUIET or status >= HTTPStatus.BAD_REQUEST:
                    _log_line(scope, status, time.monotonic() - begun)


def _log_line(scope: Scope, status: int, seconds: float) -> None:
    state, client = scope["state"], scope.get("client")
    log.log(
        logging.WARNING if status >= HTTPStatus.INTERNAL_SERVER_ERROR else logging.INFO,
        "answered",
        method=scope["method"],
        route=getattr(scope.get("route"), "path", None) or ("(api)" if is_api(scope["path"]) else "(page)"),
        status=status or None,  # None: the sender went away before there was an answer
        seconds=round(seconds, 3),
        client=client[0] if client else None,
        who=state.get("who"),
        **state.get("refused", {}),
    )
