"""Starting the parts of one machine, watching them, restarting what dies, ending them in order."""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Protocol

from cli.local.child import Child, spawn
from pipeline.errors import PipelineError
from records.pulse import PULSE_FD

END_WITH_PARENT = Path(__file__).with_name("end_with_parent.py")
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Ctrl-C, a request to end, a closed terminal."""
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
STEADY_S = 60.0
"""After this uptime the restart back-off resets."""
LOG_LIMIT_BYTES = 10 << 20
_LOOK_EVERY_S = 0.2
_EARLY_DEATHS = 3


class PartFailed(PipelineError):
    """A part did not come up."""

    code = "part_failed"


@dataclass(frozen=True)
class Part:
    """One program to keep running."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    is_ready: Callable[[], bool]
    """Asked every fifth of a second until it is true; must answer within a few seconds."""
    ready_within_s: float = 60.0
    stop_within_s: float = 10.0
    """After SIGTERM; then it is killed with all that it started."""
    hung_after_s: float | None = None
    """A part without a pulse (records/pulse.py) for so long is killed, and started again; None: it has none."""
    repair: Callable[[], str | None] | None = None
    """Asked once when it ended before it was ready: may take away what keeps it from starting, and says so."""
    is_preloaded: bool = False
    """A ``python -P -m MODULE …`` that ``Supervisor.preloaded`` can fork."""


class Pulse:
    """A file without a name that a part touches while it gets on, and for how long it has not.

    Measured by our own clock from when the file's time last changed: it stands still while a machine sleeps.
    """

    def __init__(self) -> None:
        with tempfile.TemporaryFile() as file:
            self._fd = os.dup(file.fileno())
        os.set_inheritable(self._fd, True)  # to the part, and to the small process that we become
        self._seen = (0, time.monotonic())

    def begin(self) -> dict[str, str]:
        """What the part's environment needs; its time begins now."""
        self._seen = (os.fstat(self._fd).st_mtime_ns, time.monotonic())
        return {PULSE_FD: str(self._fd)}

    def silent_s(self) -> float:
        """Seconds since the part last got on; asked several times a second."""
        touched, now = os.fstat(self._fd).st_mtime_ns, time.monotonic()
        if touched != self._seen[0]:
            self._seen = (touched, now)
        return now - self._seen[1]


class Preloaded(Protocol):
    """Forks parts from a process that has loaded them: cli/local/preloaded.py."""

    def start(self, argv: Sequence[str], env: Mapping[str, str], log: Path) -> Child | None:
        """A child that runs these arguments; None: start it anew."""


class Teller(Protocol):
    """Told of each thing that happens to a part."""

    def __call__(self, event: str, part: str, sentence: str, url: str = "") -> None:
        """``event`` is stable (ready, hung, died, repaired, restarted, stopping, stopped); the sentence is for a
        person.
        """


@dataclass(frozen=True)
class TellOnStdout:
    """Prints each event at once: its sentence, or all of it as one line of JSON."""

    as_json: bool

    def __call__(self, event: str, part: str, sentence: str, url: str = "") -> None:
        said = {"event": event, "part": part, "sentence": sentence} | ({"url": url} if url else {})
        print(json.dumps(said) if self.as_json else sentence, flush=True)


@dataclass
class Run:
    """A part and the process that it is just now."""

    part: Part
    process: Child
    since: float
    deaths: int = 0
    restart_at: float | None = None
    was_ready: bool = False
    pulse: Pulse | None = None
    is_repaired: bool = False
    """Since it was last ready: what one repair does not help, a second does not either."""


@dataclass
class Supervisor:
    """Keeps parts running until it is asked to stop. Use it from the main thread: signals and leashes hang on it."""

    logs: Path
    tell: Teller
    runs: list[Run] = field(default_factory=list)
    preloaded: Preloaded | None = None
    _stopping: threading.Event = field(default_factory=threading.Event)

    def catch_signals(self) -> None:
        """Let Ctrl-C, SIGTERM and a closed terminal end everything in order."""
        for number in STOP_SIGNALS:
            signal.signal(number, self._on_signal)

    def start(self, part: Part) -> None:
        """Start a part and wait until it is ready; returns early where a stop was asked for.

        Raises: PartFailed, with the end of its log.
        """
        pulse = Pulse() if part.hung_after_s else None
        run = Run(part, self._spawn(part, pulse), time.monotonic(), pulse=pulse)
        self.runs.append(run)
        give_up_at = time.monotonic() + part.ready_within_s
        while not self._stopping.is_set():
            self._keep_alive(run)
            if run.restart_at is None and part.is_ready():
                run.was_ready = True
                return
            if run.deaths >= _EARLY_DEATHS or time.monotonic() > give_up_at:
                raise PartFailed(
                    self._end_of_log(part),
                    for_guider=f"The {part.name} did not start. What it said is in {self._log_path(part)}.",
                )
            self._stopping.wait(_LOOK_EVERY_S)

    def watch(self) -> None:
        """Return when a stop was asked for; until then restart whatever dies."""
        trim_at = time.monotonic()
        while not self._stopping.wait(_LOOK_EVERY_S):
            for run in self.runs:
                self._keep_alive(run)
            if time.monotonic() > trim_at:
                self._trim_logs()
                trim_at = time.monotonic() + 60

    def is_stopping(self) -> bool:
        """Whether a stop was asked for."""
        return self._stopping.is_set()

    def stop(self) -> None:
        """End every part, the last started first, and all that they started."""
        self._stopping.set()
        while self.runs:
            run = self.runs.pop()
            run.process.end(run.part.stop_within_s)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping.set()

    def _keep_alive(self, run: Run) -> None:
        now = time.monotonic()
        if run.restart_at is not None:
            if now >= run.restart_at:
                run.process, run.since, run.restart_at = self._spawn(run.part, run.pulse), now, None
                run.was_ready = False
                self.tell("restarted", run.part.name, f"The {run.part.name} was started again.")
            return
        status = run.process.poll()
        if status is None:
            if run.part.repair and not run.was_ready and run.part.is_ready():
                run.was_ready, run.is_repaired = True, False
            if run.pulse is None or run.part.hung_after_s is None or run.pulse.silent_s() < run.part.hung_after_s:
                return
            self.tell("hung", run.part.name, f"The {run.part.name} does not get on; it is ended and started again.")
            run.process.end(0)
            status = run.process.poll() or 0
        run.process.end(0)
        if now - run.since > STEADY_S:
            run.deaths = 0
        pause_s = min(FIRST_PAUSE_S * 2**run.deaths, LONGEST_PAUSE_S)
        run.deaths += 1
        run.restart_at = now + pause_s
        self.tell(
            "died", run.part.name, f"The {run.part.name} ended ({_how(status)}); it starts again in {pause_s:g} s."
        )
        if run.part.repair and not run.was_ready and not run.is_repaired:
            run.is_repaired = True
            if sentence := run.part.repair():
                self.tell("repaired", run.part.name, sentence)

    def _spawn(self, part: Part, pulse: Pulse | None) -> Child:
        """The part's process, in a session of its own: Ctrl-C reaches only us; we end the parts in order."""
        env = {**part.env, **({} if pulse is None else pulse.begin())}
        if (
            self.preloaded
            and part.is_preloaded
            and (child := self.preloaded.start(part.argv, env, self._log_path(part)))
        ):
            return child
        argv = [sys.executable, "-I", "-S", str(END_WITH_PARENT), str(os.getpid()), str(self.logs), *part.argv]
        return spawn(argv, env, self._log_path(part))

    def _log_path(self, part: Part) -> Path:
        return self.logs / f"{part.name.replace(' ', '-')}.log"

    def _end_of_log(self, part: Part) -> str:
        return self._log_path(part).read_bytes()[-2000:].decode(errors="replace")

    def _trim_logs(self) -> None:
        """Keep two generations of each log; parts append, so emptying the file under them is safe."""
        for path in self.logs.glob("*.log"):
            if path.stat().st_size > LOG_LIMIT_BYTES:
                path.with_suffix(".log.1").write_bytes(path.read_bytes())
                os.truncate(path, 0)


def _how(status: int) -> str:
    return f"signal {signal.Signals(-status).name}" if status < 0 else f"exit code {status}"
