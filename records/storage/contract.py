"""Where finished bytes live: one small contract, kept by a local folder and by S3 (records/storage/s3.py)."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from pipeline.errors import PipelineError
from records.errors import NoRoom

BLOCK_BYTES = 1 << 20
LONGEST_KEY = 200
_KEY = re.compile(r"[a-z0-9][a-z0-9._-]*(?:/[a-z0-9][a-z0-9._-]*)*")
_FOLDER = re.compile(r"(?:[a-z0-9][a-z0-9._-]*/)*")


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


@dataclass
class AsStored:
    """What lies in the store, byte by byte as it does, sealed or not."""

    blocks: Iterator[bytes] = field(default_factory=lambda: iter(()))
    plain_sha256: str = ""
    """Of the plain bytes, known once the blocks were told; empty where the seal does not hold or has no key here."""


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

    def write(self, blocks: Iterator[bytes], key: str) -> None:
        """Store bytes just as they are, replacing what was there, as durably as put() does. Raises: NoRoom."""

    def as_stored(self, key: str) -> AsStored:
        """What is stored as it lies there, for backups. Raises: StorageMissing."""

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


def check_folder_writable(folder: Path) -> None:
    """Return where this user may make files in a folder that is there. Raises: PermissionError."""
    if not os.access(folder, os.W_OK | os.X_OK, effective_ids=os.access in os.supports_effective_ids):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))


def as_stored(blocks: Iterator[bytes]) -> AsStored:
    """The same of bytes that are not sealed."""
    stored = AsStored()

    def tell() -> Iterator[bytes]:
        digest = hashlib.sha256()
        for block in blocks:
            digest.update(block)
            yield block
        stored.plain_sha256 = digest.hexdigest()

    stored.blocks = tell()
    return stored


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
