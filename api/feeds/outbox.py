"""What one stream has still to send: of each subject only the newest, so that a slow reader costs no memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from sse_starlette import ServerSentEvent

from api.event_stream import StreamEvent

E_co = TypeVar("E_co", bound=StreamEvent, covariant=True)


@dataclass(frozen=True)
class Told(Generic[E_co]):
    """An event, and as it is sent: written out once for all who get it."""

    event: E_co
    message: ServerSentEvent


class Outbox:
    """Filled by feeds, emptied by one stream, all in the same event loop."""

    def __init__(self) -> None:
        self._waiting: dict[str, Told[StreamEvent]] = {}
        self._woken = asyncio.Event()
        self._is_closed = False

    def put(self, subject: str, told: Told[StreamEvent]) -> None:
        """Send this, in place of what was not yet sent of the same subject."""
        if self._is_closed:
            return
        self._waiting.pop(subject, None)
        self._waiting[subject] = told
        self._woken.set()

    def close(self) -> None:
        """End the stream once what is here is sent."""
        self._is_closed = True
        self._woken.set()

    async def read(self) -> AsyncIterator[Told[StreamEvent]]:
        """Each as it comes, until it is closed and empty."""
        while True:
            while self._waiting:
                yield self._waiting.pop(next(iter(self._waiting)))
            if self._is_closed:
                return
            self._woken.clear()
            await self._woken.wait()
