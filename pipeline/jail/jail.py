"""Having work done in a jail: the only way to open a film or a photograph that came from outside."""

from __future__ import annotations

import dataclasses
import importlib
import json
import os
import select
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

from pydantic import ValidationError

from pipeline.errors import (
    FfmpegTimedOut,
    JailMissing,
    MediaCrashed,
    OutputTooLarge,
    PipelineError,
    TooMuchMemory,
)
from pipeline.ffmpeg.devices import Device, device_facts, device_files
from pipeline.ffmpeg.limits import Limits
from pipeline.jail import locks
from pipeline.jail.namespaces import try_namespaces
from pipeline.jail.zygote import Asked, adapter_of, as_json

Order = TypeVar("Order")
Result = TypeVar("Result")
Tell = Callable[[float], None]
"""Called with 0 to 1 as work goes on, and every second; what it raises ends the work."""
Note = Callable[[str, int], None]
"""Called with the name of a number that the work found out on the way."""
Kept = Literal["namespaces", "landlock", "none"]
MOST_PROCESSES = 128 + 32 * (os.cpu_count() or 1)
"""With their threads: an ffmpeg of one thread has some 20, and as many of them run as there are processors."""
_MOST_ANSWER_BYTES = 64 << 20
_LOOK_EVERY_S = 1.0
_MOST_END_S = 5.0
_KEPT_VARIABLES = (
    "PATH", "LANG", "LANGUAGE", "TZ", "LD_LIBRARY_PATH", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE",
    "CUDA_VISIBLE_DEVICES", "LIBVA_DRIVER_NAME", "VK_DRIVER_FILES",
)  # fmt: skip
_OWN_VARIABLES = {"OPENBLAS_NUM_THREADS": "1", "PYTHONSAFEPATH": "1"}


class WorkBroke(Exception):
    """What was done in the jail ended in a way that nobody foresaw: of which kind and where, and none of its words."""


@dataclass(frozen=True)
class Locks:
    """What there is on this machine to keep a process in."""

    namespaces: bool
    proc: bool = False
    landlock: int = 0
    """Its version; 0: none."""
    filter: bool = False
    why_not: str = ""
    """Why there are no namespaces."""

    @property
    def kept_by(self) -> Kept:
        """The stronger of what there is."""
        return "namespaces" if self.namespaces else "landlock" if self.landlock and self.filter else "none"

    @property
    def holds(self) -> bool:
        """Whether neither files nor networks can be reached from inside."""
        return self.kept_by != "none"


@cache
def find_locks() -> Locks:
    """What this machine has, tried out."""
    if sys.platform != "linux":
        return Locks(namespaces=False, why_not="only Linux has what a jail is made of")
    made, with_proc, why_not = try_namespaces()
    return Locks(made, with_proc, locks.landlock_version(), locks.can_filter_calls(), why_not)


@dataclass(frozen=True)
class Task(Generic[Order, Result]):
    """A kind of work: the function that does it (``module:name``), and what it hands back."""

    function: str
    result: Any
    timeout_s: float = 3600.0


class _Zygote:
    """The process that forks the workers: started when it is first needed, and ended with this object."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._line: socket.socket | None = None
        self._of = 0

    def send(self, asked: bytes, handles: list[int]) -> None:
        with self._turn:
            if self._line is not None and self._of == os.getpid():  # not one of before a fork
                try:
                    socket.send_fds(self._line, [asked], handles)
                except (BrokenPipeError, ConnectionResetError):
                    self._line.close()  # somebody killed it
                else:
                    return
            self._line = self._start()
            socket.send_fds(self._line, [asked], handles)

    def _start(self) -> socket.socket:
        mine, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        mine.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
        kept |= {name: value for name, value in os.environ.items() if name.startswith("LC_")}
        argv = [sys.executable, "-P", "-m", f"{__package__}.zygote", str(theirs.fileno()), str(os.getpid())]
        started: Future[None] = Future()

        def keep() -> None:  # it is killed when the thread that started it ends, so this one waits for it
            try:
                process = subprocess.Popen(
                    argv,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    pass_fds=[theirs.fileno()],
                    env=kept | _OWN_VARIABLES,
                    start_new_session=True,
                )
            except OSError as error:
                started.set_exception(error)
                return
            started.set_result(None)
            process.wait()

        with theirs:
            keeper = threading.Thread(target=keep, name="zygote", daemon=True)
            keeper.start()
            started.result()
        self._of = os.getpid()
        weakref.finalize(self, _end, mine, keeper, self._of)
        return mine


def _end(line: socket.socket, keeper: threading.Thread, of: int) -> None:
    """End it and wait: what it and all its workers used counts for this process only once it was waited for."""
    if os.getpid() == of:
        line.close()
        keeper.join(_MOST_END_S)


@dataclass(frozen=True)
class Jail:
    """Where work is done that opens what came from outside. Any thread may use it; one for each process."""

    limits: Limits = field(default_factory=Limits)
    required: bool = False
    """Do nothing where this machine cannot keep it in."""
    program: str = ""
    """An ffmpeg beside the packaged one, that must be seen from inside."""
    locks: Locks | None = None
    """None: whatever there is."""
    most_processes: int = MOST_PROCESSES
    _zygote: _Zygote = field(default_factory=_Zygote, repr=False, compare=False)

    def held_by(self) -> Locks:
        """What keeps work in."""
        return self.locks or find_locks()

    def do(
        self,
        task: Task[Order, Result],
        order: Order,
        folder: Path,
        *,
        reads: Sequence[Path] = (),
        devices: Sequence[Device] = (),
        limits: Limits | None = None,
        tell: Tell | None = None,
        note: Note | None = None,
    ) -> Result:
        """What the task made of ``order``: it sees ``folder``, where it may write, what it ``reads``, and programs.

        devices: what it may decode with.

        Every path in the result lies in the folder and is a plain file; there is no link and nothing special in it.
        Raises: JailMissing, MediaCrashed, WorkBroke, TooMuchMemory, FfmpegTimedOut; PipelineErrors of the work; what
        ``tell`` raises, after the work was ended.
        """
        keeps = self.held_by()
        if self.required and not keeps.holds:
            raise JailMissing(keeps.why_not)
        if sys.platform != "linux":  # told by `vigpack doctor`
            return _done_here(task, order, tell or (lambda _: None), note or (lambda *_: None))
        bounds = limits or self.limits
        folder = folder.resolve()
        real = [path.resolve() for path in reads if path.is_file()]
        seen = [path for path in real if folder not in path.parents]
        files = device_files(devices)
        facts = device_facts() if files else ()
        asked = Asked(
            task.function,
            folder,
            tuple(dict.fromkeys([*seen, *facts, *([Path(self.program).resolve()] if self.program else [])])),
            keeps.namespaces,
            keeps.proc,
            bool(keeps.landlock),
            keeps.filter,
            bounds.memory_bytes,
            bounds.file_bytes,
            int(task.timeout_s) * (os.cpu_count() or 1),
            self.most_processes,
            devices=files,
        )
        said = adapter_of(_order_kind(order)).dump_json(order)
        answer = _ask(self._zygote, asked, said, task.timeout_s, tell or (lambda _: None), note or (lambda *_: None))
        try:
            made: Result = adapter_of(task.result).validate_python(answer, strict=False)
        except ValidationError as error:
            raise WorkBroke(f"the answer is none: {error.error_count()} faults") from None
        _check_plain(folder)
        for path in _paths_in(made):
            if folder not in path.parents or path != path.resolve() or not path.is_file():
                raise WorkBroke("the answer names a file outside its folder")
        return made


class _Here:
    """Told of work in this process, as pipeline.jail.zygote.Telling is in another."""

    def __init__(self, tell: Tell, note: Note) -> None:
        self._tell, self.note = tell, note

    def __call__(self, done: float) -> None:
        self._tell(done)


def _order_kind(order: Any) -> Any:
    """A path is of one kind here and of another there."""
    return Path if isinstance(order, Path) else type(order)


def _done_here(task: Task[Order, Result], order: Order, tell: Tell, note: Note) -> Result:
    module, _, name = task.function.partition(":")
    made: Result = getattr(importlib.import_module(module), name)(order, _Here(tell, note))
    return made


def _ask(zygote: _Zygote, asked: Asked, order: bytes, timeout_s: float, tell: Tell, note: Note) -> Any:
    life, theirs = socket.socketpair()
    talk, other = socket.socketpair()
    with life, talk:
        with theirs, other:
            zygote.send(as_json(asked), [theirs.fileno(), other.fileno()])
        answer: dict[str, Any] = {}
        try:
            talk.settimeout(60)
            talk.sendall(order)
            talk.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it ended before it was asked; how, the supervisor tells
        for line in _lines(talk, life, timeout_s, tell):
            if "told" in line:
                tell(min(1.0, max(0.0, float(line["told"]))))
            elif "noted" in line:
                note(*_noted(line["noted"]))
            else:
                answer = line
        life.shutdown(socket.SHUT_WR)  # whatever it left behind ends now
        ended = _how_it_ended(life)
    return _made(answer, ended)


def _noted(told: Any) -> tuple[str, int]:
    try:
        name, value = told
    except (TypeError, ValueError):
        raise WorkBroke("what it notes is no number") from None
    if not isinstance(name, str) or type(value) is not int or not 0 <= value < 1 << 53:
        raise WorkBroke("what it notes is no number")
    return name, value


def _lines(talk: socket.socket, life: socket.socket, timeout_s: float, tell: Tell) -> Iterator[dict[str, Any]]:
    ends_at = time.monotonic() + timeout_s
    held, far, total = b"", 0.0, 0
    while True:
        ready = select.select([talk, life], [], [], _LOOK_EVERY_S)[0]
        if talk not in ready:
            if life in ready:
                return  # it is over, even if something still holds the other end
            tell(far)
            if time.monotonic() > ends_at:
                raise FfmpegTimedOut(f"no end after {timeout_s:.0f} s")
            continue
        try:
            block = talk.recv(1 << 20)
        except ConnectionResetError:
            return
        if not block:
            return
        total += len(block)
        if total > _MOST_ANSWER_BYTES:
            raise WorkBroke("it says too much")
        *whole, held = (held + block).split(b"\n")
        for text in whole:
            try:
                line = json.loads(text)
                far = float(line.get("told", far))
            except (ValueError, TypeError, AttributeError, RecursionError):
                raise WorkBroke("what it says is no answer") from None
            yield line


def _how_it_ended(life: socket.socket) -> dict[str, Any]:
    life.settimeout(60)
    try:
        told = json.loads(b"".join(iter(lambda: life.recv(1 << 16), b"")) or b"{}")
    except (TimeoutError, ConnectionResetError, ValueError):
        told = {}
    return told if isinstance(told, dict) else {}


def _made(answer: dict[str, Any], ended: dict[str, Any]) -> Any:
    if "no_jail" in ended:
        raise JailMissing(ended["no_jail"])
    if ended.get("over") == "output":
        raise OutputTooLarge("there was more in its folder than one job may write")
    if ended.get("over") == "memory" or ended.get("status") == -signal.SIGKILL:
        raise TooMuchMemory(f"the process that worked with the film was ended: {ended}")
    if ended.get("status") == -signal.SIGXCPU:
        raise FfmpegTimedOut("its processor time was over")
    if ended.get("status") != 0:
        raise MediaCrashed(f"the process that worked with the film ended: {ended}")
    if "broke" in answer:
        raise WorkBroke(str(answer["broke"])[:1000])
    if "error" in answer:
        raise _error_of(answer["error"])
    if "made" not in answer:
        raise WorkBroke("it ended without an answer")
    return answer["made"]


def _error_of(told: Any) -> Exception:
    """The error as it was raised in there; only errors of the pipeline's own modules are known."""
    try:
        module, kind = told["module"], told["kind"]
        detail, sentence = str(told["detail"]), str(told["for_guider"])
        known = (
            all(part.isidentifier() for part in module.split(".")) and module.split(".")[0] == __name__.split(".")[0]
        )
        found = getattr(importlib.import_module(module), kind) if known else None
    except (KeyError, TypeError, AttributeError, ImportError):
        found = None
    if not (isinstance(found, type) and issubclass(found, PipelineError)):
        return WorkBroke("it tells of an error that is none")
    return found(detail, for_guider=sentence)


def _check_plain(folder: Path) -> None:
    """Nothing, if all that lies in the folder are files and folders: a link would lead its reader elsewhere."""
    for parent, folders, names in os.walk(folder):
        for name in (*folders, *names):
            mode = os.lstat(Path(parent, name)).st_mode
            if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
                raise WorkBroke("there is something in its folder that is neither a file nor a folder")


def _paths_in(made: Any) -> Iterator[Path]:
    if isinstance(made, Path):
        yield made
    elif dataclasses.is_dataclass(made):
        for one in dataclasses.fields(made):
            yield from _paths_in(getattr(made, one.name))
    elif isinstance(made, dict):
        for one in made.values():
            yield from _paths_in(one)
    elif isinstance(made, (list, tuple)):
        for one in made:
            yield from _paths_in(one)
