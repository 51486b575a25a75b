"""The last lines this process logged, for the incident report where logs go to the container's own keeper."""

from __future__ import annotations

from collections import deque
from collections.abc import MutableMapping
from typing import Any

_MOST_LINES = 300
_lines: deque[str] = deque(maxlen=_MOST_LINES)


def remember(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> str:
    """A structlog processor, the last of them: keeps the line that the one before finished, and hands it on."""
    _lines.append(str(line))
    return str(line)


def recent_lines() -> list[str]:
    """The oldest first."""
    return list(_lines)
