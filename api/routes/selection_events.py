"""A selection's progress as server-sent events."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from typing import Annotated, Literal

from fastapi import APIRouter, Header
from pydantic import BaseModel, Field
from sse_starlette import ServerSentEvent
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.dependencies import AppContext, Ctx, GivenId
from api.errors import described
from api.event_stream import EventStream, StreamEvent, stream
from api.routes.selections import PREFIX, view_now
from records.errors import DatabaseUnavailable, SelectionGone
from records.views.selections import SelectionView

router = APIRouter(prefix=PREFIX, tags=["selections"])
_LOOK_EVERY_S = 0.5
_RUNNING_CLOCKS = {
    "moments": {"__all__": {"waiting_s", "running_s"}},
    "outputs": {"__all__": {"waiting_s", "running_s"}},
}
"""These change by themselves; an event for each tick would say nothing."""


class SelectionEvent(StreamEvent):
    """The whole selection as it is now."""

    event: Literal["selection"] = "selection"
    data: SelectionView


class Nothing(BaseModel):
    """An event that says all by its name."""


class ErasedEvent(StreamEvent):
    """The selection was erased; the stream ends."""

    event: Literal["erased"] = "erased"
    data: Nothing = Nothing()


AnySelectionEvent = Annotated[SelectionEvent | ErasedEvent, Field(discriminator="event")]


@router.get(
    "/{selection_id}/events",
    summary="A selection's progress as server-sent events",
    response_class=EventStream,
    response_model=AnySelectionEvent,
    responses={
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
    return stream(_events(ctx, view, last_event_id))


async def _events(ctx: AppContext, view: SelectionView, seen: str | None) -> AsyncIterator[ServerSentEvent]:
    while True:
        now = _event_id(view)
        if now != seen:
            seen = now
            yield SelectionEvent(data=view).message(now)
        if view.settled:
            return
        await asyncio.sleep(_LOOK_EVERY_S)
        try:
            view = await run_in_threadpool(view_now, ctx, view.id)
        except DatabaseUnavailable:  # the stream goes on; its keep-alives tell that somebody is there
            continue
        except SelectionGone:
            yield ErasedEvent().message()
            return


def _event_id(view: SelectionView) -> str:
    """Tells one state of a selection from another, on every process the same."""
    return hashlib.sha256(view.model_dump_json(exclude=_RUNNING_CLOCKS).encode()).hexdigest()[:16]
