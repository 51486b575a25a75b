"""Asking again and again for as long as anybody watches: one task for all of them."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Final, Generic, TypeVar

from api.errors import note_incident
from records.errors import DatabaseUnavailable

W = TypeVar("W")
_LEAST_PAUSE_S: Final = 0.05
"""Between two rounds, however many come: those who join meanwhile are told together."""
_AFTER_INCIDENT_S: Final = 5.0
_PAUSE_TO_WORK: Final = 3
"""However much there is to ask, it takes at most a quarter of the time, most of which the database works."""


class Poller(Generic[W]):
    """Calls ``ask`` with all watchers every ``every_s``, and at once when one joins; not at all while there is none."""

    def __init__(self, ask: Callable[[tuple[W, ...]], Awaitable[None]], every_s: float) -> None:
        self._ask, self._every_s = ask, every_s
        self._watchers: dict[int, W] = {}
        self._joined = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @contextlib.contextmanager
    def joined(self, watcher: W) -> Iterator[None]:
        """Ask for this one too, in rounds that begin from now on."""
        if self._task is None or self._task.done():
            self._joined = asyncio.Event()
            self._task = asyncio.create_task(self._run())
        self._watchers[id(watcher)] = watcher
        self._joined.set()
        try:
            yield
        finally:
            del self._watchers[id(watcher)]

    async def _run(self) -> None:
        while self._watchers:
            self._joined.clear()
            began_s = time.monotonic()
            try:
                await self._ask(tuple(self._watchers.values()))
            except DatabaseUnavailable:  # streams go on; their keep-alives tell that somebody is there
                pass
            except Exception as error:  # noqa: BLE001 noted under its number; otherwise every stream would fall silent
                note_incident(error)
                await asyncio.sleep(_AFTER_INCIDENT_S)
            took_s = time.monotonic() - began_s
            await asyncio.sleep(_LEAST_PAUSE_S)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(self._every_s, took_s * _PAUSE_TO_WORK) - _LEAST_PAUSE_S):
                    await self._joined.wait()
