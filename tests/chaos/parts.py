"""Programs kept running: what dies is started again, as a container's restart policy would."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.servers import start

RESTART_AFTER_S = 0.3


@dataclass
class Part:
    """One program. Used from one thread only, which must outlive it: the kernel ends it with the thread that forked."""

    name: str
    argv: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    user: str | None = None
    process: subprocess.Popen[bytes] | None = None
    down_until: float | None = None
    """Not started again before this time (monotonic); None while it runs."""
    killed: bool = False
    """Whether its end was ours to cause."""
    unasked_ends: int = 0

    def start(self) -> None:
        """Start it now."""
        self.process = start(self.argv, self.log, user=self.user, environment=self.environment)
        self.down_until, self.killed = None, False

    @property
    def pid(self) -> int:
        """Of the process that runs now or ran last."""
        assert self.process is not None
        return self.process.pid

    @property
    def runs(self) -> bool:
        """Whether there is a process that has not ended."""
        return self.process is not None and self.process.poll() is None

    def look(self) -> None:
        """Start it again where it has ended and rested."""
        now = time.monotonic()
        if self.runs:
            return
        if self.down_until is None:
            self.unasked_ends += not self.killed
            self.down_until = now + RESTART_AFTER_S
        elif now >= self.down_until:
            self.start()

    def signal(self, number: int, *, down_for_s: float = RESTART_AFTER_S) -> None:
        """Send a signal; after one that ends it, it is started again after a while."""
        if not self.runs or self.process is None:
            return
        if number not in {signal.SIGSTOP, signal.SIGCONT}:
            self.killed = True
        self.process.send_signal(number)
        if number == signal.SIGKILL:
            self.process.wait()
            self.down_until = time.monotonic() + down_for_s

    def offspring(self) -> list[psutil.Process]:
        """Every process below it."""
        found = []
        for pid in _below(self.pid):
            with contextlib.suppress(psutil.NoSuchProcess):
                found.append(psutil.Process(pid))
        return found


def _below(pid: int) -> list[int]:
    """Asked of the kernel for this process alone: psutil would look at every process of the machine, each time."""
    children: list[int] = []
    with contextlib.suppress(OSError):
        for listed in Path(f"/proc/{pid}/task").glob("*/children"):
            children += [int(child) for child in listed.read_text().split()]
    return [*children, *(one for child in children for one in _below(child))]


@dataclass
class Crew:
    """All parts of one stack. Every process that they start bears a mark in its environment, and is found by it."""

    mark: str
    parts: dict[str, Part] = field(default_factory=dict)

    def look(self) -> None:
        """Start again whatever has ended."""
        for part in self.parts.values():
            part.look()

    def unowned(self) -> list[psutil.Process]:
        """Processes with our mark that no running part started, or that have ended and nobody noticed."""
        owned: set[int] = set()
        for part in self.parts.values():
            owned |= {part.pid, *(process.pid for process in part.offspring())}
        return [process for process in self.marked() if process.pid not in owned]

    def marked(self) -> list[psutil.Process]:
        """Every process with our mark."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.pid != os.getpid() and process.environ().get("VIGPACK_CHAOS") == self.mark:
                    found.append(process)
        return found

    def end(self) -> None:
        """Kill everything."""
        for part in reversed(self.parts.values()):
            if part.process is not None:
                with contextlib.suppress(ProcessLookupError):
                    part.process.kill()
                part.process.wait()
        for process in self.marked():
            with contextlib.suppress(psutil.Error):
                process.kill()
