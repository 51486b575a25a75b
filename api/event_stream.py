"""Server-sent events whose payloads stand in the OpenAPI document."""

from __future__ import annotations

from asyncio import Event
from collections.abc import AsyncIterator

from pydantic import BaseModel, ConfigDict
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.responses import JSONResponse

_KEEP_ALIVE_S = 15
_RECONNECT_MS = 2000
_GRACE_S = 2


class StreamEvent(BaseModel):
    """One event: its name, and what its `data` holds as JSON."""

    model_config = ConfigDict(frozen=True, json_schema_serialization_defaults_required=True)

    event: str
    data: BaseModel

    def message(self, event_id: str | None = None) -> ServerSentEvent:
        """As it is sent."""
        return ServerSentEvent(self.data.model_dump_json(), event=self.event, id=event_id, retry=_RECONNECT_MS)


class EventStream(JSONResponse):
    """Describes a stream by the route's `response_model`, which is one of its events: OpenAPI 3.1 has no other way.

    Only the description is made from it: FastAPI tells of any class but JSONResponse's that it answers with a string.
    """

    media_type = "text/event-stream"


def stream(messages: AsyncIterator[ServerSentEvent], ending: Event) -> EventSourceResponse:
    """The answer: the messages as they come, and a comment every 15 s.

    ``ending`` is set when the service is to end: a stream that is not over soon after is broken off in its middle.
    """
    return EventSourceResponse(
        messages,
        ping=_KEEP_ALIVE_S,
        headers={"Cache-Control": "private, no-store", "X-Accel-Buffering": "no"},
        shutdown_event=ending,  # type: ignore[arg-type]  # it is only set
        shutdown_grace_period=_GRACE_S,
    )
