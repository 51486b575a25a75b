"""Operations as they happen: the same look that the IT page begins with, as server-sent events."""

from __future__ import annotations

from asyncio import Event
from collections.abc import AsyncIterator

from fastapi import APIRouter
from sse_starlette import ServerSentEvent
from starlette.responses import Response

from api.errors import described
from api.event_stream import EventStream, stream
from api.feeds.feeds import Feeds, GivenFeeds
from api.feeds.health import AnyHealthEvent
from api.middleware.access import OPERATIONS
from api.middleware.person import Person

router = APIRouter(prefix=OPERATIONS, tags=["operations"])


@router.get(
    "/events",
    summary="Health of the service as server-sent events",
    response_class=EventStream,
    response_model=AnyHealthEvent,
    responses=described(401),
)
async def stream_health(feeds: GivenFeeds, person: Person) -> Response:
    """Events named `operations` hold the whole look as JSON: within two seconds of a change, and every ten seconds."""
    ending = Event()
    return stream(_events(feeds, person, ending), ending)


async def _events(feeds: Feeds, person: str, ending: Event) -> AsyncIterator[ServerSentEvent]:
    with feeds.health.watch() as outbox, feeds.open_streams.opened(person, outbox, ending):
        async for told in outbox.read():
            yield told.message
