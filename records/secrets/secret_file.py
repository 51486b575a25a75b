"""A secret in a file of the data folder, which only the account that runs the service can read."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import tempfile
from pathlib import Path

from pipeline.errors import PipelineError
from records.logs import get_logger
from records.secrets.keys import new_secret

_RANDOM = re.compile(r"[A-Za-z0-9_-]{43}")
_FOR_OTHERS = 0o077

log = get_logger("accounts")


class SecretFileUnusable(PipelineError):
    """A file with a secret cannot be read or made."""

    code = "secret_file_unusable"
    for_guider = "A file with a secret in the data folder cannot be read or written by this account."


def read_or_make_secret(path: Path, prefix: str) -> str:
    """The file's secret, ``prefix`` and 256 random bits, made at the first call.

    A file that others could read, or that holds something else, is replaced: what they may know opens nothing then.
    Raises: SecretFileUnusable.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if (kept := _read(path, prefix)) is not None:
            return kept
        return _make(path, prefix)
    except OSError as error:
        sentence = f"The file {path} cannot be read or written ({error.strerror}). It must belong to this account."
        raise SecretFileUnusable(str(error), for_guider=sentence) from error


def _read(path: Path, prefix: str) -> str | None:
    try:
        with path.open(encoding="ascii", errors="replace") as file:
            status = os.fstat(file.fileno())
            kept = file.read(200).strip()
    except FileNotFoundError:
        return None
    if status.st_uid != os.geteuid():
        raise PermissionError(errno.EPERM, "it belongs to another account")
    is_whole = kept.startswith(prefix) and _RANDOM.fullmatch(kept.removeprefix(prefix))
    if is_whole and not status.st_mode & _FOR_OTHERS:
        return kept
    log.warning("secret_file_replaced", file=path.name, cause="others could read it, or it was damaged")
    path.unlink()
    return None


def _make(path: Path, prefix: str) -> str:
    made = new_secret(prefix)
    number, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)  # only this account can open it
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
