"""One sentence as a page of its own, for a browser that another site sent here and in which no page of ours is open."""

from __future__ import annotations

import base64
import html
from hashlib import sha256
from http import HTTPStatus
from typing import Final

from starlette.responses import HTMLResponse, Response

from api.errors import status_of
from pipeline.errors import PipelineError

_STYLE: Final = (
    ":root{color-scheme:light dark}body{font:18px/1.5 system-ui;max-width:34em;margin:12vh auto;padding:0 1em}"
)
_POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{base64.b64encode(sha256(_STYLE.encode()).digest()).decode()}'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


def answer_by_page(error: PipelineError) -> Response:
    """The sentence, a way back, and the status that the error has in any case."""
    status = status_of(error)
    title = "You are not signed in"
    text = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{title} · vigpack</title><style>{_STYLE}</style>"
        f'<main data-code="{html.escape(error.code)}"><h1>{title}</h1><p>{html.escape(error.for_guider)}</p>'
        f'<p><a href="/">Back to vigpack</a></p></main></html>'
    )
    headers = {"Content-Security-Policy": _POLICY}
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = "10"
    return HTMLResponse(text, status, headers)
