"""Watching the parts in a process that holds nothing but the standard library: 10 MB instead of 75.

Starting them takes settings, database and queue, with all their libraries; watching them, for days, takes none. So the
process that has started them becomes this one by exec. It stays their parent, under the same number.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from cli.local.supervisor import STOP_SIGNALS, Part, Run, Supervisor, Teller


def watch_as_small_process(supervisor: Supervisor) -> NoReturn:
    """Become the process that watches these parts until a stop is asked for, ends them, and ends itself.

    Signals that arrive in between are kept for it.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    runs = [run if run.part.repair else replace(run, part=_only_kept(run.part)) for run in supervisor.runs]
    with tempfile.TemporaryFile() as state:  # it has no name, and nobody else can open it: there are passwords in it
        pickle.dump((supervisor.logs, supervisor.tell, runs, supervisor.is_stopping()), state)
        state.seek(0)
        os.set_inheritable(state.fileno(), True)
        sys.stdout.flush()
        os.execv(sys.executable, [sys.executable, "-P", "-m", __name__, str(state.fileno())])  # noqa: S606 no shell


def _only_kept(part: Part) -> Part:
    """The part without what asks whether it is ready, which brought a library along: it is asked no more."""
    return replace(part, is_ready=bool)


def main() -> None:
    """Take over what is written in the file of that number, and end with 0 when everything has ended."""
    with os.fdopen(int(sys.argv[1]), "rb") as state:
        logs, tell, runs, stopping = pickle.load(state)  # noqa: S301 our own, of a moment ago
    watch(logs, tell, runs, stopping=stopping)


def watch(logs: Path, tell: Teller, runs: list[Run], *, stopping: bool) -> None:
    """Keep these parts running until a stop is asked for; then end them."""
    supervisor = Supervisor(logs, tell, runs)
    supervisor.catch_signals()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
    try:
        if not stopping:
            supervisor.watch()
        tell("stopping", "up", "Ending; a moment that is being prepared goes on at the next start.")
    finally:
        supervisor.stop()
    tell("stopped", "up", "Everything has ended.")


if __name__ == "__main__":
    main()
