"""API and worker as forks of one process that has loaded what they need: what it loaded, they share.

It loads while ``vigpack up`` looks after the tables, forks each part when asked, and ends once both run. They are
children of ``up`` nevertheless: each is orphaned at once, and Linux hands orphans to the nearest ancestor that asked
for them. A part does what the same arguments do in a Python of its own; that is how it starts again when it died.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import runpy
import socket
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from cli.local.child import Child, spawn
from cli.local.end_with_parent import end_with_parent
from cli.local.supervisor import END_WITH_PARENT
from records.pulse import PULSE_FD

_LOADED = ("cli.app", "cli.api", "api.app", "uvicorn.server", "worker.app", "worker.maintenance.draining")
_PR_SET_CHILD_SUBREAPER = 36
_LARGEST_REQUEST_BYTES = 1 << 17
_END_WITHIN_S = 10.0
_ADOPTED_WITHIN_S = 10.0
_ROOM_FOR_ARGUMENTS = " " * 500
"""What a process was started with can be written over, and not made longer."""


class PreloadedParts:
    """Starts parts from a process that has loaded them."""

    def __init__(self, channel: socket.socket, folder: Path) -> None:
        """``channel`` leads to that process; the parts work in ``folder``."""
        self._channel, self._folder = channel, folder

    def start(self, argv: Sequence[str], env: Mapping[str, str], log: Path) -> Child | None:
        """A child of ours that runs ``python -P -m MODULE …`` and appends what it says to ``log``.

        None: that process is gone; start the part anew.
        """
        asked = {"argv": [*argv], "env": {**env}, "log": str(log), "folder": str(self._folder), "parent": os.getpid()}
        files = [int(env[PULSE_FD])] if PULSE_FD in env else []
        _adopt_orphans(True)
        try:
            socket.send_fds(self._channel, [json.dumps(asked).encode()], files)
            answer = self._channel.recv(64)
        except OSError:
            answer = b""
        finally:
            _adopt_orphans(False)  # what a part leaves behind is no child of ours
        return Child(int(answer)) if answer else None


@contextmanager
def preloaded_parts(logs: Path) -> Iterator[PreloadedParts | None]:
    """Parts can be started from it in this block, by the main thread; None where the system is not Linux."""
    if sys.platform != "linux":
        yield None
        return
    channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    program = [sys.executable, "-P", "-m", __name__, _ROOM_FOR_ARGUMENTS]
    argv = [sys.executable, "-I", "-S", str(END_WITH_PARENT), str(os.getpid()), str(logs), *program]
    with theirs:
        process = spawn(argv, {**os.environ, "PYTHONUNBUFFERED": "1"}, logs / "start.log", stdin=theirs.fileno())
    try:
        with channel:
            yield PreloadedParts(channel, logs)
    finally:
        process.end(_END_WITHIN_S)
        with suppress(FileNotFoundError):  # a kernel made without CONFIG_PROC_CHILDREN
            _reap_others()


def _adopt_orphans(adopt: bool) -> None:
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, int(adopt), 0, 0, 0)


def _reap_others() -> None:
    """What another part left behind meanwhile and is ours now; all that we start leads a session of its own."""
    for pid in map(int, Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()):
        if os.getsid(pid) != pid:
            os.waitpid(pid, os.WNOHANG)


def _serve() -> dict[str, Any]:
    """Fork for each request until nobody asks any more; returns the request in the fork that is to carry it out."""
    channel = socket.socket(fileno=os.dup(0))
    while True:
        message, files, *_ = socket.recv_fds(channel, _LARGEST_REQUEST_BYTES, 1)
        if not message:
            sys.exit()
        if middle := os.fork():
            os.waitpid(middle, 0)
            for file in files:
                os.close(file)
        elif os.fork():
            os._exit(0)
        else:
            asked: dict[str, Any] = json.loads(message)
            if files:
                asked["env"][PULSE_FD] = str(files[0])
            _wait_for_adoption(asked["parent"])
            with channel:
                channel.send(str(os.getpid()).encode())
            return asked


def _wait_for_adoption(parent: int) -> None:
    give_up_at = time.monotonic() + _ADOPTED_WITHIN_S
    while os.getppid() != parent:
        if time.monotonic() > give_up_at:
            sys.exit(1)
        time.sleep(0.001)
    os.setsid()
    end_with_parent(parent)


def _become(asked: dict[str, Any]) -> None:
    """Be the program that was asked for."""
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["env"])
    log = os.open(asked["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for target, file in enumerate((os.open(os.devnull, os.O_RDONLY), log, log)):
        os.dup2(file, target)
    _show_arguments(asked["argv"])
    module, *words = asked["argv"][asked["argv"].index("-m") + 1 :]
    sys.argv = [module, *words]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _show_arguments(argv: Sequence[str]) -> None:
    """Let ``ps`` show what this process does: its arguments lie where Linux says that they begin and end."""
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    begin, end = int(fields[45]), int(fields[46])
    said = b"\0".join(os.fsencode(word) for word in argv)
    if begin and len(said) < end - begin:
        ctypes.memmove(begin, said.ljust(end - begin, b"\0"), end - begin)


if __name__ == "__main__":
    gc.set_threshold(50_000, 20, 50)  # as in cli.main
    os.umask(0o077)
    for name in _LOADED:
        import_module(name)
    gc.collect()
    gc.freeze()
    _become(_serve())
