"""The secret of a data folder: whoever can read it is the person whose machine this is."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import tempfile
from pathlib import Path

from pipeline.errors import PipelineError
from records.accounts.keys import new_secret
from records.logs import get_logger

FILE_NAME = "machine-secret"
PREFIX = "vgl_"
_SECRET = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{43}}")
_FOR_OTHERS = 0o077

log = get_logger("accounts")


class MachineSecretUnusable(PipelineError):
    """The file with the secret cannot be read or made."""

    code = "machine_secret_unusable"
    for_guider = "The file machine-secret in the data folder cannot be read or written by this account."


def machine_secret(data_dir: Path) -> str:
    """The folder's secret, made at the first call; only the account that made it can read the file.

    A file that others could read, or that holds something else, is replaced: what they may know opens nothing then.
    Raises: MachineSecretUnusable.
    """
    path = data_dir / FILE_NAME
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        if (kept := _read(path)) is not None:
            return kept
        return _make(path)
    except OSError as error:
        sentence = f"The file {path} cannot be read or written ({error.strerror}). It must belong to this account."
        raise MachineSecretUnusable(str(error), for_guider=sentence) from error


def _read(path: Path) -> str | None:
    try:
        with path.open(encoding="ascii", errors="replace") as file:
            status = os.fstat(file.fileno())
            kept = file.read(200).strip()
    except FileNotFoundError:
        return None
    if status.st_uid != os.geteuid():
        raise PermissionError(errno.EPERM, "it belongs to another account")
    if _SECRET.fullmatch(kept) and not status.st_mode & _FOR_OTHERS:
        return kept
    log.warning("machine_secret_replaced", cause="others could read it, or it was damaged")
    path.unlink()
    return None


def _make(path: Path) -> str:
    made = new_secret(PREFIX)
    number, name = tempfile.mkstemp(prefix=f".{FILE_NAME}-", dir=path.parent)  # only this account can open it
    try:
        with os.fdopen(number, "w", encoding="ascii") as file:
            file.write(made + "\n")
            file.flush()
            os.fsync(number)
        with contextlib.suppress(FileExistsError):  # another process was first; its secret holds
            os.link(name, path)
    finally:
        Path(name).unlink()
    return path.read_text(encoding="ascii").strip()
