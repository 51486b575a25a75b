"""Reading what a process logged."""

from __future__ import annotations

import json
from typing import Any


def events(said: str) -> list[dict[str, Any]]:
    """Every line of a log, each one JSON; a line that is none fails the test."""
    return [json.loads(line) for line in said.splitlines()]


def errors_in(said: str) -> list[dict[str, Any]]:
    """The events of level ERROR and above."""
    return [event for event in events(said) if event["level"] in {"error", "critical"}]
