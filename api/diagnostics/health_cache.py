"""The health of the service, asked for once for all who ask within a second: ten open IT pages cost what one does."""

from __future__ import annotations

import threading
import time

from api.diagnostics.browser_addresses import BrowserAddresses
from records.database import Database
from records.settings import Settings
from records.storage.contract import Storage
from worker.monitoring.health import Health, health

_FRESH_S = 1.5


class HealthCache:
    """The last health, asked for anew when it is older than a second and a half. May be shared by threads."""

    def __init__(self, db: Database, settings: Settings, storage: Storage, browsers: BrowserAddresses) -> None:
        self._parts = (db, settings, storage)
        self._browsers = browsers
        self._one_at_a_time = threading.Lock()
        self._last: tuple[float, Health] | None = None

    def get(self) -> Health:
        """How the service is; never raises, and takes a few seconds where a part is away."""
        with self._one_at_a_time:
            if self._last is None or time.monotonic() - self._last[0] > _FRESH_S:
                self._last = time.monotonic(), health(*self._parts, another_address=self._browsers.last())
            return self._last[1]
