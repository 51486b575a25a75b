"""Storage in a bucket of an S3 server, through obstore."""

from __future__ import annotations

import contextlib
import itertools
import os
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError, GenericError, NotFoundError
from obstore.store import S3Store

from pipeline.artifact import sha256_of
from records.settings import Settings
from records.storage.contract import (
    BLOCK_BYTES,
    AsStored,
    StorageMissing,
    StorageUnavailable,
    Stored,
    as_stored,
    check_key,
    check_prefix,
    copy_checked,
    saying_what_failed,
)

if TYPE_CHECKING:
    from obstore.store import ClientConfig, S3Config  # obstore has them for type checkers only

_PART_BYTES = 8 << 20
_PARTS_AT_ONCE = 4
"""8 MiB × 4 bounds an upload's memory at 32 MiB; S3's 10,000 parts then allow 78 GiB."""
_WINDOW_BYTES = 4 << 20
"""Read in requests of this size, so that a slow reader never keeps one open into its time-out."""
_PROBES = "probe/"
_NO_RANGES = "non-partial response"
"""obstore's words for a 200 where a 206 was asked for; it has no error of its own for it."""


def open_s3(settings: Settings) -> S3Storage:
    """The bucket and prefix that ``storage_url`` (s3://bucket/prefix) names. Raises: StorageUnavailable."""
    address = urlsplit(settings.storage_url)
    if address.scheme != "s3" or not address.netloc:
        raise StorageUnavailable("storage_url must read s3://bucket or s3://bucket/prefix")
    config: S3Config = {"bucket": address.netloc, "region": settings.s3_region}
    client: ClientConfig = {"connect_timeout": timedelta(seconds=5), "timeout": timedelta(seconds=60)}
    if settings.s3_access_key_id:
        config["access_key_id"] = settings.s3_access_key_id
        config["secret_access_key"] = settings.s3_secret_access_key.get_secret_value()
    if settings.s3_endpoint:
        config["endpoint"] = settings.s3_endpoint
        config["virtual_hosted_style_request"] = False
        client["allow_http"] = settings.s3_endpoint.startswith("http://")
    with _saying_what_failed("open the bucket"):
        return S3Storage(
            S3Store(
                prefix=address.path.strip("/") or None,
                config=config,
                client_options=client,
                retry_config={"max_retries": 4, "retry_timeout": timedelta(seconds=30)},
            )
        )


class _Threads:
    """Whether obstore's threads were started, and lost: a fork copies none of them, and the copy waits for ever."""

    started = False
    lost = False

    @classmethod
    def note_fork(cls) -> None:
        """Remember, in a forked process, that its parent had them."""
        cls.lost = cls.started


os.register_at_fork(after_in_child=_Threads.note_fork)


class S3Storage:
    """A bucket, or a part of one. A large object is sent in parts and appears when the last is there."""

    def __init__(self, store: S3Store) -> None:
        self._store = store

    def put(self, path: Path, key: str) -> Stored:
        check_key(key)
        with saying_what_failed(f"read {path.name}"):
            stored = Stored(key, path.stat().st_size, sha256_of(path))
        with _saying_what_failed(f"store {key}"):
            obstore.put(self._store, key, path, chunk_size=_PART_BYTES, max_concurrency=_PARTS_AT_ONCE)
        if (there := self.size(key)) != stored.bytes:
            raise StorageUnavailable(f"store {key}: {stored.bytes} bytes were sent, {there} arrived")
        return stored

    def write(self, blocks: Iterator[bytes], key: str) -> None:
        sent = 0

        def counted() -> Iterator[bytes]:
            nonlocal sent
            for block in blocks:
                sent += len(block)
                yield block

        check_key(key)
        coming = counted()
        first = bytearray()
        while len(first) < _PART_BYTES and (block := next(coming, None)) is not None:
            first += block
        with _saying_what_failed(f"store {key}"):
            if len(first) < _PART_BYTES:  # all of it: one request in place of three, and servers replace it in one step
                obstore.put(self._store, key, bytes(first), use_multipart=False)
            else:
                parts = itertools.chain((bytes(first),), coming)
                obstore.put(self._store, key, parts, chunk_size=_PART_BYTES, max_concurrency=_PARTS_AT_ONCE)
        if (there := self.size(key)) != sent:
            raise StorageUnavailable(f"store {key}: {sent} bytes were sent, {there} arrived")

    def as_stored(self, key: str) -> AsStored:
        return as_stored(self.read(key, 0, self.size(key)))

    def fetch(self, key: str, destination: Path, *, sha256: str | None = None) -> None:
        blocks = self.read(key, 0, self.size(key))
        with saying_what_failed(f"fetch {key}"):
            copy_checked(blocks, destination, sha256)

    def local_path(self, key: str) -> Path | None:
        self.size(key)
        return None

    def read(self, key: str, start: int, end: int) -> Iterator[bytes]:
        return self._windows(key, start, min(end, self.size(key)))

    def size(self, key: str) -> int:
        with _saying_what_failed(f"measure {key}"):
            return int(obstore.head(self._store, check_key(key))["size"])

    def delete(self, key: str) -> None:
        with _saying_what_failed(f"delete {key}"), contextlib.suppress(NotFoundError, FileNotFoundError):
            obstore.delete(self._store, check_key(key))

    def keys(self, prefix: str = "") -> Iterator[str]:
        folder = check_prefix(prefix)
        with _saying_what_failed("list the bucket"):
            for page in obstore.list(self._store, folder or None, chunk_size=1000):
                yield from (item["path"] for item in page)

    def check_writable(self) -> None:
        probe = f"{_PROBES}{uuid.uuid4().hex}"
        with _saying_what_failed("write to the bucket"):
            obstore.put(self._store, probe, b"")
        self.delete(probe)

    def clear_unfinished(self) -> None:
        for probe in list(self.keys(_PROBES)):  # somebody's may be under way, who will not miss it
            self.delete(probe)

    def _windows(self, key: str, start: int, end: int) -> Iterator[bytes]:
        while start < end:
            with _saying_what_failed(f"read {key}"):
                try:
                    window = obstore.get_range(self._store, key, start=start, end=min(end, start + _WINDOW_BYTES))
                except GenericError as error:
                    if _NO_RANGES not in str(error):
                        raise
                    yield from self._skipping(key, start, end)
                    return
            view = memoryview(window)
            if not view:
                raise StorageUnavailable(f"read {key}: the server sent nothing at byte {start}")
            for at in range(0, len(view), BLOCK_BYTES):
                yield bytes(view[at : at + BLOCK_BYTES])
            start += len(view)

    def _skipping(self, key: str, start: int, end: int) -> Iterator[bytes]:
        """The same from a server that answers ranges without a 206 (rclone 1.75 does): read all, drop the rest."""
        at = 0
        for block in obstore.get(self._store, key).stream(min_chunk_size=BLOCK_BYTES):
            view = memoryview(block)[max(0, start - at) : max(0, end - at)]
            at += len(block)
            for begin in range(0, len(view), BLOCK_BYTES):
                yield bytes(view[begin : begin + BLOCK_BYTES])
            if at >= end:
                return


@contextlib.contextmanager
def _saying_what_failed(what: str) -> Iterator[None]:
    if _Threads.lost:
        raise StorageUnavailable(f"{what}: this process was forked from one that had used S3; start it anew")
    _Threads.started = True
    try:
        yield
    except (NotFoundError, FileNotFoundError) as error:
        if "NoSuchBucket" in str(error):
            raise StorageUnavailable(f"{what}: the bucket is not there") from error
        raise StorageMissing(f"{what}: nothing is stored there") from error
    except (BaseError, OSError) as error:
        raise StorageUnavailable(f"{what}: {error}") from error
