"""The last lines this process logged, for the incident report where logs go to the container's own keeper."""

from __future__ import annotations

import logging
from collections import deque

_MOST_LINES = 300
_lines: deque[str] = deque(maxlen=_MOST_LINES)


class RecentLines(logging.Handler):
    """Keeps the newest lines."""

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line; the oldest goes."""
        _lines.append(self.format(record))


def recent_lines() -> list[str]:
    """The oldest first."""
    return list(_lines)
