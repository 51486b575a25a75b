"""The master key, which wraps the key of each family: from the environment, a command (a KMS hook), or a file.

Each source may tell several keys, separated by white space: the first one wraps, all of them open. So a new one is
brought in without a pause (docs/keys.md).
"""

from __future__ import annotations

import contextlib
import os
import shlex
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from pipeline.artifact import sync_folder
from records.keys.errors import KeyStoreUnavailable, MasterKeyMissing
from records.secrets.keys import derive_key, new_secret
from records.settings import Settings

FILE_NAME = "master-key"
PREFIX = "vgm_"
LEAST_CHARACTERS = 43
_COMMAND_S = 30


@dataclass(frozen=True)
class MasterKey:
    """One master key: what wraps, and by what it is told from others."""

    fingerprint: str
    key: bytes


def new_master_key() -> str:
    """The text of a new master key, with 256 random bits."""
    return new_secret(PREFIX)


def master_key_path(settings: Settings) -> Path:
    """The file of the master key, where it comes from a file."""
    return settings.master_key_file or settings.data_dir / FILE_NAME


def comes_from_file(settings: Settings) -> bool:
    """Whether it comes from a file, and not from the environment or a command."""
    return not (settings.master_key.get_secret_value() or settings.master_key_command)


def read_master_keys(settings: Settings, *, make: bool) -> tuple[MasterKey, ...]:
    """Every master key at hand, the one that wraps first.

    ``make``: nothing was ever wrapped here, so a file that is not there is made. Raises: MasterKeyMissing,
    KeyStoreUnavailable.
    """
    keys = parse_master_keys(read_master_text(settings, make=make))
    if not keys:
        raise MasterKeyMissing("the master key is empty")
    return keys


def parse_master_keys(text: str) -> tuple[MasterKey, ...]:
    """Every key of a text as a source tells it. Raises: MasterKeyMissing, where one is too short."""
    return tuple(_master_key(word) for word in text.split())


def read_master_text(settings: Settings, *, make: bool) -> str:
    """The keys' text as their source tells it. Raises: as read_master_keys."""
    if given := settings.master_key.get_secret_value():
        return given
    if settings.master_key_command:
        return _ask_command(settings.master_key_command)
    path = master_key_path(settings)
    try:
        return path.read_text(encoding="ascii")
    except FileNotFoundError as error:
        if make:
            return _make_file(path)
        sentence = f"The master key is missing: {path} is not there. Put it back, or restore it (docs/keys.md)."
        raise MasterKeyMissing(sentence) from error
    except (OSError, UnicodeDecodeError) as error:
        raise MasterKeyMissing(f"the master key in {path} cannot be read: {error}") from error


def write_master_file(path: Path, text: str) -> None:
    """Put the text into the file in one step; only this account can read it. Raises: KeyStoreUnavailable."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = _private_file(path, text)
        made.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise KeyStoreUnavailable(f"the master key cannot be written to {path}: {error}") from error


def _master_key(text: str) -> MasterKey:
    if len(text) < LEAST_CHARACTERS:
        raise MasterKeyMissing(f"a master key must have at least {LEAST_CHARACTERS} random characters")
    return MasterKey(derive_key(text, "master key fingerprint").hex()[:16], derive_key(text, "master key"))


def _ask_command(command: str) -> str:
    try:
        done = subprocess.run(
            shlex.split(command), check=True, capture_output=True, timeout=_COMMAND_S, stdin=subprocess.DEVNULL
        )
    except subprocess.CalledProcessError as error:
        raise MasterKeyMissing(f"the command for the master key failed with exit status {error.returncode}") from error
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise MasterKeyMissing(f"the command for the master key did not answer: {type(error).__name__}") from error
    return done.stdout.decode("ascii", "replace")


def _make_file(path: Path) -> str:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = _private_file(path, new_master_key() + "\n")
        try:
            with contextlib.suppress(FileExistsError):  # another process was first; its key holds
                os.link(made, path)
        finally:
            made.unlink()
        sync_folder(path.parent)
        return path.read_text(encoding="ascii")
    except OSError as error:
        raise KeyStoreUnavailable(f"the master key cannot be made in {path}: {error}") from error


def _private_file(beside: Path, text: str) -> Path:
    number, name = tempfile.mkstemp(prefix=f".{beside.name}-", dir=beside.parent)  # only this account can open it
    with os.fdopen(number, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(number)
    return Path(name)
