"""A process that we started, known by its number alone, so that the program we become by exec can go on with it.

``subprocess.Popen`` cannot be made for a process that runs already, and one that is thrown away reaps its child.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_LOOK_EVERY_S = 0.02


@dataclass
class Child:
    """A child of this process that leads a session of its own."""

    pid: int
    status: int | None = None
    """Of its end, as ``subprocess`` tells it: below 0 the signal that ended it; None while it runs."""

    def poll(self) -> int | None:
        """Its status, asked anew."""
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
        return self.status

    def wait(self, within_s: float) -> int | None:
        """Its status, waited for; None where it still runs after that time."""
        give_up_at = time.monotonic() + within_s
        while self.poll() is None and time.monotonic() < give_up_at:
            time.sleep(_LOOK_EVERY_S)
        return self.status

    def end(self, within_s: float) -> None:
        """SIGTERM to it, then SIGKILL to it and to what is left of its group; a second Ctrl-C cannot stop this."""
        if self.poll() is None:
            os.kill(self.pid, signal.SIGTERM)
            if self.wait(within_s) is None:
                os.kill(self.pid, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        if self.status is None:
            self.status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def spawn(argv: Sequence[str], env: Mapping[str, str], log: Path, stdin: int | None = None) -> Child:
    """Start a program that appends what it says to a log, and reads nothing unless given an open file.

    It inherits what is inheritable.
    """
    append = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    files = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0) if stdin is None else (os.POSIX_SPAWN_DUP2, stdin, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(log), append, 0o600),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    return Child(os.posix_spawn(argv[0], list(argv), env, file_actions=files, setsid=True, setsigmask=()))
