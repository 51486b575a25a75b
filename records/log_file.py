"""The newest lines of a part's log in a file beside those of the others: where each logs to its own container's keeper.

So that one incident report holds all of them. Several processes write into one file, in whole lines.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import socket
import time
from logging.handlers import WatchedFileHandler
from pathlib import Path

from records.settings import Settings

_MOST_BYTES = 1 << 20
_KEPT_S = 7 * 24 * 3600


class LogFile(WatchedFileHandler):
    """Appends to ``folder/NAME.log``, which is begun anew at 1 MiB; the one before is kept. It never fails."""

    def __init__(self, folder: Path, name: str) -> None:
        """Makes the folder, and drops what was not written to for a week: containers that are gone."""
        with contextlib.suppress(OSError):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for old in folder.glob("*.log*"):
                if time.time() - old.stat().st_mtime > _KEPT_S:
                    old.unlink(missing_ok=True)
        super().__init__(folder / f"{name}.log", encoding="utf-8", delay=True)

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line; begin a new file where this one is full."""
        try:
            super().emit(record)
            if self.stream is not None and self.stream.tell() > _MOST_BYTES:
                self._begin_anew()
        except OSError:
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 logging's
        """Say nothing: a full disk is told elsewhere, and the line stands in the container's own log."""

    def _begin_anew(self) -> None:
        path = Path(self.baseFilename)
        with path.open("rb") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            if path.exists() and path.stat().st_size > _MOST_BYTES:  # no other process was first
                path.replace(path.with_suffix(".log.1"))


def log_files(settings: Settings, part: str) -> list[LogFile]:
    """The file of this part on this machine, in ``log_dir``; none where that is not set."""
    return [LogFile(settings.log_dir, f"{part}-{socket.gethostname()}")] if settings.log_dir else []
