"""What browsers call this service, where that is not what arrives here: a proxy or a setting is wrong."""

from __future__ import annotations

import threading
import time

from records.logs import get_logger
from worker.monitoring.snapshot import AnotherAddress

_REMEMBERED_S = 3600
_MOST_TOLD = 100

log = get_logger("api.browser_addresses")


class BrowserAddresses:
    """The last such browser of a process, for an hour; each address stands in the log once. Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: tuple[float, AnotherAddress] | None = None
        self._told: set[AnotherAddress] = set()

    def note(self, seen: AnotherAddress, *, public_url: str) -> None:
        """Remember it."""
        with self._lock:
            self._last = time.monotonic(), seen
            told = seen in self._told or len(self._told) >= _MOST_TOLD
            self._told.add(seen)
        if not told:
            event = "browser_refused_for_its_address" if seen.refused else "browser_has_another_address"
            log.warning(event, browser_is_at=seen.origin, public_url=public_url or None)

    def last(self) -> AnotherAddress | None:
        """What was seen within the last hour."""
        with self._lock:
            if self._last is None or time.monotonic() - self._last[0] > _REMEMBERED_S:
                return None
            return self._last[1]
