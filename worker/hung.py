"""Ending a worker that stands still with all its processes, from beside it: what a container's health check does."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


def end_hung_workers(older_than_s: float) -> list[int]:
    """End by force every worker of this user and these settings that runs for so long already; their numbers.

    Only those that this process can see, with the same VIGPACK_… in their environment: in a container, its own.
    """
    ended = []
    for pid in _workers():
        with suppress(OSError):
            if time.time() - Path(f"/proc/{pid}").stat().st_mtime > older_than_s:
                os.kill(pid, signal.SIGKILL)
                ended.append(pid)
    return ended


def _workers() -> Iterator[int]:
    ours = {f"{name}={value}".encode() for name, value in os.environ.items() if name.startswith("VIGPACK_")}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            words = (folder / "cmdline").read_bytes().split(b"\0")
            theirs = set((folder / "environ").read_bytes().split(b"\0"))
            if words[1:4] == [b"-P", b"-m", b"worker"] and ours and ours <= theirs:
                yield int(folder.name)
