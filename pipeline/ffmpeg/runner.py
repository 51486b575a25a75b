"""The only place that starts ffmpeg: argument lists in, bounded time, bounded output, no child left behind."""

from __future__ import annotations

import contextlib
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import IO, Any

from pipeline.errors import (
    FfmpegFailed,
    FfmpegMissing,
    FfmpegTimedOut,
    NoSpace,
    OutputTooLarge,
    PipelineError,
    TooMuchMemory,
)
from pipeline.ffmpeg.devices import Proof
from pipeline.ffmpeg.limits import Limits, bind_to_parent

TAIL_LINES = 40
MOST_LINE_CHARS = 2000
STALL_S = 120.0
# max_error_rate: a damaged stretch is for the caller to judge, who knows which frames are asked for.
_ALWAYS = ("-hide_banner", "-nostdin", "-nostats", "-y", "-benchmark", "-max_error_rate", "1")
_BENCH = re.compile(r"bench: utime=([\d.]+)s stime=([\d.]+)s")
_NO_MEMORY = re.compile(r"Cannot allocate memory|malloc of size \d+ failed|pthread_create\(\) failed")
_OUT_OF_TIME = "received signal 24"
"""How ffmpeg tells of SIGXCPU, after which it ends by itself."""


@dataclass(frozen=True)
class FfmpegRun:
    """What one run of ffmpeg used and said. ``lines`` are those the caller asked to keep."""

    wall_s: float
    cpu_s: float
    lines: tuple[str, ...]
    output: bytes


@dataclass(frozen=True)
class FfmpegRunner:
    """An ffmpeg, and what each of its runs may use. Made where settings are read, and handed down from there."""

    program: str = ""
    """Its name or path; empty: the packaged one."""
    limits: Limits = field(default_factory=Limits)
    proofs: tuple[Proof, ...] = ()
    """What devices here were proved to decode as the processor does; none: the processor decodes everything."""

    def executable(self) -> str:
        """Where it is. Raises: FfmpegMissing."""
        if not self.program:
            return _packaged()
        found = shutil.which(self.program)
        if found is None:
            raise FfmpegMissing(f"no program at {self.program}")
        return found

    def run(
        self,
        argv: Sequence[str],
        *,
        timeout_s: float,
        stall_s: float = STALL_S,
        on_progress: Callable[[float], None] | None = None,
        keep: re.Pattern[str] | None = None,
        most_output_bytes: int = 0,
        feed: Iterable[bytes] | None = None,
        most_file_bytes: int = 0,
        hide: Path | None = None,
    ) -> FfmpegRun:
        """Run ffmpeg to its end; its child process dies with this one, whatever happens.

        argv: without the program's name.
        on_progress: called with the seconds of output written so far; what it raises ends ffmpeg and is passed on.
        keep: the lines of stderr in which it is found are returned.
        most_output_bytes: 0, or how much ffmpeg may write to its standard output, which is then returned.
        feed: what ffmpeg reads from its standard input (``pipe:0`` in argv), a block at a time as ffmpeg takes it; what
        it raises ends ffmpeg and is passed on.
        most_file_bytes: how large a file it may write, where that is not for the limits to say.
        hide: a path that is left out of error texts, since a film's name may name a child.
        Raises: FfmpegFailed, FfmpegTimedOut (over timeout_s, or stall_s without a sign of life), FfmpegMissing,
        NoSpace, TooMuchMemory, OutputTooLarge.
        """
        head = list(_ALWAYS)
        if not most_output_bytes:
            head += ["-progress", "pipe:1", "-stats_period", "0.5"]
        started = time.monotonic()
        limits = replace(self.limits, file_bytes=most_file_bytes) if most_file_bytes else self.limits
        process = _start([self.executable(), *head, *argv], limits, timeout_s, fed=feed is not None)
        said: queue.SimpleQueue[tuple[str, str] | None] = queue.SimpleQueue()
        output: list[bytes] = []
        readers = [
            threading.Thread(target=_read_lines, args=(process.stderr, "said", said), daemon=True),
            threading.Thread(target=_read_bytes, args=(process.stdout, most_output_bytes, output, said), daemon=True)
            if most_output_bytes
            else threading.Thread(target=_read_lines, args=(process.stdout, "progress", said), daemon=True),
        ]
        refused: list[BaseException] = []
        if feed is not None:
            readers.append(threading.Thread(target=_write, args=(process.stdin, feed, refused, said), daemon=True))
        tail: deque[str] = deque(maxlen=TAIL_LINES)
        kept: list[str] = []
        cpu_s = 0.0
        try:
            for reader in readers:
                reader.start()
            open_pipes = len(readers)
            heard = started
            while open_pipes:
                now = time.monotonic()
                if now - started > timeout_s:
                    raise FfmpegTimedOut(_detail(argv, None, [f"no end after {timeout_s:.0f} s", *tail], hide))
                if now - heard > stall_s:
                    raise FfmpegTimedOut(_detail(argv, None, [f"silent for {stall_s:.0f} s", *tail], hide))
                try:
                    line = said.get(timeout=0.5)
                except queue.Empty:
                    continue
                if line is None:
                    open_pipes -= 1
                    if refused:
                        raise refused[0]
                    continue
                kind, text = line
                if kind == "progress":
                    written_s = _written_s(text)
                    if written_s is not None:
                        heard = now
                        if on_progress:
                            on_progress(written_s)
                    continue
                if bench := _BENCH.search(text):
                    cpu_s = float(bench[1]) + float(bench[2])
                elif keep and keep.search(text):
                    heard = now
                    kept.append(text)
                else:
                    heard = now
                    tail.append(text)
            status = process.wait(timeout=max(1.0, timeout_s - (time.monotonic() - started)))
        except subprocess.TimeoutExpired:
            raise FfmpegTimedOut(_detail(argv, None, tail, hide)) from None
        finally:
            _end(process)
        if status != 0:
            raise _failure(status, _detail(argv, status, tail, hide))
        return FfmpegRun(time.monotonic() - started, cpu_s, tuple(kept), b"".join(output))


@cache
def _packaged() -> str:
    """Found by its name. imageio_ffmpeg would try it once and, where that try was killed, call it missing for ever."""
    for entry in files("imageio_ffmpeg").joinpath("binaries").iterdir():
        if entry.is_file() and entry.name.startswith("ffmpeg"):
            return str(entry)
    if found := shutil.which("ffmpeg"):
        return found
    raise FfmpegMissing("the package imageio-ffmpeg holds none for this machine, and none is installed")


def _written_s(line: str) -> float | None:
    """The seconds written so far from a progress line; out_time_ms is in microseconds too, so out_time_us is read."""
    name, _, value = line.partition("=")
    if name != "out_time_us":
        return None
    with contextlib.suppress(ValueError):
        return int(value) / 1e6
    return None


def _failure(status: int, text: str) -> PipelineError:
    if "No space left on device" in text:
        return NoSpace(text)
    if _NO_MEMORY.search(text):
        return TooMuchMemory(text)
    if "File too large" in text or (sys.platform != "win32" and status == -signal.SIGXFSZ):
        return OutputTooLarge(text)
    if _OUT_OF_TIME in text:
        return FfmpegTimedOut(text)
    return FfmpegFailed(text)


def _start(argv: list[str], limits: Limits, timeout_s: float, *, fed: bool = False) -> subprocess.Popen[bytes]:
    options: dict[str, Any] = {}
    if sys.platform != "win32":
        options["process_group"] = 0
        options["preexec_fn"] = bind_to_parent(os.getpid(), limits, timeout_s)
    try:
        return subprocess.Popen(
            argv,
            stdin=subprocess.PIPE if fed else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            **options,
        )
    except OSError as error:
        raise FfmpegMissing(str(error)) from None


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            with contextlib.suppress(OSError, ValueError):
                pipe.close()


def _read_lines(pipe: IO[bytes], kind: str, said: queue.SimpleQueue[tuple[str, str] | None]) -> None:
    try:
        while line := pipe.readline(MOST_LINE_CHARS):
            said.put((kind, line.decode("utf-8", "replace").rstrip()))
    except ValueError:
        pass  # closed by _end while reading
    finally:
        said.put(None)


def _read_bytes(
    pipe: IO[bytes], most: int, output: list[bytes], said: queue.SimpleQueue[tuple[str, str] | None]
) -> None:
    left = most
    try:
        while left and (block := pipe.read(min(left, 1 << 20))):
            output.append(block)
            left -= len(block)
    except ValueError:
        pass  # closed by _end while reading
    finally:
        pipe.close()  # ffmpeg must not wait for a reader that has enough
        said.put(None)


def _write(
    pipe: IO[bytes],
    feed: Iterable[bytes],
    refused: list[BaseException],
    said: queue.SimpleQueue[tuple[str, str] | None],
) -> None:
    try:
        for block in feed:
            try:
                pipe.write(block)
            except (OSError, ValueError):
                return  # ffmpeg has enough or has ended, which its exit status tells; or closed by _end while writing
    except BaseException as error:  # noqa: BLE001 raised again by run, in the caller's thread
        refused.append(error)
    finally:
        with contextlib.suppress(OSError, ValueError):
            pipe.close()
        said.put(None)


def _detail(argv: Sequence[str], status: int | None, tail: Sequence[str] | deque[str], hide: Path | None) -> str:
    text = "\n".join(["ffmpeg " + " ".join(argv), f"exit status {status}", *tail])
    if hide is not None:
        text = text.replace(str(hide.resolve()), "FILM").replace(str(hide), "FILM")
    return text
