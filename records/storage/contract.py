"""Where finished bytes live: one small contract, kept by a local folder and by S3 (records/storage/s3.py)."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import shutil
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Protocol

from pipeline.artifact import sha256_of, sync_folder
from pipeline.errors import PipelineError
from records.errors import NoRoom
from records.settings import Settings

BLOCK_BYTES = 1 << 20
LONGEST_KEY = 200
_KEY = re.compile(r"[a-z0-9][a-z0-9._-]*(?:/[a-z0-9][a-z0-9._-]*)*")
_FOLDER = re.compile(r"(?:[a-z0-9][a-z0-9._-]*/)*")
_STALE_PART_S = 24 * 3600


class StorageMissing(PipelineError):
    """Nothing is stored under that key."""

    code = "storage_missing"
    for_guider = "This file is no longer here."


class StorageUnavailable(PipelineError):
    """The place where files are kept does not answer or cannot be written."""

    code = "storage_unavailable"
    retryable = True
    outage = True
    for_guider = "The place where files are kept cannot be reached just now. Nothing was lost; try again in a minute."


class StorageDamaged(PipelineError):
    """What came out of storage is not what went in; the copy was thrown away."""

    code = "storage_damaged"
    for_guider = "A stored file is damaged and was not used. Please tell IT support."


class StorageKeyInvalid(PipelineError):
    """A key that could point outside the store, or that some stores would not keep."""

    code = "storage_key_invalid"


@dataclass(frozen=True)
class Stored:
    """What was stored; ``sha256`` is lower-case hex of the whole content."""

    key: str
    bytes: int
    sha256: str


class Storage(Protocol):
    """Bytes by key. A key is lower-case path segments joined by ``/``; every method refuses any other.

    What is stored under a key is complete or not there; readers never see a part. All methods may be called from
    several threads and processes at once. Every method raises StorageUnavailable when the store does not answer.
    """

    def put(self, path: Path, key: str) -> Stored:
        """Store a finished local file, replacing what was there; when this returns, a power cut cannot undo it.

        The file stays where it is. It must not be changed afterwards: a folder store may share its blocks.
        Raises: NoRoom.
        """

    def fetch(self, key: str, destination: Path, *, sha256: str | None = None) -> None:
        """Copy what is stored to a local file, which appears only when complete.

        Raises: StorageMissing; StorageDamaged when ``sha256`` is given and differs; NoRoom.
        """

    def local_path(self, key: str) -> Path | None:
        """A path to read without copying, never to write; None if the store is not on this machine.

        Raises: StorageMissing.
        """

    def read(self, key: str, start: int, end: int) -> Iterator[bytes]:
        """The bytes ``[start, end)`` in blocks of a mebibyte at most; what lies past the end is left out.

        Raises: StorageMissing, at once and not with the first block.
        """

    def size(self, key: str) -> int:
        """How many bytes are stored under the key. Raises: StorageMissing."""

    def delete(self, key: str) -> None:
        """Remove the key, durably; no error if it is not there."""

    def keys(self, prefix: str = "") -> Iterator[str]:
        """Every key in the folder ``prefix`` (``""`` or segments each ended by ``/``), in no order."""

    def check_writable(self) -> None:
        """Nothing, if a byte can be stored and removed again."""

    def clear_unfinished(self) -> None:
        """Remove what processes that were killed left of their puts and probes."""


def check_key(key: str) -> str:
    """The key itself, if it is one. Raises: StorageKeyInvalid."""
    if len(key) > LONGEST_KEY or not _KEY.fullmatch(key):
        raise StorageKeyInvalid(f"not a storage key: {key[:LONGEST_KEY]!r}")
    return key


def check_prefix(prefix: str) -> str:
    """The prefix itself, if it names whole folders. Raises: StorageKeyInvalid."""
    if len(prefix) > LONGEST_KEY or not _FOLDER.fullmatch(prefix):
        raise StorageKeyInvalid(f"not a storage prefix: {prefix[:LONGEST_KEY]!r}")
    return prefix


@contextlib.contextmanager
def saying_what_failed(what: str) -> Iterator[None]:
    """Turn the system's errors into storage errors that name what was being done."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise NoRoom(f"{what}: {error}") from error
        raise StorageUnavailable(f"{what}: {error}") from error


class FolderStorage:
    """A folder on this machine. Parts are written beside the keys, in ``.parts``, and renamed into place."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self._parts = self._root / ".parts"
        with saying_what_failed("open the store"):
            self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._parts.mkdir(exist_ok=True, mode=0o700)

    def put(self, path: Path, key: str) -> Stored:
        target = self._target(key)
        part = self._parts / uuid.uuid4().hex
        with saying_what_failed(f"store {key}"):
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

    def fetch(self, key: str, destination: Path, *, sha256: str | None = None) -> None:
        source = self.local_path(key)
        with saying_what_failed(f"fetch {key}"):
            copy_checked(_blocks(source.open("rb"), source.stat().st_size), destination, sha256)

    def local_path(self, key: str) -> Path:
        target = self._target(key)
        if not target.is_file():
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
        for folder, folders, files in os.walk(top):
            folders[:] = [name for name in folders if Path(folder, name) != self._parts]
            for name in files:
                yield Path(folder, name).relative_to(self._root).as_posix()

    def check_writable(self) -> None:
        probe = self._parts / uuid.uuid4().hex
        with saying_what_failed("write to the store"):
            probe.touch(exist_ok=False)
            probe.unlink()

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


def copy_checked(blocks: Iterator[bytes], destination: Path, sha256: str | None) -> None:
    """Write blocks to a file that appears only when complete and, if a sum is given, right.

    Raises: StorageDamaged.
    """
    part = destination.with_name(f".{destination.name}.{uuid.uuid4().hex}.part")
    digest = hashlib.sha256()
    try:
        with part.open("xb") as file:
            for block in blocks:
                digest.update(block)
                file.write(block)
        if sha256 is not None and digest.hexdigest() != sha256:
            raise StorageDamaged(f"expected sha256 {sha256}, found {digest.hexdigest()}")
        part.replace(destination)
    finally:
        part.unlink(missing_ok=True)


def open_storage(settings: Settings) -> Storage:
    """The store named in the settings; without a name, a folder in ``data_dir``.

    S3 clients hold threads: open one in each process, after it was forked.
    Raises: StorageUnavailable.
    """
    if not settings.storage_url:
        return FolderStorage(settings.data_dir / "store")
    from records.storage.s3 import open_s3  # noqa: PLC0415 a folder store needs no S3 client in memory

    return open_s3(settings)


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
