"""Operations as they happen: the same look that the IT page begins with, as server-sent events."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator
from typing import Any, Literal

from fastapi import APIRouter
from sse_starlette import ServerSentEvent
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.diagnostics.health_cache import HealthCache
from api.errors import described
from api.event_stream import EventStream, StreamEvent, stream
from api.middleware.access import OPERATIONS
from api.routes.operations import GivenHealth
from worker.monitoring.health import Health

router = APIRouter(prefix=OPERATIONS, tags=["operations"])
_LOOK_EVERY_S = 2.0
_AT_LEAST_EVERY_S = 10.0
_TICKING: dict[str, Any] = {
    "at": True,
    "disk_free_bytes": True,
    "disk_days_left": True,
    "disk_fills_per_day_bytes": True,
    "clock_skew_s": True,
    "queue": {
        "oldest_waiting_s": True,
        "last_recovery_at": True,
        "healed_at": True,
        "done_per_hour": True,
        "running": {"__all__": {"running_s", "lease_age_s", "unmoved_s"}},
        "workers": {"__all__": {"seen_s", "skew_s"}},
    },
}
"""These change by themselves; they come along every ten seconds."""


class HealthEvent(StreamEvent):
    """The health of the service as it is now."""

    event: Literal["operations"] = "operations"
    data: Health


@router.get(
    "/events",
    summary="Health of the service as server-sent events",
    response_class=EventStream,
    response_model=HealthEvent,
    responses=described(401),
)
async def stream_health(cache: GivenHealth) -> Response:
    """Events named `operations` hold the whole look as JSON: within two seconds of a change, and every ten seconds."""
    return stream(_events(cache))


async def _events(cache: HealthCache) -> AsyncIterator[ServerSentEvent]:
    seen, told_at = "", 0.0
    while True:
        found = await run_in_threadpool(cache.get)
        state = _state_of(found)
        if state != seen or time.monotonic() - told_at >= _AT_LEAST_EVERY_S:
            seen, told_at = state, time.monotonic()
            yield HealthEvent(data=found).message()
        await asyncio.sleep(_LOOK_EVERY_S)


def _state_of(found: Health) -> str:
    return hashlib.sha256(found.model_dump_json(exclude=_TICKING).encode()).hexdigest()
