"""The key store: a folder with one small file for each wrapped key, apart from the database and its backups.

families/5f/5f0c…     wrapped with the master key
selections/9a/9a31…   wrapped with the key of its family
drafts/c2/c2d9…       wrapped with the master key until it is sent, then with the keys of what was sent of it
service               wrapped with the master key, for what is of no family
destroyed/5f/5f0c…    that this key was destroyed: an empty file
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import re
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import IO, Any

from pipeline.artifact import sync_folder
from records.keys.errors import KeyDamaged, KeyMissing, KeyStoreUnavailable

_ID = re.compile(r"[0-9a-f]{32}")
_LOCK = "lock"
_PARTS = ".parts"
_DAY_S = 86_400


class KeyKind(StrEnum):
    """What a key is of, as the folder of its file is called."""

    FAMILY = "families"
    SELECTION = "selections"
    DRAFT = "drafts"
    """Of what an account's browser keeps of one film: marks, words and cuts. In no backup of the keys: an older one
    would bring back what was destroyed with a family."""
    SERVICE = "service"
    """The service's own, for words of no family: one key."""


SERVICE_ID = "0" * 32
BACKED_UP_KINDS = tuple(kind for kind in KeyKind if kind is not KeyKind.DRAFT)


class KeyStore:
    """The files. May be used by several threads and processes at once; all methods raise KeyStoreUnavailable."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()

    def read(self, kind: KeyKind, key_id: str) -> dict[str, Any] | None:
        """What the key's file says; None where there is none. Raises: KeyDamaged."""
        return self._read(self._path(kind, key_id))

    def add(self, kind: KeyKind, key_id: str, said: dict[str, Any]) -> bool:
        """Write a new key's file; False where there was one already, which stays. It outlives a power cut."""
        return self._add(self._path(kind, key_id), said)

    def replace(self, kind: KeyKind, key_id: str, said: dict[str, Any], *, overwrites: bool = False) -> None:
        """Write a key's file anew in one step; with ``overwrites`` nothing of the former one stays in free blocks.

        Who reads just then may find the former one overwritten, which is KeyDamaged, and the new one when asking again.
        """
        path = self._path(kind, key_id)
        with _saying("write a key"):
            part = self._part(said)
            with path.open("r+b") if overwrites else contextlib.nullcontext() as former:
                part.replace(path)
                sync_folder(path.parent)
                if former is not None:
                    _overwrite(former)

    def destroy(self, kind: KeyKind, key_id: str) -> bool:
        """Destroy a key for good; whether there was one. Doing it again does no harm.

        That it was destroyed is noted first, so that whatever a crash leaves is not used.
        """
        path, note = self._path(kind, key_id), self._note(key_id)
        with _saying("destroy a key"):
            self._make_folder(note.parent)
            note.touch(mode=0o600)
            sync_folder(note.parent)
            try:
                with path.open("r+b") as file:
                    _overwrite(file)
                path.unlink()
            except FileNotFoundError:
                return False
            sync_folder(path.parent)
        return True

    def touch(self, kind: KeyKind, key_id: str) -> None:
        """Note that the key was asked for today."""
        with _saying("note the use of a key"), contextlib.suppress(FileNotFoundError):
            path = self._path(kind, key_id)
            if time.time() - path.stat().st_mtime > _DAY_S:
                os.utime(path)

    def idle_ids(self, kind: KeyKind, longer_than_s: float) -> Iterator[str]:
        """Every key that nobody has written or touched for so long."""
        until = time.time() - longer_than_s
        for key_id in self.ids(kind):
            with _saying("look for a key"), contextlib.suppress(FileNotFoundError):
                if self._path(kind, key_id).stat().st_mtime < until:
                    yield key_id

    def is_destroyed(self, key_id: str) -> bool:
        """Whether the key was destroyed."""
        with _saying("look for a key"):
            return self._note(key_id).exists()

    def ids(self, kind: KeyKind) -> Iterator[str]:
        """Every key there is, in no order."""
        yield from self._ids(self.root / kind)

    def destroyed_ids(self) -> Iterator[str]:
        """Every key of which it is noted that it was destroyed."""
        yield from self._ids(self.root / "destroyed")

    def is_empty(self) -> bool:
        """Whether no key was ever kept here."""
        with _saying("look for keys"):
            folders = [self.root / kind for kind in KeyKind]
            return not any(folder.is_dir() and any(folder.iterdir()) for folder in folders)

    @contextmanager
    def held(self, *, alone: bool) -> Iterator[None]:
        """While keys are made (together) or wrapped anew (alone), for the length of a block."""
        with _saying("lock the keys"):
            self._make_folder(self.root)
            handle = os.open(self.root / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            with contextlib.suppress(OSError):  # some network file systems have no locks
                fcntl.flock(handle, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
            yield
        finally:
            os.close(handle)

    def _path(self, kind: KeyKind, key_id: str) -> Path:
        return self.root / kind / _checked(key_id)[:2] / key_id

    def _note(self, key_id: str) -> Path:
        return self.root / "destroyed" / _checked(key_id)[:2] / key_id

    def _ids(self, folder: Path) -> Iterator[str]:
        with _saying("list the keys"):
            for inside, _, names in os.walk(folder):
                yield from (name for name in names if _ID.fullmatch(name) and Path(inside).name == name[:2])

    def _read(self, path: Path) -> dict[str, Any] | None:
        with _saying("read a key"):
            try:
                text = path.read_bytes()
            except FileNotFoundError:
                return None
        try:
            said = json.loads(text)
        except ValueError as error:
            raise KeyDamaged(f"{path.name} cannot be read") from error
        if not isinstance(said, dict):
            raise KeyDamaged(f"{path.name} cannot be read")
        return said

    def _add(self, path: Path, said: dict[str, Any]) -> bool:
        with _saying("write a key"):
            self._make_folder(path.parent)
            part = self._part(said)
            try:
                os.link(part, path)
            except FileExistsError:
                return False
            finally:
                part.unlink()
            sync_folder(path.parent)
        return True

    def _part(self, said: dict[str, Any]) -> Path:
        parts = self.root / _PARTS
        self._make_folder(parts)
        part = parts / uuid.uuid4().hex
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(json.dumps(said) + "\n")
            file.flush()
            os.fsync(file.fileno())
        return part

    def _make_folder(self, folder: Path) -> None:
        for missing in reversed([one for one in (folder, *folder.parents) if not one.exists()]):
            missing.mkdir(exist_ok=True, mode=0o700)
            sync_folder(missing.parent)


def _overwrite(file: IO[bytes]) -> None:
    """Where the file system writes in place nothing stays in free blocks."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    file.write(os.urandom(max(size, 1)))
    file.flush()
    os.fsync(file.fileno())


def _checked(key_id: str) -> str:
    if not _ID.fullmatch(key_id):
        raise KeyMissing(f"not the id of a key: {key_id[:40]!r}")
    return key_id


@contextmanager
def _saying(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        cause = os.strerror(error.errno) if error.errno else type(error).__name__
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            cause = "no room"
        raise KeyStoreUnavailable(f"{what}: {cause}") from error
