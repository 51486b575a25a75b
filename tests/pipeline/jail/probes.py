"""Work that tries, harmlessly, what nothing in the jail may do; each says what it could."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pipeline.jail.zygote import Telling


@dataclass(frozen=True)
class Tries:
    """What to try: a port that listens outside, files beside the folder, a process outside."""

    folder: Path
    readable: Path
    ports: tuple[int, int]
    beside: tuple[Path, ...]
    outside_pid: int
    secret: str
    processes: int


@dataclass(frozen=True)
class Could:
    """What was possible, by its name."""

    done: tuple[str, ...]
    processes: int


def _try_all(tries: Tries) -> list[str]:
    done = []
    for name, kind, port in (("tcp", socket.SOCK_STREAM, tries.ports[0]), ("udp", socket.SOCK_DGRAM, tries.ports[1])):
        with suppress(OSError), socket.socket(socket.AF_INET, kind) as line:
            line.connect(("127.0.0.1", port))
            line.sendall(b"hello")
            done.append(name)
    with suppress(OSError):
        subprocess.run(["/usr/bin/env"], capture_output=True, check=True)
        done.append("starts programs")  # as it must
    for path in tries.beside:
        with suppress(OSError):
            path.read_bytes()
            done.append(f"reads {path.name}")
        with suppress(OSError):
            path.with_name("left-behind").write_text("x")
            done.append(f"writes beside {path.name}")
    with suppress(OSError):
        tries.readable.write_text("x")
        done.append("changes what it may read")
    with suppress(OSError):
        Path(sys.prefix, "left-behind").write_text("x")
        done.append("changes programs")
    if tries.secret in repr(os.environ):
        done.append("sees the secret in its environment")
    for name in ("environ", "maps", "mem"):
        with suppress(OSError), Path(f"/proc/{tries.outside_pid}/{name}").open("rb") as file:
            file.read(1)
            done.append(f"reads {name} of a process outside")
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if tries.secret.encode() in (folder / "environ").read_bytes():
                done.append("sees the secret in /proc")
    with suppress(OSError):
        os.kill(tries.outside_pid, 0)
        done.append("signals a process outside")
    if ctypes.CDLL(None).unshare(0x10000000) == 0:
        done.append("makes a namespace")
    status = Path("/proc/self/status")
    with suppress(OSError):
        told = dict(line.split(":\t", 1) for line in status.read_text().splitlines() if ":\t" in line)
        if told["NoNewPrivs"] != "1" or int(told["CapEff"], 16) or int(told["CapBnd"], 16):
            done.append("has rights")
    return done


def try_all(tries: Tries, _: Telling) -> Could:
    """Everything but processes."""
    (tries.folder / "made.txt").write_text("as it must")
    tries.readable.read_bytes()
    return Could(tuple(_try_all(tries)), 0)


def start_processes(tries: Tries, tell: Telling) -> Could:
    """So many sleeping threads and processes."""
    started = 0
    with suppress(OSError, RuntimeError):
        for _ in range(tries.processes):
            if os.fork() == 0:
                signal.pause()
                os._exit(0)
            started += 1
            tell(started / tries.processes)
    return Could((), started)


def take_memory(_tries: Tries, _: Telling) -> Could:
    """A gibibyte."""
    held = bytearray(1 << 30)
    return Could((), held[-1])


def write_much(tries: Tries, _: Telling) -> Could:
    """A file of 64 MiB."""
    with (tries.folder / "large").open("wb") as file:
        for _ in range(64):
            file.write(bytes(1 << 20))
    return Could((), 0)


def write_many(tries: Tries, tell: Telling) -> Could:
    """Small files until somebody ends it."""
    for number in range(10_000_000):
        (tries.folder / str(number)).write_bytes(bytes(4096))
        if number % 1000 == 0:
            tell(0.5)
    return Could((), 0)


def lead_nowhere(_tries: Tries, _: Telling) -> Could:
    """Nothing."""
    return Could((), 0)


def sleep(_tries: Tries, _: Telling) -> Could:
    """For ever, with a child that does the same."""
    if os.fork() == 0:
        os.setsid()
    threading.Event().wait()
    return Could((), 0)


def burn(_tries: Tries, _: Telling) -> Could:
    """Use a second of the processor."""
    while time.process_time() < 1.0:
        pass
    return Could((), 0)


def lead_elsewhere(tries: Tries, _: Telling) -> Could:
    """A link to what lies outside, where a file is awaited."""
    (tries.folder / "link").symlink_to(tries.beside[0])
    return Could((), 0)


def name_elsewhere(tries: Tries, _: Telling) -> Tries:
    """A path of a file outside, as if it had been made here."""
    return tries


def crash(_tries: Tries, _: Telling) -> Could:
    """As a decoder does that has a fault."""
    os.kill(os.getpid(), signal.SIGSEGV)
    return Could((), 0)


def babble(_tries: Tries, tell: Telling) -> Could:
    """Nothing that anybody could understand."""
    tell._line.sendall(b"\xff\x00 no answer\n")
    return Could((), 0)


def write_to_device(tries: Tries, _: Telling) -> Could:
    """Whether the device file that is named as readable can be used."""
    try:
        with tries.readable.open("wb", buffering=0) as device:
            device.write(b"x")
    except OSError as error:
        return Could((f"{type(error).__name__} {error.errno}",), 0)
    return Could(("writes",), 0)
