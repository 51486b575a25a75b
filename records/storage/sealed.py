"""Storage whose files of families are sealed (records/storage/seal_format.py).

Whose key it is tells the file's place: ``selections/ID/…`` and ``families/ID/…``; whatever lies elsewhere (the register
of erasures, the store's own label) holds nothing of a family and stays plain. Sizes and sums are those of the plain
bytes everywhere, but for ``inner``, which backups read.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Final

from records.keys.errors import KeyDamaged, KeyGone, KeyMissing
from records.keys.ring import KeyRing
from records.keys.store import KeyKind
from records.storage.contract import (
    BLOCK_BYTES,
    AsStored,
    Storage,
    StorageDamaged,
    StorageUnavailable,
    Stored,
    check_key,
    copy_checked,
    saying_what_failed,
)
from records.storage.seal_format import (
    HEAD_BYTES,
    Head,
    Readable,
    Seal,
    head_of,
    new_head,
    plain_size,
    seal_of,
    sealed_blocks,
)

_MOST_FREE_ROOMS: Final = 4
_PARTS: Final = 3
"""A key in the store has at least so many parts where it is of a selection or family."""
_KINDS: Final = {"selections": KeyKind.SELECTION, "families": KeyKind.FAMILY}


@dataclass(frozen=True)
class _Owner:
    """Whose key a file is sealed with."""

    kind: KeyKind
    key_id: str


@dataclass(frozen=True)
class _Found:
    """What lies in the store under a key."""

    key: str
    head: Head | None
    """None: it is plain."""
    bytes: int
    """As they lie there."""
    file: FileIO | None
    """Opened once for its head and its chunks, which are then of one file; None where the store is elsewhere."""

    def close(self) -> None:
        if self.file is not None:
            self.file.close()


class _Rooms:
    """Memory for chunks, used again by the next reader: new memory costs several times what opening a chunk does."""

    def __init__(self) -> None:
        self._free: dict[int, list[bytearray]] = defaultdict(list)

    @contextlib.contextmanager
    def room(self, length: int) -> Iterator[memoryview]:
        """Room for so many bytes, for the length of a block."""
        free = self._free[length]
        try:
            room = free.pop()
        except IndexError:
            room = bytearray(length)
        try:
            yield memoryview(room)
        finally:
            if len(free) < _MOST_FREE_ROOMS:
                free.append(room)


class SealedStorage:
    """Another storage, in which what is of a family is sealed."""

    def __init__(self, inner: Storage, ring: KeyRing) -> None:
        self.inner = inner
        self._ring = ring
        self._rooms = _Rooms()

    def put(self, path: Path, key: str) -> Stored:
        """As the contract says. Raises: also KeyGone, KeyMissing and what else the keys raise."""
        if owner_of(check_key(key)) is None:
            return self.inner.put(path, key)
        with saying_what_failed(f"read {path.name}"):
            size = path.stat().st_size
        with path.open("rb", buffering=0) as file:
            return self.put_stream(file, size, key)

    def put_stream(self, source: Readable, size: int, key: str) -> Stored:
        """The same of the next ``size`` bytes of something of a selection or family that can be read once.

        Raises: as put(), and what reading raises.
        """
        owner = owner_of(check_key(key))
        if owner is None:
            raise ValueError(f"{key} is of no family")
        digest = hashlib.sha256()
        head = new_head()
        seal = seal_of(self._key(owner), head, key, size)
        self.inner.write(sealed_blocks(source, size, head, seal, digest), key)
        self._key(owner)  # a key that was destroyed meanwhile: what was stored is nobody's, and sweeping takes it
        return Stored(key, size, digest.hexdigest())

    def selection_key(self, selection_id: str) -> bytes:
        """For what lies on this machine before it is stored. Raises: KeyGone, and what else the keys raise."""
        return self._ring.selection_key(selection_id).key

    def write(self, blocks: Iterator[bytes], key: str) -> None:
        """Bytes as they are, sealed or not: for what was sealed before."""
        self.inner.write(blocks, key)

    def fetch(self, key: str, destination: Path, *, sha256: str | None = None) -> None:
        blocks = self.read(key, 0, self.size(key))
        with saying_what_failed(f"fetch {key}"):
            copy_checked(blocks, destination, sha256)

    def local_path(self, key: str) -> Path | None:
        path = self.inner.local_path(key)
        return path if owner_of(key) is None else None  # one that is plain yet may be sealed before it is opened

    def read(self, key: str, start: int, end: int) -> Iterator[bytes]:
        owner = owner_of(check_key(key))
        if owner is None:
            return self.inner.read(key, start, end)
        found = self._find(key)
        if found.head is None:
            found.close()
            self._check_plain(owner, key)
            plain = self.inner.read(key, start, end)
            if self._look(key).head is None:
                return self._still_plain(plain, key)
            return self.read(key, start, end)  # sealed before it was opened
        size = plain_size(found.bytes, found.head)
        return self._open(found, found.head, seal_of(self._key(owner), found.head, key, size), start, min(end, size))

    def size(self, key: str) -> int:
        if owner_of(check_key(key)) is None:
            return self.inner.size(key)
        found = self._look(key)
        return found.bytes if found.head is None else plain_size(found.bytes, found.head)

    def delete(self, key: str) -> None:
        self.inner.delete(key)

    def keys(self, prefix: str = "") -> Iterator[str]:
        return self.inner.keys(prefix)

    def check_writable(self) -> None:
        self.inner.check_writable()

    def clear_unfinished(self) -> None:
        self.inner.clear_unfinished()

    def is_sealed(self, key: str) -> bool:
        """Whether what is stored under the key is sealed. Raises: StorageMissing."""
        return self._look(key).head is not None

    def seal_plain(self, key: str, scratch: Path) -> bool:
        """Seal what is stored plain under the key; whether it was. A reader sees the one or the other, whole.

        Raises: StorageMissing, NoRoom, and what the keys raise.
        """
        owner = owner_of(key)
        if owner is None or self.is_sealed(key):
            return False
        self._check_plain(owner, key)
        copy = self.inner.local_path(key)
        if copy is not None:
            self.put(copy, key)
            return True
        copy = scratch / "plain"
        self.inner.fetch(key, copy)
        try:
            self.put(copy, key)
        finally:
            copy.unlink()
        return True

    def as_stored(self, key: str) -> AsStored:
        owner = owner_of(check_key(key))
        if owner is None:
            return self.inner.as_stored(key)
        found = self._find(key)
        if found.head is None:
            found.close()
            return self.inner.as_stored(key)
        stored = AsStored()
        stored.blocks = self._told_as_stored(stored, owner, found, found.head)
        return stored

    def _told_as_stored(self, stored: AsStored, owner: _Owner, found: _Found, head: Head) -> Iterator[bytes]:
        """The sealed bytes as they are; ``stored`` learns the sum of the plain ones, as long as the seal holds."""
        digest = hashlib.sha256()
        seal = None
        with contextlib.suppress(StorageDamaged, KeyGone, KeyMissing, KeyDamaged):
            seal = seal_of(self._key(owner), head, found.key, plain_size(found.bytes, head))
        yield head.raw
        for number, chunk in enumerate(self._chunks(found, len(head.raw), found.bytes, head.sealed_chunk_bytes)):
            if seal is not None:
                try:
                    digest.update(seal.open(number, chunk))
                except StorageDamaged:
                    seal = None
            yield bytes(chunk)
        stored.plain_sha256 = digest.hexdigest() if seal is not None else ""

    def _key(self, owner: _Owner) -> bytes:
        if owner.kind is KeyKind.FAMILY:
            return self._ring.family_key(owner.key_id)
        return self._ring.selection_key(owner.key_id).key

    def _check_plain(self, owner: _Owner, key: str) -> None:
        """Raises: StorageDamaged where all of the owner's was sealed, so a plain file is not one that we stored."""
        if owner.kind is KeyKind.FAMILY or not self._ring.selection_key(owner.key_id).plain_before:
            raise StorageDamaged(f"{key} is not sealed, and must be")

    def _still_plain(self, blocks: Iterator[bytes], key: str) -> Iterator[bytes]:
        """Raises: StorageUnavailable where it was sealed meanwhile and is read in several requests."""
        yield from blocks
        if self.inner.local_path(key) is None and self._look(key).head is not None:
            raise StorageUnavailable(f"{key} was sealed while it was read")

    def _look(self, key: str) -> _Found:
        """The same for who does not read it."""
        found = self._find(key)
        found.close()
        return found

    def _find(self, key: str) -> _Found:
        """What is stored under the key, opened. Raises: StorageMissing, StorageUnavailable."""
        path = self.inner.local_path(key)
        if path is None:
            head, stored_bytes, file = b"".join(self.inner.read(key, 0, HEAD_BYTES)), self.inner.size(key), None
        else:
            with saying_what_failed(f"read {key}"):
                file = path.open("rb", buffering=0)
                head, stored_bytes = file.read(HEAD_BYTES) or b"", os.fstat(file.fileno()).st_size
        return _Found(key, head_of(head), stored_bytes, file)

    def _open(self, found: _Found, head: Head, seal: Seal, start: int, end: int) -> Iterator[bytes]:
        """Blocks of a mebibyte from ``start`` on, not from where a chunk begins: each block more costs a server a
        change of thread, and blocks of odd sizes make the allocator ask the system for memory again and again.

        Chunks are opened where their bytes are given from; a copy more of each costs half of what opening it does.
        """
        length, sealed_length = head.chunk_bytes, head.sealed_chunk_bytes
        if start >= end:  # nothing of it, yet that it ends here has to be true
            start = end = 0
        first, last = start // length, max(0, end - 1) // length
        from_byte = len(head.raw) + first * sealed_length
        to_byte = min(len(head.raw) + (last + 1) * sealed_length, found.bytes)
        chunks = self._chunks(found, from_byte, to_byte, sealed_length)
        with self._rooms.room(length) as edge:  # one of which a part is wanted, perhaps by two blocks
            at_edge = -1
            if start == end:
                seal.open_into(0, next(chunks), edge)
            for at in range(start, end, BLOCK_BYTES):
                to = min(end, at + BLOCK_BYTES)
                block = io.BytesIO(bytes(to - at))
                with block.getbuffer() as room:
                    for number in range(at // length, (to - 1) // length + 1):
                        begins = number * length - at
                        if begins >= 0 and begins + length <= to - at:
                            seal.open_into(number, next(chunks), room[begins:])
                            continue
                        if number != at_edge:
                            seal.open_into(number, next(chunks), edge)
                            at_edge = number
                        skip, stop = max(0, -begins), min(length, to - at - begins)
                        room[begins + skip : begins + stop] = edge[skip:stop]
                yield block.getvalue()

    def _chunks(self, found: _Found, from_byte: int, to_byte: int, sealed_bytes: int) -> Iterator[bytes | memoryview]:
        if found.file is not None:
            with saying_what_failed(f"read {found.key}"), found.file as file, self._rooms.room(sealed_bytes) as room:
                file.seek(from_byte)
                left = to_byte - from_byte
                while left > 0:
                    chunk = room[: min(sealed_bytes, left)]
                    if file.readinto(chunk) != len(chunk):
                        raise StorageUnavailable(f"read {found.key}: it became shorter")
                    left -= len(chunk)
                    yield chunk
            return
        held, missing = bytearray(), to_byte - from_byte
        for block in self.inner.read(found.key, from_byte, to_byte):
            held += block
            missing -= len(block)
            while len(held) >= sealed_bytes:
                yield bytes(held[:sealed_bytes])
                del held[:sealed_bytes]
        if missing:
            raise StorageUnavailable(f"read {found.key}: it became shorter")
        if held:
            yield bytes(held)


def owner_of(key: str) -> _Owner | None:
    """Whose key a file under this key is sealed with; None: it is of no family."""
    parts = key.split("/")
    kind = _KINDS.get(parts[0])
    return _Owner(kind, parts[1]) if kind is not None and len(parts) >= _PARTS else None
