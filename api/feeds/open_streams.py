"""How many streams a person has open in this process: beyond so many the oldest is closed, and told why."""

from __future__ import annotations

import asyncio
import contextlib
from asyncio import Event
from collections.abc import Iterator
from typing import Literal

from pydantic import BaseModel, Field

from api.event_stream import StreamEvent
from api.feeds.outbox import Outbox, Told

_SENTENCE = (
    "This page is open in more windows than the service keeps up to date for one person, so this one, the oldest, is "
    "looked after less often. Close those that you do not need."
)


class Closing(BaseModel):
    """Why a stream ends."""

    code: str = Field(examples=["too_many_streams"])
    sentence: str
    """For the guider."""


class ClosedEvent(StreamEvent):
    """The service ends this stream, and another one at once would be ended too."""

    event: Literal["closed"] = "closed"
    data: Closing


class OpenStreams:
    """Every open stream, by whose it is."""

    def __init__(self, most: int) -> None:
        """``most`` is how many one person may have at once."""
        self._most = most
        self._open: dict[str, list[Outbox]] = {}

    @contextlib.contextmanager
    def opened(self, person: str, outbox: Outbox, ending: Event) -> Iterator[None]:
        """Count one more while it is open; it ends in order once ``ending`` is set."""
        closing = asyncio.create_task(_close_at(ending, outbox))
        own = self._open.setdefault(person, [])
        own.append(outbox)
        if len(own) > self._most:
            closed = ClosedEvent(data=Closing(code="too_many_streams", sentence=_SENTENCE))
            own[0].put("", Told(closed, closed.message()))
            own.pop(0).close()
        try:
            yield
        finally:
            closing.cancel()
            if outbox in own:
                own.remove(outbox)
            if not own and self._open.get(person) is own:
                del self._open[person]


async def _close_at(ending: Event, outbox: Outbox) -> None:
    await ending.wait()
    outbox.close()
