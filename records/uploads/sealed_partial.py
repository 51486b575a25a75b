"""The bytes of an unfinished upload as they lie on disk: sealed records, one behind the other.

    VIGPART1                      8 bytes
    salt                         32 bytes   with the selection's key it gives this file's own key
    plain length                  4 bytes   of a record, 1 MiB at most; then
    nonce                        12 bytes   at random
    sealed, its tag               plain length + 16 bytes
    …

A save ends a record, so what was saved is never written again, and a crash leaves at most a record that was not saved.
Each record's tag holds where its bytes belong in the film. AES-256-GCM, as in storage (records/storage/sealed.py).
"""

from __future__ import annotations

import os
from bisect import bisect_right
from pathlib import Path
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from records.keys.ring import expand
from records.storage.contract import StorageDamaged, saying_what_failed
from records.uploads.partial_file import Partial

MAGIC: Final = b"VIGPART1"
_SALT_BYTES: Final = 32
_HEAD_BYTES: Final = len(MAGIC) + _SALT_BYTES
_LENGTH_BYTES: Final = 4
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_RECORD_BYTES: Final = 1 << 20


class _Record(NamedTuple):
    """Where a record lies in the file, and its bytes in the film."""

    at: int
    plain_from: int
    plain_to: int

    @property
    def end(self) -> int:
        return self.at + _LENGTH_BYTES + _NONCE_BYTES + self.plain_to - self.plain_from + _TAG_BYTES


def sealed_partial(partial: Partial, selection_key: bytes) -> Partial:
    """The held file, sealed from its first byte on; one that an earlier version began goes on as it is."""
    head = partial.read_at(0, _HEAD_BYTES)
    if head and not head.startswith(MAGIC[: len(head)]):
        return partial
    if len(head) < _HEAD_BYTES:  # new, or nothing of it was ever saved
        head = MAGIC + os.urandom(_SALT_BYTES)
        partial.cut_to(0)
        partial.write(head)
    return SealedPartial(partial.path, partial.give_handle(), selection_key, head[len(MAGIC) :])


class SealedPartial(Partial):
    """A held file whose bytes are sealed as they are written. Offsets are those of the plain bytes."""

    def __init__(self, path: Path, handle: int, selection_key: bytes, salt: bytes) -> None:
        super().__init__(path, handle)
        self._cipher = AESGCM(expand(selection_key, b"vigpack upload 1 " + salt + path.name.encode()))
        self._waiting = bytearray()
        self._records = self._find_records()
        self._opened: _Record | None = None
        self._plain = b""

    def size(self) -> int:
        return self._sealed_to() + len(self._waiting)

    def cut_to(self, offset: int) -> None:
        self._waiting.clear()
        kept = b""
        while self._records and self._records[-1].plain_to > offset:
            last = self._records.pop()
            if last.plain_from < offset:
                kept = self._open(last)[: offset - last.plain_from]
        super().cut_to(self._records[-1].end if self._records else _HEAD_BYTES)
        if kept:  # no save ended here, so it was part of a record
            self.write(kept)
            self.sync()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        rest = memoryview(data)
        while rest:
            room = _RECORD_BYTES - len(self._waiting)
            self._waiting += rest[:room]
            rest = rest[room:]
            if len(self._waiting) == _RECORD_BYTES:
                self._seal_waiting()

    def sync(self) -> None:
        self._seal_waiting()
        super().sync()

    def read(self, length: int) -> bytes:
        """The next plain bytes. Raises: StorageDamaged."""
        found = bytearray()
        while len(found) < length and self._read_to < self._sealed_to():
            record = self._records[bisect_right(self._records, self._read_to, key=lambda one: one.plain_to)]
            if record != self._opened:
                self._opened, self._plain = record, self._open(record)
            plain = self._plain[self._read_to - record.plain_from :][: length - len(found)]
            found += plain
            self._read_to += len(plain)
        return bytes(found)

    def _sealed_to(self) -> int:
        return self._records[-1].plain_to if self._records else 0

    def _seal_waiting(self) -> None:
        if not self._waiting:
            return
        at = self._records[-1].end if self._records else _HEAD_BYTES
        record = _Record(at, self._sealed_to(), self.size())
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, bytes(self._waiting), _bound(record))
        super().write(len(self._waiting).to_bytes(_LENGTH_BYTES, "big") + nonce + sealed)
        self._waiting.clear()
        self._records.append(record)

    def _open(self, record: _Record) -> bytes:
        stored = self.read_at(record.at + _LENGTH_BYTES, record.end - record.at - _LENGTH_BYTES)
        try:
            return self._cipher.decrypt(stored[:_NONCE_BYTES], stored[_NONCE_BYTES:], _bound(record))
        except (InvalidTag, ValueError) as error:
            raise StorageDamaged(f"an upload's bytes from {record.plain_from} on are not what was sealed") from error

    def _find_records(self) -> list[_Record]:
        """All whole ones; what a crash left of one is none."""
        found: list[_Record] = []
        at, plain = _HEAD_BYTES, 0
        with saying_what_failed("look at an upload"):
            file_bytes = super().size()
        while len(said := self.read_at(at, _LENGTH_BYTES)) == _LENGTH_BYTES:
            length = int.from_bytes(said, "big")
            record = _Record(at, plain, plain + length)
            if not 0 < length <= _RECORD_BYTES or record.end > file_bytes:
                break
            found.append(record)
            at, plain = record.end, record.plain_to
        return found


def _bound(record: _Record) -> bytes:
    return record.plain_from.to_bytes(8, "big") + record.plain_to.to_bytes(8, "big")
