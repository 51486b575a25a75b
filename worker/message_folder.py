"""The queue as a folder, for a machine without a broker: kombu's, with messages that are whole when they can be seen.

kombu opens a message's file under its last name and then writes it; its reader asks for no lock and takes the file away
between the two. An empty message is no JSON, and for that a Celery worker ends, with what it was working on.
"""

from __future__ import annotations

from pathlib import Path
from time import monotonic_ns
from typing import Any
from uuid import uuid4

from kombu.transport import filesystem
from kombu.utils.json import dumps

from records.logs import get_logger

log = get_logger("queue")


class Channel(filesystem.Channel):
    """kombu's, but for how files come about and for files that a power cut left empty."""

    def _put(self, queue: str, payload: Any, **_: Any) -> None:  # type: ignore[override]
        """Add a message. Raises: OSError."""
        path = Path(self.data_folder_out, f"{monotonic_ns() // 1_000_000}_{uuid4()}.{queue}.msg")
        part = path.with_suffix(".part")
        part.write_text(dumps(payload))  # type: ignore[no-untyped-call]
        part.replace(path)

    def _get(self, queue: str, timeout: float | None = None) -> Any:  # noqa: ARG002 kombu's name
        """The next message; one that cannot be read is dropped: recovery sends its job again. Raises: Empty."""
        while True:
            try:
                return super()._get(queue)  # type: ignore[no-untyped-call]
            except ValueError:
                log.warning("message_unreadable")

    def _queue_bind(self, exchange: str, routing_key: str, pattern: str, queue: str) -> None:
        """Note that this queue is there; a note that cannot be read is written anew."""
        try:
            super()._queue_bind(exchange, routing_key, pattern, queue)  # type: ignore[no-untyped-call]
        except ValueError:
            Path(self.control_folder, f"{exchange}.exchange").unlink(missing_ok=True)
            super()._queue_bind(exchange, routing_key, pattern, queue)  # type: ignore[no-untyped-call]


class Transport(filesystem.Transport):
    """kombu's, with these channels."""

    Channel = Channel
