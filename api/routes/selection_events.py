"""The progress of selections as server-sent events: one stream for all that a person watches."""

from __future__ import annotations

from asyncio import Event
from collections.abc import AsyncIterator
from typing import Annotated, Literal

from fastapi import APIRouter, Header, Query
from pydantic import BaseModel, Field, StringConstraints
from sse_starlette import ServerSentEvent
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.dependencies import Asker, Ctx, GivenId
from api.errors import described
from api.event_stream import EventStream, StreamEvent, stream
from api.feeds.feeds import Feeds, GivenFeeds
from api.feeds.open_streams import ClosedEvent
from api.feeds.selections import AnyEvent, GoneEvent, SelectionEvent, state_of
from api.middleware.person import Person
from api.routes.selections import PREFIX, view_now
from pipeline.limits import ID_PATTERN, LIMITS
from records.accounts.principal import Principal

router = APIRouter(tags=["selections"])
GivenIds = Annotated[
    list[Annotated[str, StringConstraints(pattern=ID_PATTERN)]],
    Query(min_length=1, max_length=LIMITS.most_watched_selections, description="Once for each selection."),
]


@router.get(
    "/api/v1/events",
    summary="The progress of several selections as server-sent events",
    response_class=EventStream,
    response_model=AnyEvent,
    responses=described(401, 422),
)
async def stream_selections(selection: GivenIds, feeds: GivenFeeds, who: Asker, person: Person) -> Response:
    """Events named `selection` hold the whole view of one of them as JSON: of each as it is when the stream begins, and
    then soon after every change, usually within a second. `gone` says that one is not there any more. To watch others
    too, open another stream with all of them: as it begins with how each is, nothing is lost in between, nor over a
    lost connection. `closed` says why the service ends the stream: one person has a few at once.
    """
    ending = Event()
    return stream(_events(feeds, who, person, selection, ending), ending)


async def _events(
    feeds: Feeds, who: Principal, person: str, ids: list[str], ending: Event
) -> AsyncIterator[ServerSentEvent]:
    with feeds.selections.watch(who, ids) as outbox, feeds.open_streams.opened(person, outbox, ending):
        async for told in outbox.read():
            yield told.message


class Nothing(BaseModel):
    """An event that says all by its name."""


class ErasedEvent(StreamEvent):
    """The selection was erased; the stream ends."""

    event: Literal["erased"] = "erased"
    data: Nothing = Nothing()


AnySelectionEvent = Annotated[SelectionEvent | ErasedEvent | ClosedEvent, Field(discriminator="event")]


@router.get(
    f"{PREFIX}/{{selection_id}}/events",
    summary="A selection's progress as server-sent events",
    response_class=EventStream,
    response_model=AnySelectionEvent,
    responses={
        204: {"description": "Nothing more will happen; the last event was seen."},
        **described(401, 404),
    },
    deprecated=True,
)
async def stream_selection(
    selection_id: GivenId,
    ctx: Ctx,
    feeds: GivenFeeds,
    who: Asker,
    person: Person,
    last_event_id: Annotated[str | None, Header()] = None,
) -> Response:
    """Kept for one release: `/api/v1/events` tells of several at once, and a browser has few connections.

    Events named `selection` hold the whole view as JSON. The stream ends when the selection is ready or failed, and
    with an event `erased` when it is erased. A browser that reconnects after the end is told that there is no more.
    """
    view = await run_in_threadpool(view_now, ctx, selection_id)
    if view.settled and last_event_id == state_of(view):
        return Response(status_code=204)
    ending = Event()
    return stream(_events_until_settled(feeds, who, person, selection_id, last_event_id, ending), ending)


async def _events_until_settled(
    feeds: Feeds, who: Principal, person: str, selection_id: str, seen: str | None, ending: Event
) -> AsyncIterator[ServerSentEvent]:
    with feeds.selections.watch(who, [selection_id]) as outbox, feeds.open_streams.opened(person, outbox, ending):
        async for told in outbox.read():
            if isinstance(told.event, GoneEvent):
                yield ErasedEvent().message()
                return
            if told.message.id is None or told.message.id != seen:
                seen = told.message.id
                yield told.message
            if isinstance(told.event, SelectionEvent) and told.event.data.settled:
                return
