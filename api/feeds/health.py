"""The health of the service as it changes, looked at once for all who watch."""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal

from pydantic import Field
from starlette.concurrency import run_in_threadpool

from api.diagnostics.health_cache import HealthCache
from api.event_stream import StreamEvent
from api.feeds.open_streams import ClosedEvent
from api.feeds.outbox import Outbox, Told
from api.feeds.poller import Poller
from worker.monitoring.health import Health

_LOOK_EVERY_S: Final = 2.0
_AT_LEAST_EVERY_S: Final = 10.0
_TICKING: Final[dict[str, Any]] = {
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


AnyHealthEvent = Annotated[HealthEvent | ClosedEvent, Field(discriminator="event")]


class HealthFeed:
    """All who watch the health of the service in this process."""

    def __init__(self, cache: HealthCache) -> None:
        self._cache = cache
        self._poller: Poller[Outbox] = Poller(self._tell, _LOOK_EVERY_S)
        self._told: set[int] = set()
        self._state, self._told_s = "", 0.0

    @contextlib.contextmanager
    def watch(self) -> Iterator[Outbox]:
        """How it is now, then every change within two seconds, and every ten seconds how it is."""
        outbox = Outbox()
        try:
            with self._poller.joined(outbox):
                yield outbox
        finally:
            self._told.discard(id(outbox))

    async def _tell(self, watchers: tuple[Outbox, ...]) -> None:
        found = await run_in_threadpool(self._cache.get)
        state, now_s = _state_of(found), time.monotonic()
        is_due = state != self._state or now_s - self._told_s >= _AT_LEAST_EVERY_S
        event = HealthEvent(data=found)
        told = Told(event, event.message())
        for outbox in watchers:
            if is_due or id(outbox) not in self._told:
                outbox.put("", told)
        self._told = {id(outbox) for outbox in watchers}
        if is_due:
            self._state, self._told_s = state, now_s


def _state_of(found: Health) -> str:
    return hashlib.sha256(found.model_dump_json(exclude=_TICKING).encode()).hexdigest()
