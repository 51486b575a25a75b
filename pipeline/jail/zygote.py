"""The process that works with films: it has loaded what that needs, holds no secret, and forks for each piece of work.

``python -m pipeline.jail.zygote SOCKET PARENT`` waits on an open socket for pieces of work. It opens no film itself:
for each it forks a supervisor, which makes the jail, starts the worker in it, watches it and ends all of it. The
supervisor answers on a socket that the worker does not have; what comes on the worker's own may be anybody's words.
"""

from __future__ import annotations

import ctypes
import errno
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import tempfile
import time
import traceback
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, get_type_hints

from pydantic import TypeAdapter

from pipeline.errors import NoSpace, OutputTooLarge, PipelineError, TooMuchMemory
from pipeline.jail import locks
from pipeline.jail.namespaces import NoNamespaces, devices, enter, made_namespaces, programs

_LOOK_EVERY_S, _EVERYTHING_EVERY = 0.25, 4
_MOST_FILES, _MOST_LARGE_FILES = 20_000, 4
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
MOST_ASKED_BYTES = 1 << 20
_MOST_TEXT = 4000
_MOST_WAIT_S = 1.0


@dataclass(frozen=True)
class Asked:
    """A piece of work: which function, in which folder, what it may read beside, and its bounds."""

    function: str
    """``module:name``; it takes what was asked (its first parameter's type says what) and a Telling."""
    folder: Path
    readable: tuple[Path, ...]
    namespaces: bool
    proc: bool
    landlock: bool
    filter: bool
    memory_bytes: int
    file_bytes: int
    cpu_s: int
    most_processes: int
    niceness: int = 0
    devices: tuple[Path, ...] = ()
    """Files of devices that it may use, and so talk to their drivers in the kernel."""


class Telling:
    """How work tells its asker how far it is (called with 0 to 1), and what it found out on the way."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line

    def __call__(self, done: float) -> None:
        _send(self._line, {"told": done})

    def note(self, name: str, value: int) -> None:
        """A number that is wanted even if the work fails."""
        _send(self._line, {"noted": [name, value]})


def main(number: int, parent: int) -> None:
    """Fork for each piece of work that comes on the socket of that number, until it is closed or ``parent`` ends."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        return
    gc.disable()  # all that is loaded stays; looked through on the way, loading took a tenth longer
    signal.signal(signal.SIGCHLD, _wait_for_ended)  # not SIG_IGN: what they used would count for nobody
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, signal.SIG_IGN)  # who started it ends it, by closing the socket
    with socket.socket(fileno=number) as work:
        while True:
            said, handles, _, _ = socket.recv_fds(work, MOST_ASKED_BYTES, 2)
            if not said:
                _wait_for_last()
                return
            asked: Asked = adapter_of(Asked).validate_json(said)
            _find(asked.function)  # with all that it loads: once, for this and all that follow
            gc.freeze()
            if os.fork() == 0:
                work.close()
                _supervise(asked, *handles)
            for handle in handles:
                os.close(handle)


def _wait_for_ended(*_: object) -> None:
    """Supervisors leave nothing else to be waited for."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _wait_for_last() -> None:
    """Let supervisors end, which takes them an instant once nobody waits for their work: theirs counts, too."""
    until = time.monotonic() + _MOST_WAIT_S
    with suppress(ChildProcessError):
        while time.monotonic() < until:
            if not os.waitpid(-1, os.WNOHANG)[0]:
                time.sleep(0.005)


def _supervise(asked: Asked, life: int, talk: int) -> None:
    """Make the jail, start the worker in it, and end both when either side is done. Never returns."""
    ended: dict[str, Any] = {"broke": "the supervisor ended"}
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        readable = (*programs(), *asked.readable)
        with ExitStack() as stack:
            if asked.namespaces:
                first = stack.enter_context(
                    made_namespaces(asked.folder, readable, asked.devices, with_proc=asked.proc)
                )
                enter(first)
            else:  # what the worker leaves behind becomes this one's
                ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
            worker = os.fork()
            if worker == 0:
                os.close(life)
                _work(asked, readable, talk)
            os.close(talk)
            ended = _watch(asked, life, worker)
            if not asked.namespaces:
                _end_the_rest()
    except NoNamespaces as error:
        ended = {"no_jail": str(error)}
    except BaseException as error:  # noqa: BLE001 who asked is told, whatever it is
        ended = {"broke": f"{type(error).__name__} {error}"[:_MOST_TEXT]}
    finally:
        with suppress(OSError):
            os.write(life, json.dumps(ended).encode())
        os._exit(0)


def _watch(asked: Asked, life: int, worker: int) -> dict[str, Any]:
    """How the worker ended: by itself, or because nobody waits for it any more, or because it went over a bound."""
    handle = os.pidfd_open(worker)
    over, looks = "", 0
    while True:
        ready, _, _ = select.select([handle, life], [], [], _LOOK_EVERY_S)
        if handle in ready:
            break
        looks += 1
        if life not in ready:
            over = _over_bounds(asked, everything=looks % _EVERYTHING_EVERY == 0)
        if life in ready or over:
            with suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)
            break
    status = os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1])
    return {"over": over} if over else {"status": status}


def _end_the_rest() -> None:
    """Kill what the worker started and left; with namespaces the kernel does."""
    with suppress(ChildProcessError):
        while True:
            for number in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split():
                with suppress(ProcessLookupError):
                    os.kill(int(number), signal.SIGKILL)
            os.waitpid(-1, 0)


def _over_bounds(asked: Asked, *, everything: bool) -> str:
    """Which bound all in the jail together are over; the kernel holds each process to its own, and root to none."""
    if everything and _is_overfull(asked):
        return "output"
    if not asked.proc:
        return ""
    numbers = [name for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208 names are enough
    if len(numbers) > asked.most_processes:
        return "processes"
    if not everything:
        return ""
    pages = 0
    for name in numbers:
        with suppress(OSError, IndexError, ValueError):
            resident, shared = Path(f"/proc/{name}/statm").read_text().split()[1:3]
            pages += int(resident) - int(shared)
    return "memory" if pages * os.sysconf("SC_PAGE_SIZE") > 2 * asked.memory_bytes else ""


def _is_overfull(asked: Asked) -> bool:
    """Whether there are more bytes in the folder than in a few of the largest files allowed, or far too many files."""
    files = taken = 0
    for parent, folders, names in os.walk(asked.folder):
        for name in (*folders, *names):
            with suppress(OSError):
                taken += os.lstat(os.path.join(parent, name)).st_blocks * 512  # noqa: PTH118 a path each is slow
            files += 1
            if files > _MOST_FILES:
                return True
    return taken > _MOST_LARGE_FILES * asked.file_bytes


def _work(asked: Asked, readable: tuple[Path, ...], talk: int) -> None:
    """Lock this process up, then do the work and say what came of it. Never returns."""
    status = 1
    try:
        said = os.fdopen(os.dup2(talk, 3), "rb+", buffering=0)
        os.closerange(4, os.sysconf("SC_OPEN_MAX"))
        nothing = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1, 2):
            os.dup2(nothing, standard)
        os.close(nothing)
        os.setsid()
        os.chdir(asked.folder)
        os.umask(0o077)
        os.environ["TMPDIR"] = tempfile.tempdir = str(asked.folder)
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if asked.niceness:
            os.nice(asked.niceness)
        gc.enable()
        _lock(asked, readable)
        with socket.socket(fileno=os.dup(said.fileno())) as line:
            told = _answer(asked, line)
            _send(line, told)
        status = 0
    finally:
        os._exit(status)


def _lock(asked: Asked, readable: tuple[Path, ...]) -> None:
    locks.drop_rights()
    processes = asked.most_processes if asked.namespaces else 0  # else it would count all others of this user, too
    locks.limit(asked.memory_bytes + locks.memory_held_bytes(), asked.file_bytes, processes, asked.cpu_s)
    if asked.landlock:
        own = [Path("/proc")] if asked.namespaces else []
        locks.close_files([*readable, *own], [asked.folder, *devices(), *asked.devices])
    if asked.filter:
        locks.close_calls()


def _answer(asked: Asked, line: socket.socket) -> dict[str, Any]:
    function, order_type, result_type = _find(asked.function)
    try:
        given = b"".join(iter(lambda: line.recv(1 << 20), b""))
        made = function(adapter_of(order_type).validate_json(given), Telling(line))
        return {"made": adapter_of(result_type).dump_python(made, mode="json")}
    except PipelineError as error:
        return _told_of(error)
    except MemoryError as error:
        return _told_of(TooMuchMemory(f"{type(error).__name__} at {_where(error)}"))
    except Exception as error:  # noqa: BLE001 whatever it is, who asked has to know
        text = f"{type(error).__name__} at {_where(error)}"
        number = getattr(error, "errno", None)
        if _tells_of_a_full_disk(error):
            return _told_of(NoSpace(text))
        if number == errno.EFBIG:
            return _told_of(OutputTooLarge(text))
        return {"broke": f"{type(error).__name__}{f' {number}' if number else ''} at {_where(error)}"}


@cache
def _find(function: str) -> tuple[Any, Any, Any]:
    """The function, what it takes and what it gives."""
    module, _, name = function.partition(":")
    found = getattr(importlib.import_module(module), name)
    hints = get_type_hints(found)
    result = hints.pop("return")
    order = next(iter(hints.values()))
    for kind in (order, result):
        adapter_of(kind)
    return found, order, result


@cache
def adapter_of(kind: Any) -> TypeAdapter[Any]:
    """What turns such a thing into JSON and back."""
    return TypeAdapter(kind)


def _told_of(error: PipelineError) -> dict[str, Any]:
    kind = type(error)
    return {
        "error": {
            "module": kind.__module__,
            "kind": kind.__name__,
            "detail": str(error)[-_MOST_TEXT:],
            "for_guider": error.for_guider[:_MOST_TEXT],
        }
    }


def _tells_of_a_full_disk(error: BaseException | None) -> bool:
    """Whether a full disk is at the bottom of it. Libraries that are no Python say so in words only."""
    while error is not None:
        full = {errno.ENOSPC, errno.EDQUOT}
        if getattr(error, "errno", None) in full or os.strerror(errno.ENOSPC) in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False


def _where(error: BaseException) -> str:
    """Where it happened, innermost last. Never its text: that may hold what a guider wrote."""
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    return " > ".join(f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames)


def _send(line: socket.socket, told: dict[str, Any]) -> None:
    line.sendall(json.dumps(told).encode() + b"\n")


def as_json(asked: Asked) -> bytes:
    """As it is sent."""
    return json.dumps(asdict(asked), default=str).encode()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
    os._exit(0)  # nothing has to be put back in order
