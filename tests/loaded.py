"""Processes of ours that begin with their modules loaded: each a fork of one that loaded them and did nothing else.

To load the API, a worker or a command takes 0.6 to 1.4 s of processor time, which was a third of what the tests took.
What such a process does, and how it ends, is what the same program does that Python starts anew; the tests of starting
(tests/cli/, tests/end_to_end/test_up.py and test_compose.py, tests/worker/test_processes.py) start it anew.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryFile
from threading import Lock, Thread
from typing import Any
from uuid import uuid4

from tests.log_lines import watch_log
from tests.servers import die_with_parent

_LARGEST_REQUEST = 1 << 17
_ONE_AT_A_TIME = Lock()
_LOADED = (
    "api.app",
    "uvicorn",
    "worker.app",
    "worker.maintenance.draining",
    "worker.tasks",
    "records.log_file",
    "kombu.transport.redis",
    "worker.message_folder",
)
_LOADED_FOR_JOBS = ("av", "numpy", "cv2", "PIL.Image", "pipeline.run.moment", "pipeline.outputs.kinds")


class LoadedProcess(subprocess.Popen[bytes]):
    """``python -P -m MODULE WORDS`` as a fork: told to end, waited for and asked as any other process."""

    def __init__(
        self, argv: Sequence[str], files: Sequence[int], environment: Mapping[str, str], cwd: str | None = None
    ) -> None:
        """Start it with three open files as its standard ones; it ends with this process, even when that is killed."""
        self.args, self.returncode = list(argv), None
        self.stdin = self.stdout = self.stderr = None
        self._child_created = False  # not of ours: nothing for Popen to clear away
        self._ended, told = os.pipe()
        asked = {"argv": list(argv), "env": dict(environment), "cwd": cwd or str(Path.cwd())}
        _, channel = _loader()
        with _ONE_AT_A_TIME:
            socket.send_fds(channel, [json.dumps(asked).encode()], [*files, told])
            self.pid = int(channel.recv(64))
        os.close(told)

    def poll(self) -> int | None:
        return self._await(0)

    def wait(self, timeout: float | None = None) -> int:
        code = self._await(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return code

    def _await(self, timeout_s: float | None) -> int | None:
        if self.returncode is None and select.select([self._ended], [], [], timeout_s)[0]:
            self.returncode = int(os.read(self._ended, 64))
            os.close(self._ended)
        return self.returncode


def start_loaded(argv: Sequence[str], log: Path, environment: Mapping[str, str]) -> LoadedProcess:
    """A process of ours whose words go to ``log`` and which ends with this one."""
    with log.open("ab") as said, Path(os.devnull).open("rb") as nothing:
        process = LoadedProcess(argv, (nothing.fileno(), said.fileno(), said.fileno()), environment)
    watch_log(log, process)
    return process


def run_loaded(
    argv: Sequence[str], environment: Mapping[str, str], stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    """How a command of ours ended, and what it said."""
    with TemporaryFile() as given, TemporaryFile() as out, TemporaryFile() as err:
        given.write(stdin.encode())
        given.seek(0)
        code = LoadedProcess(argv, (given.fileno(), out.fileno(), err.fileno()), environment).wait()
        said = [file.seek(0) or file.read().decode() for file in (out, err)]
    return subprocess.CompletedProcess(list(argv), code, *said)


_PROGRAM = """#!{python} -ISu
import json, os, socket, sys
with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as line:
    line.connect("\\0{address}")
    asked = {{"argv": ["-m", "cli", *sys.argv[1:]], "env": dict(os.environ), "cwd": os.getcwd()}}
    socket.send_fds(line, [json.dumps(asked).encode()], [0, 1, 2])
    code = int(line.recv(64))
sys.exit(code if code >= 0 else 128 - code)
"""


@contextmanager
def loaded_program(path: Path) -> Iterator[None]:
    """While it lasts ``path`` is a program that does as ``vigpack`` does, for what a shell is to run.

    Signals end the program and not what it runs.
    """
    address = f"vigpack-{uuid4()}"
    _loader()  # by the thread that stays: it ends with the one that started it
    path.write_text(_PROGRAM.format(python=sys.executable, address=address))
    path.chmod(0o755)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listening:
        listening.bind(f"\0{address}")
        listening.listen()
        Thread(target=_accept, args=(listening,), daemon=True).start()
        yield
        listening.shutdown(socket.SHUT_RDWR)


def _accept(listening: socket.socket) -> None:
    with contextlib.suppress(OSError):  # it is closed
        while True:
            line, _ = listening.accept()
            Thread(target=_run_for, args=(line,), daemon=True).start()


def _run_for(line: socket.socket) -> None:
    with line:
        message, files, *_ = socket.recv_fds(line, _LARGEST_REQUEST, 3)
        asked = json.loads(message)
        process = LoadedProcess(asked["argv"], files, asked["env"], asked["cwd"])
        for file in files:
            os.close(file)
        line.send(str(process.wait()).encode())


@cache
def _loader() -> tuple[subprocess.Popen[bytes], socket.socket]:
    """The process that has loaded everything, started when first asked for, and the way to it."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("VIGPACK_")}
    with theirs:
        loader = subprocess.Popen(
            [sys.executable, "-m", "tests.loaded"],
            stdin=theirs,
            stdout=subprocess.DEVNULL,
            cwd=Path(__file__).parents[1],
            env={**clean, "OPENBLAS_NUM_THREADS": "1"},
            preexec_fn=die_with_parent,  # noqa: PLW1509 it calls the system once and takes no lock
        )
    return loader, ours


def _serve() -> dict[str, Any]:
    """Fork for each request until nobody asks any more; returns the request in the fork that is to carry it out."""
    channel = socket.socket(fileno=os.dup(0))
    told: dict[int, int] = {}

    def tell(*_: object) -> None:
        with contextlib.suppress(ChildProcessError):
            while (found := os.waitpid(-1, os.WNOHANG))[0]:
                with contextlib.suppress(BrokenPipeError):
                    os.write(told[found[0]], str(os.waitstatus_to_exitcode(found[1])).encode())
                os.close(told.pop(found[0]))

    signal.signal(signal.SIGCHLD, tell)
    while True:
        message, files, *_ = socket.recv_fds(channel, _LARGEST_REQUEST, 4)
        if not message:
            sys.exit()
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
        pid = os.fork()
        if not pid:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
            for target, file in enumerate(files[:3]):
                os.dup2(file, target)
            for file in (*files, channel.detach(), *told.values()):
                os.close(file)
            return json.loads(message)  # type: ignore[no-any-return]
        told[pid] = files[3]
        for file in files[:3]:
            os.close(file)
        channel.send(str(pid).encode())
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})


def _be(asked: dict[str, Any]) -> None:
    """Become the program that was asked for."""
    die_with_parent()
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["env"])
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(write_through="PYTHONUNBUFFERED" in os.environ)  # type: ignore[union-attr]
    module, *words = asked["argv"][asked["argv"].index("-m") + 1 :]
    sys.argv = [module, *words]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    from cli import COMMANDS, module_of

    for name in (*(f"cli.{module_of(command)}" for command in COMMANDS), *_LOADED, *_LOADED_FOR_JOBS):
        import_module(name)
    gc.collect()
    gc.freeze()
    _be(_serve())
