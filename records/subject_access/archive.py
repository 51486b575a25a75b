"""An archive that is written while it is sent: no file is held whole, neither in memory nor on a disk."""

from __future__ import annotations

import hashlib
import time
import zipfile
from collections.abc import Iterable, Iterator
from typing import Final

from pipeline.subject_access.answer import ListedFile

_BLOCK_BYTES: Final = 1 << 20


class _Sent:
    """What zipfile writes into; it cannot be looked back into, so sizes follow each file."""

    def __init__(self) -> None:
        self.held = bytearray()

    def write(self, block: bytes) -> int:
        self.held += block
        return len(block)

    def close(self) -> None:
        """Nothing is open."""

    def flush(self) -> None:
        """Nothing is kept back."""

    def take(self) -> bytes:
        taken = bytes(self.held)
        self.held.clear()
        return taken


class Archive:
    """A ZIP (with ZIP64) whose bytes come out as its files go in, and the list of what is in it."""

    def __init__(self) -> None:
        self._sent = _Sent()
        self._zip = zipfile.ZipFile(self._sent, "w", zipfile.ZIP_STORED)
        self.contents: list[ListedFile] = []

    def add(self, path: str, blocks: Iterable[bytes], about: str) -> Iterator[bytes]:
        """The archive's bytes for one more file, which is listed once all of it went in."""
        entry = zipfile.ZipInfo(path, time.localtime()[:6])
        entry.external_attr = 0o600 << 16
        digest, size = hashlib.sha256(), 0
        with self._zip.open(entry, "w", force_zip64=True) as file:
            for block in blocks:
                digest.update(block)
                size += len(block)
                file.write(block)
                if len(self._sent.held) >= _BLOCK_BYTES:
                    yield self._sent.take()
        self.contents.append(ListedFile(path=path, bytes=size, sha256=digest.hexdigest(), about=about))
        yield self._sent.take()

    def end(self) -> Iterator[bytes]:
        """The archive's own list of files, at its end."""
        self._zip.close()
        yield self._sent.take()
