"""An archive that is written while it is sent: no file is held whole, neither in memory nor on a disk.

Its bytes hang on nothing but the time that it is given and what goes in, so who was broken off can go on.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterable, Iterator
from datetime import datetime
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

    def __init__(self, made_at: datetime) -> None:
        self._made_at = made_at
        self._sent = _Sent()
        self._zip = zipfile.ZipFile(self._sent, "w", zipfile.ZIP_STORED)
        self.contents: list[ListedFile] = []

    def add(self, path: str, blocks: Iterable[bytes], about: str) -> Iterator[bytes]:
        """The archive's bytes for one more file, which is listed once all of it went in."""
        entry = zipfile.ZipInfo(path, self._made_at.timetuple()[:6])
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


def archive_bytes(files: Iterable[tuple[str, int]]) -> int:
    """How many bytes an archive of these will have, by path and size: as zipfile writes it, each with ZIP64 sizes.

    PKWARE's APPNOTE.TXT 6.3.10: 4.3.7 head, 4.3.9 what follows a file, 4.3.12 list, 4.3.14 to 4.3.16 end, 4.5.3 ZIP64.
    """
    at = listed = number = 0
    for path, size in files:
        number += 1
        name = len(path.encode())
        wide = 16 * (size > zipfile.ZIP64_LIMIT) + 8 * (at > zipfile.ZIP64_LIMIT)
        listed += 46 + name + (4 + wide if wide else 0)
        at += 30 + name + 20 + size + 24
    is_large = number > zipfile.ZIP_FILECOUNT_LIMIT or max(at, listed) > zipfile.ZIP64_LIMIT
    return at + listed + (56 + 20 if is_large else 0) + 22
