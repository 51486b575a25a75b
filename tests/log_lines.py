"""Reading what a process logged."""

from __future__ import annotations

import json
import logging
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from records.logs import JsonLines

_LEVELS = {"error", "critical"}
_BROKER_AWAY = "consumer: Cannot connect to "
"""Celery's, once for each try. A broker comes and goes, and whether that is as it should be a test asks by its jobs."""


def events(said: str) -> list[dict[str, Any]]:
    """Every line of a log, each one JSON; a line that is none fails the test."""
    return [json.loads(line) for line in said.splitlines()]


def as_logged(record: logging.LogRecord) -> dict[str, Any]:
    """A record of this process as a server would log it: event, fields, and an error's type and place."""
    event: dict[str, Any] = json.loads(JsonLines().format(record))
    return event


@dataclass
class _Log:
    processes: list[subprocess.Popen[Any]] = field(default_factory=list)
    read_bytes: int = 0


_watched: dict[Path, _Log] = {}


def watch_log(path: Path, process: subprocess.Popen[Any]) -> None:
    """Let an ERROR that this process writes there, as JSON, fail the test in which it is written."""
    _watched.setdefault(path, _Log()).processes.append(process)


def new_errors() -> list[dict[str, Any]]:
    """What was logged with level ERROR and above in the watched files since they were read last."""
    found = []
    for path, log in list(_watched.items()):
        ended = all(process.poll() is not None for process in log.processes)
        found += [event for line in _new_lines(path, log) if (event := _error_in(line))]
        if ended:
            del _watched[path]
    return found


def _new_lines(path: Path, log: _Log) -> list[bytes]:
    """Whole lines only: the last may be in the middle of being written."""
    try:
        with path.open("rb") as file:
            if path.stat().st_size < log.read_bytes:
                log.read_bytes = 0  # begun anew
            file.seek(log.read_bytes)
            whole, newline, _ = file.read().rpartition(b"\n")
    except FileNotFoundError:
        return []
    log.read_bytes += len(whole) + len(newline)
    return whole.splitlines()


def _error_in(line: bytes) -> dict[str, Any] | None:
    """Other servers' lines, and what is said before logging is configured, are no JSON."""
    if not line.startswith(b"{"):
        return None
    try:
        event: dict[str, Any] = json.loads(line)
    except ValueError:
        return None
    said = str(event.get("event", _BROKER_AWAY))  # Caddy's lines are JSON too, and have none
    return event if event.get("level") in _LEVELS and not said.startswith(_BROKER_AWAY) else None
