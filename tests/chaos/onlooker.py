"""IT and its Prometheus: asks for health and figures all the time, as a service in use is asked."""

from __future__ import annotations

import threading

import httpx

_EVERY_S = 0.4
_ALLOWED = {200, 503}


class Onlooker(threading.Thread):
    """Asks until told to stop; what the service may never answer is noted in ``violations``."""

    def __init__(self, base_url: str, token: str) -> None:
        super().__init__(daemon=True)
        self.violations: list[str] = []
        self.stop = threading.Event()
        self._client = httpx.Client(
            base_url=base_url, headers={"Authorization": f"Bearer {token}"}, timeout=4, trust_env=False
        )

    def run(self) -> None:
        """One question after another."""
        with self._client:
            while not self.stop.wait(_EVERY_S):
                for path in ("/readyz", "/metrics"):
                    self._ask(path)

    def _ask(self, path: str) -> None:
        try:
            answer = self._client.get(path)
        except httpx.TransportError:
            return
        if answer.status_code not in _ALLOWED:
            self.violations.append(f"{path}: {answer.status_code} {answer.text[:300]}")
