"""Storage in a folder on this machine."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from io import BufferedReader, FileIO
from pathlib import Path

from pipeline.artifact import sha256_of, sync_folder
from records.storage.contract import (
    BLOCK_BYTES,
    AsStored,
    StorageMissing,
    Stored,
    as_stored,
    check_folder_writable,
    check_key,
    check_prefix,
    copy_checked,
    saying_what_failed,
)

_STALE_PART_S = 24 * 3600


class FolderStorage:
    """A folder on this machine. Parts are written beside the keys, in ``.parts``, and renamed into place."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self._parts = self._root / ".parts"
        # Where that fails the service starts all the same and says so; it works as soon as somebody has put it right.
        with contextlib.suppress(OSError):
            self._make_root()

    def _make_root(self) -> None:
        self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._parts.mkdir(exist_ok=True, mode=0o700)

    def put(self, path: Path, key: str) -> Stored:
        target = self._target(key)
        part = self._parts / uuid.uuid4().hex
        with saying_what_failed(f"store {key}"):
            self._make_root()
            try:
                _link_or_copy(path, part)
                with part.open("rb") as file:
                    os.fsync(file.fileno())
                stored = Stored(key, part.stat().st_size, sha256_of(part))
                self._move_into_place(part, target)
            finally:
                # A rename between two links to the same bytes does nothing and leaves the first (POSIX rename).
                part.unlink(missing_ok=True)
        return stored

    def write(self, blocks: Iterator[bytes], key: str) -> None:
        target = self._target(key)
        part = self._parts / uuid.uuid4().hex
        with saying_what_failed(f"store {key}"):
            self._make_root()
            try:
                with part.open("xb", buffering=0) as file:
                    for block in blocks:
                        _write_whole(file, block)
                    os.fsync(file.fileno())
                self._move_into_place(part, target)
            finally:
                part.unlink(missing_ok=True)

    def as_stored(self, key: str) -> AsStored:
        return as_stored(self.read(key, 0, self.size(key)))

    def fetch(self, key: str, destination: Path, *, sha256: str | None = None) -> None:
        source = self.local_path(key)
        with saying_what_failed(f"fetch {key}"):
            copy_checked(_blocks(source.open("rb"), source.stat().st_size), destination, sha256)

    def local_path(self, key: str) -> Path:
        target = self._target(key)
        with saying_what_failed(f"look for {key}"):
            there = target.is_file()
        if not there:
            raise StorageMissing(f"nothing is stored under {key}")
        return target

    def read(self, key: str, start: int, end: int) -> Iterator[bytes]:
        path = self.local_path(key)
        with saying_what_failed(f"read {key}"):
            file = path.open("rb")
            file.seek(start)
        return _blocks(file, max(0, end - start))

    def size(self, key: str) -> int:
        path = self.local_path(key)
        with saying_what_failed(f"measure {key}"):
            return path.stat().st_size

    def delete(self, key: str) -> None:
        target = self._target(key)
        with saying_what_failed(f"delete {key}"):
            try:
                target.unlink()
            except (FileNotFoundError, NotADirectoryError):
                return
            sync_folder(target.parent)
            for folder in target.relative_to(self._root).parents:
                if folder == Path() or not _remove_if_empty(self._root / folder):
                    break

    def keys(self, prefix: str = "") -> Iterator[str]:
        top = self._root / check_prefix(prefix)
        with saying_what_failed("list the store"):
            for folder, folders, files in os.walk(top, onerror=_raise_unless_gone):
                folders[:] = [name for name in folders if Path(folder, name) != self._parts]
                for name in files:
                    yield Path(folder, name).relative_to(self._root).as_posix()

    def check_writable(self) -> None:
        probe = self._parts / uuid.uuid4().hex
        with saying_what_failed("write to the store"):
            self._make_root()
            probe.touch(exist_ok=False)
            probe.unlink()
            # A backup that root unpacked leaves folders that only root may write.
            for folder in (self._root, *(path for path in self._root.iterdir() if path.is_dir())):
                check_folder_writable(folder)

    def clear_unfinished(self) -> None:
        with saying_what_failed("clear the store"):
            for part in self._parts.iterdir():
                with contextlib.suppress(FileNotFoundError):  # another process clears too
                    # When its entry was made: a link keeps the age of the bytes.
                    if time.time() - part.stat().st_ctime > _STALE_PART_S:
                        part.unlink()

    def _target(self, key: str) -> Path:
        return self._root / check_key(key)

    def _move_into_place(self, part: Path, target: Path) -> None:
        for tries_left in (4, 3, 2, 1, 0):
            _make_folders(target.parent, self._root)
            try:
                part.replace(target)
            except FileNotFoundError:  # a delete removed the folder, empty until now
                if not tries_left:
                    raise
            else:
                sync_folder(target.parent)
                return


def _write_whole(file: FileIO, block: bytes) -> None:
    rest = memoryview(block)
    while rest:
        rest = rest[file.write(rest) :]


def _raise_unless_gone(error: OSError) -> None:
    """A folder that cannot be read is not an empty one: what is in it would be neither found nor erased."""
    if not isinstance(error, (FileNotFoundError, NotADirectoryError)):
        raise error


def _link_or_copy(path: Path, part: Path) -> None:
    try:
        os.link(path, part)
    except OSError:  # another file system, or one without links
        shutil.copyfile(path, part)


def _make_folders(folder: Path, root: Path) -> None:
    missing = [parent for parent in (folder, *folder.parents) if parent.is_relative_to(root) and not parent.exists()]
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for made in missing:
        sync_folder(made.parent)


def _remove_if_empty(folder: Path) -> bool:
    try:
        folder.rmdir()
    except OSError:  # not empty, or already gone
        return False
    return True


def _blocks(file: BufferedReader, length: int) -> Iterator[bytes]:
    with file:
        while length > 0 and (block := file.read(min(BLOCK_BYTES, length))):
            length -= len(block)
            yield block
