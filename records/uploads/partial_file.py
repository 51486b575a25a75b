"""The bytes of an unfinished upload: one file in ``data_dir/incoming`` that one writer at a time may hold.

The hold is a lock of the operating system on the open file. It ends with the process, however that dies, and it works
between all processes that share the folder; requests of one process exclude each other too: each opens the file anew.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from pipeline.artifact import sync_folder
from records.settings import Settings
from records.storage.contract import saying_what_failed

_sync_data = getattr(os, "fdatasync", os.fsync)  # macOS has only fsync


def incoming_folder(settings: Settings) -> Path:
    """The folder of unfinished uploads; made if it is not there."""
    folder = settings.data_dir / "incoming"
    with saying_what_failed("make the folder for uploads"):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def partial_path(settings: Settings, upload_id: str) -> Path:
    """Where the bytes of an unfinished upload lie, once there are any."""
    return settings.data_dir / "incoming" / upload_id


def erase_partial(settings: Settings, upload_id: str) -> None:
    """Remove what came of an upload; no error if nothing did. A writer who still has it open writes to nobody."""
    path = partial_path(settings, upload_id)
    with saying_what_failed("erase an unfinished upload"), contextlib.suppress(FileNotFoundError):
        path.unlink()
        sync_folder(path.parent)


class Partial:
    """The held file of one upload. Nobody else writes to it until it is closed."""

    def __init__(self, path: Path, handle: int) -> None:
        self.path = path
        self._handle = handle
        self._read_to = 0

    def __del__(self) -> None:
        # A request cancelled while a thread opened the file for it would hold the lock for ever.
        self.close()

    def size(self) -> int:
        """Bytes in the file, synced or not."""
        return os.fstat(self._handle).st_size

    def cut_to(self, offset: int) -> None:
        """Forget everything from ``offset`` on; the next write goes there."""
        with saying_what_failed("prepare an upload"):
            if self.size() > offset:
                os.ftruncate(self._handle, offset)
            os.lseek(self._handle, offset, os.SEEK_SET)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Append. Raises: NoRoom, StorageUnavailable."""
        with saying_what_failed("write an upload"):
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(self._handle, rest) :]

    def read(self, length: int) -> bytes:
        """The next bytes from the start on; fewer at the end. Raises: StorageDamaged where another wrote there."""
        found = self.read_at(self._read_to, length)
        self._read_to += len(found)
        return found

    def read_at(self, at: int, length: int) -> bytes:
        """As they lie in the file; fewer at its end."""
        with saying_what_failed("read an upload"):
            return os.pread(self._handle, length, at)

    def give_handle(self) -> int:
        """The open file, for another to close."""
        handle, self._handle = self._handle, -1
        return handle

    def sync(self) -> None:
        """Return when everything written would outlive a power cut."""
        with saying_what_failed("save an upload"):
            _sync_data(self._handle)

    def close(self) -> None:
        """Let go of the file."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1


def try_hold(path: Path) -> Partial | None:
    """The file, made if need be and held for writing; None while somebody else holds it. Close it in the end."""
    with saying_what_failed("open an upload"):
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not _is_still_there(path, handle):  # erased while we waited; the next try makes a new one
                os.close(handle)
                return None
            sync_folder(path.parent)
        except OSError as error:
            os.close(handle)
            if error.errno in {errno.EAGAIN, errno.EACCES}:
                return None
            raise
    return Partial(path, handle)


@contextlib.contextmanager
def held_if_free(path: Path) -> Iterator[Partial | None]:
    """The file held for the length of a block; None if somebody else holds it."""
    partial = try_hold(path)
    try:
        yield partial
    finally:
        if partial is not None:
            partial.close()


def _is_still_there(path: Path, handle: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(handle))
    except FileNotFoundError:
        return False
