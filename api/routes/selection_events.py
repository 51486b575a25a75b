"""A selection's progress as server-sent events."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.dependencies import AppContext, Ctx, GivenId
from api.errors import described
from api.routes.selections import PREFIX, view_now
from records.errors import DatabaseUnavailable, SelectionGone
from records.views.selections import SelectionView

router = APIRouter(prefix=PREFIX, tags=["selections"])
_LOOK_EVERY_S = 0.5
_KEEP_ALIVE_S = 15
_RECONNECT_MS = 2000
_RUNNING_CLOCKS = {
    "moments": {"__all__": {"waiting_s", "running_s"}},
    "outputs": {"__all__": {"waiting_s", "running_s"}},
}
"""These change by themselves; an event for each tick would say nothing."""


@router.get(
    "/{selection_id}/events",
    summary="A selection's progress as server-sent events",
    response_class=EventSourceResponse,
    responses={
        200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}},
        204: {"description": "Nothing more will happen; the last event was seen."},
        **described(401, 404),
    },
)
async def stream_selection(
    selection_id: GivenId,
    ctx: Ctx,
    last_event_id: Annotated[str | None, Header()] = None,
) -> Response:
    """Events named `selection` hold the whole view as JSON. The stream ends when the selection is ready or failed, and
    with an event `erased` when it is erased. A browser that reconnects after the end is told that there is no more.
    """
    view = await run_in_threadpool(view_now, ctx, selection_id)
    if view.settled and last_event_id == _event_id(view):
        return Response(status_code=204)
    return EventSourceResponse(
        _events(ctx, view, last_event_id),
        ping=_KEEP_ALIVE_S,
        headers={"Cache-Control": "private, no-store", "X-Accel-Buffering": "no"},
    )


async def _events(ctx: AppContext, view: SelectionView, seen: str | None) -> AsyncIterator[ServerSentEvent]:
    while True:
        now = _event_id(view)
        if now != seen:
            seen = now
            yield ServerSentEvent(view.model_dump_json(), event="selection", id=now, retry=_RECONNECT_MS)
        if view.settled:
            return
        await asyncio.sleep(_LOOK_EVERY_S)
        try:
            view = await run_in_threadpool(view_now, ctx, view.id)
        except DatabaseUnavailable:  # the stream goes on; its keep-alives tell that somebody is there
            continue
        except SelectionGone:
            yield ServerSentEvent("{}", event="erased")
            return


def _event_id(view: SelectionView) -> str:
    """Tells one state of a selection from another, on every process the same."""
    return hashlib.sha256(view.model_dump_json(exclude=_RUNNING_CLOCKS).encode()).hexdigest()[:16]
