"""One ``up`` per data folder: a lock that every part holds, so that it ends with the last of them."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from pathlib import Path

from pipeline.errors import PipelineError

LOCK_NAME = "up.lock"


class DataInUse(PipelineError):
    """Another ``vigpack up`` works in this folder."""

    code = "data_in_use"
    for_guider = "This data folder is in use by another vigpack up. End that one first, or choose another folder."


class DataFolderUnusable(PipelineError):
    """The data folder cannot be made or written."""

    code = "data_folder_unusable"
    for_guider = "The data folder cannot be written. Choose another one with --data."


def hold_data_dir(data_dir: Path, *, wait_s: float = 45.0) -> int:
    """An open file descriptor that holds ``data_dir``; a child that inherits it holds the folder too.

    Waits ``wait_s`` where the former ``up`` is gone and its parts are still ending.
    Raises: DataInUse, DataFolderUnusable.
    """
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        _close_to_others(data_dir)
        held = os.open(data_dir / LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        sentence = f"The data folder {data_dir} cannot be written ({error.strerror}). Choose another one with --data."
        raise DataFolderUnusable(str(error), for_guider=sentence) from error
    give_up_at = time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder_pid = _recorded_pid(held)
            if (holder_pid is None or _is_alive(holder_pid)) or time.monotonic() > give_up_at:
                os.close(held)
                who = f" (process {holder_pid})" if holder_pid else ""
                sentence = (
                    f"The data folder {data_dir} is in use by another vigpack up{who}. "
                    "End that one first, or choose another folder with --data."
                )
                raise DataInUse(sentence, for_guider=sentence) from None
            time.sleep(0.2)
        else:
            os.set_inheritable(held, True)
            os.ftruncate(held, 0)
            os.pwrite(held, json.dumps({"pid": os.getpid()}).encode(), 0)
            return held


def note_url(held: int, url: str) -> None:
    """Write down where the page is, for ``running_url``."""
    said = json.dumps({"pid": os.getpid(), "url": url}).encode()
    os.ftruncate(held, 0)
    os.pwrite(held, said, 0)


def running_url(data_dir: Path) -> str | None:
    """Where the page of the ``up`` is that works in this folder just now; None where none does."""
    try:
        looking = os.open(data_dir / LOCK_NAME, os.O_RDWR)
    except OSError:
        return None
    try:
        fcntl.flock(looking, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        said: dict[str, str] = json.loads(os.pread(looking, 500, 0) or b"{}")
        return said.get("url")
    finally:
        os.close(looking)
    return None


def _close_to_others(data_dir: Path) -> None:
    """Films of families are nobody else's on this machine. A folder that holds other things too is left as it is;
    doctor tells of it.
    """
    if not data_dir.stat().st_mode & 0o077:
        return
    inside = {path.name for path in data_dir.iterdir()}
    if inside and not inside & {LOCK_NAME, "vigpack.sqlite3"}:
        return
    with contextlib.suppress(PermissionError):
        data_dir.chmod(0o700)


def _recorded_pid(held: int) -> int | None:
    try:
        return int(json.loads(os.pread(held, 200, 0))["pid"])
    except (ValueError, KeyError, TypeError):
        return None


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
