"""Storage whose files are sealed: AES-256-GCM in chunks of 1 MiB, each file with a key of its own.

    VIGSEAL1                      8 bytes
    salt                         32 bytes   with the key of the selection or family it gives the file's own key
    chunk 0, its tag          1 MiB + 16
    …
    last chunk, its tag       0 to 1 MiB + 16

What each chunk's tag holds besides: the file's key in the store, its whole length, the chunk's number, and whether it
is the last. So a chunk that was flipped, swapped, taken from another file, left out or cut off is found by reading it.

Whose key it is tells the file's place: ``selections/ID/…`` and ``families/ID/…``; whatever lies elsewhere (the register
of erasures, the store's own label) holds nothing of a family and stays plain. Sizes and sums are those of the plain
bytes everywhere, but for ``inner``, which backups read.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from records.keys.errors import KeyDamaged, KeyGone, KeyMissing
from records.keys.ring import KeyRing, expand
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

MAGIC: Final = b"VIGSEAL1"
_SALT_BYTES: Final = 32
HEAD_BYTES: Final = len(MAGIC) + _SALT_BYTES
_TAG_BYTES: Final = 16
_CHUNK_BYTES: Final = BLOCK_BYTES
_SEALED_CHUNK_BYTES: Final = _CHUNK_BYTES + _TAG_BYTES
_MOST_FREE_ROOMS: Final = 6
_PARTS: Final = 3
"""A key in the store has at least so many parts where it is of a selection or family."""
_KINDS: Final = {"selections": KeyKind.SELECTION, "families": KeyKind.FAMILY}


class Readable(Protocol):
    """Something whose next bytes can be read."""

    def read(self, length: int, /) -> bytes | None: ...


@dataclass(frozen=True)
class _Owner:
    """Whose key a file is sealed with."""

    kind: KeyKind
    key_id: str


@dataclass(frozen=True)
class _Found:
    """What lies in the store under a key."""

    key: str
    salt: bytes | None
    """None: it is plain."""
    bytes: int
    """As they lie there."""
    file: FileIO | None
    """Opened once for its head and its chunks, which are then of one file; None where the store is elsewhere."""

    def close(self) -> None:
        if self.file is not None:
            self.file.close()


@dataclass(frozen=True)
class _Seal:
    """How the chunks of one file are sealed."""

    cipher: AESGCM
    about: bytes
    chunks: int

    def seal(self, number: int, plain: bytes) -> bytes:
        return self.cipher.encrypt(_nonce(number), plain, self._bound(number))

    def open(self, number: int, sealed: bytes | memoryview) -> bytes:
        try:
            return self.cipher.decrypt(_nonce(number), sealed, self._bound(number))
        except InvalidTag as error:
            raise StorageDamaged(f"chunk {number} is not what was sealed") from error

    def open_into(self, number: int, sealed: bytes | memoryview, room: memoryview) -> memoryview:
        """The same in ``room``: new memory for a chunk of which little is wanted costs more than opening it."""
        plain = room[: len(sealed) - _TAG_BYTES]
        try:
            self.cipher.decrypt_into(_nonce(number), sealed, self._bound(number), plain)
        except InvalidTag as error:
            raise StorageDamaged(f"chunk {number} is not what was sealed") from error
        return plain

    def _bound(self, number: int) -> bytes:
        return self.about + number.to_bytes(8, "big") + (b"last" if number == self.chunks - 1 else b"more")


class _Rooms:
    """Memory for chunks, used again by the next reader: new memory costs several times what opening a chunk does."""

    def __init__(self) -> None:
        self._free: list[bytearray] = []

    @contextlib.contextmanager
    def room(self) -> Iterator[memoryview]:
        """Room for a sealed chunk, for the length of a block."""
        try:
            room = self._free.pop()
        except IndexError:
            room = bytearray(_SEALED_CHUNK_BYTES)
        try:
            yield memoryview(room)
        finally:
            if len(self._free) < _MOST_FREE_ROOMS:
                self._free.append(room)


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
        salt = os.urandom(_SALT_BYTES)
        seal = _seal(self._key(owner), salt, key, size)
        self.inner.write(_sealed(source, size, salt, seal, digest), key)
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
        if found.salt is None:
            found.close()
            self._check_plain(owner, key)
            plain = self.inner.read(key, start, end)
            if self._look(key).salt is None:
                return self._still_plain(plain, key)
            return self.read(key, start, end)  # sealed before it was opened
        size, _ = _plain_size(found.bytes)
        return self._open(found, _seal(self._key(owner), found.salt, key, size), start, min(end, size))

    def size(self, key: str) -> int:
        if owner_of(check_key(key)) is None:
            return self.inner.size(key)
        found = self._look(key)
        return found.bytes if found.salt is None else _plain_size(found.bytes)[0]

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
        return self._look(key).salt is not None

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
        if found.salt is None:
            found.close()
            return self.inner.as_stored(key)
        stored = AsStored()
        stored.blocks = self._told_as_stored(stored, owner, found, found.salt)
        return stored

    def _told_as_stored(self, stored: AsStored, owner: _Owner, found: _Found, salt: bytes) -> Iterator[bytes]:
        """The sealed bytes as they are; ``stored`` learns the sum of the plain ones, as long as the seal holds."""
        digest = hashlib.sha256()
        seal = None
        with contextlib.suppress(StorageDamaged, KeyGone, KeyMissing, KeyDamaged):
            seal = _seal(self._key(owner), salt, found.key, _plain_size(found.bytes)[0])
        yield MAGIC + salt
        for number, chunk in enumerate(self._chunks(found, HEAD_BYTES, found.bytes)):
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
        if self.inner.local_path(key) is None and self._look(key).salt is not None:
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
        is_sealed = head.startswith(MAGIC) and len(head) == HEAD_BYTES
        return _Found(key, head[len(MAGIC) :] if is_sealed else None, stored_bytes, file)

    def _open(self, found: _Found, seal: _Seal, start: int, end: int) -> Iterator[bytes]:
        """Blocks of a mebibyte from ``start`` on, not from where a chunk begins: each block more costs a server a
        change of thread, and blocks of odd sizes make the allocator ask the system for memory again and again.
        """
        if start >= end:  # nothing of it, yet that it ends here has to be true
            start = end = 0
        first, last = start // _CHUNK_BYTES, max(0, end - 1) // _CHUNK_BYTES
        from_byte = HEAD_BYTES + first * _SEALED_CHUNK_BYTES
        to_byte = min(HEAD_BYTES + (last + 1) * _SEALED_CHUNK_BYTES, found.bytes)
        with self._rooms.room() as even, self._rooms.room() as odd:
            held = even[:0]  # what waits for the next chunk, which is opened in the other room
            for number, chunk in enumerate(self._chunks(found, from_byte, to_byte), first):
                skip, stop = max(0, start - number * _CHUNK_BYTES), end - number * _CHUNK_BYTES
                if not held and not skip and stop >= len(chunk) - _TAG_BYTES > 0:
                    yield seal.open(number, chunk)
                    continue
                plain = seal.open_into(number, chunk, odd if number % 2 else even)[skip:stop]
                if held:
                    fits = _CHUNK_BYTES - len(held)
                    yield b"".join((held, plain[:fits]))
                    plain = plain[fits:]
                held = plain
            if held:
                yield bytes(held)

    def _chunks(self, found: _Found, from_byte: int, to_byte: int) -> Iterator[bytes | memoryview]:
        if found.file is not None:
            with saying_what_failed(f"read {found.key}"), found.file as file, self._rooms.room() as room:
                file.seek(from_byte)
                left = to_byte - from_byte
                while left > 0:
                    chunk = room[: min(_SEALED_CHUNK_BYTES, left)]
                    if file.readinto(chunk) != len(chunk):
                        raise StorageUnavailable(f"read {found.key}: it became shorter")
                    left -= len(chunk)
                    yield chunk
            return
        held = bytearray()
        for block in self.inner.read(found.key, from_byte, to_byte):
            held += block
            while len(held) >= _SEALED_CHUNK_BYTES:
                yield bytes(held[:_SEALED_CHUNK_BYTES])
                del held[:_SEALED_CHUNK_BYTES]
        if held:
            yield bytes(held)


def owner_of(key: str) -> _Owner | None:
    """Whose key a file under this key is sealed with; None: it is of no family."""
    parts = key.split("/")
    kind = _KINDS.get(parts[0])
    return _Owner(kind, parts[1]) if kind is not None and len(parts) >= _PARTS else None


def _plain_size(sealed_bytes: int) -> tuple[int, int]:
    """Plain bytes and chunks of a sealed file. Raises: StorageDamaged."""
    body = sealed_bytes - HEAD_BYTES
    chunks = -(-body // _SEALED_CHUNK_BYTES)
    size = body - chunks * _TAG_BYTES
    if size < 0 or chunks < 1 or body - (chunks - 1) * _SEALED_CHUNK_BYTES < _TAG_BYTES:
        raise StorageDamaged(f"a sealed file of {sealed_bytes} bytes was cut off")
    return size, chunks


def _seal(owner_key: bytes, salt: bytes, key: str, size: int) -> _Seal:
    own = expand(owner_key, b"vigpack file 1 " + salt + key.encode())
    chunks = max(1, -(-size // _CHUNK_BYTES))
    return _Seal(AESGCM(own), f"{key}\n{size}\n".encode(), chunks)


def _sealed(source: Readable, size: int, salt: bytes, seal: _Seal, digest: hashlib._Hash) -> Iterator[bytes]:
    yield MAGIC + salt
    for number in range(seal.chunks):
        wanted = min(_CHUNK_BYTES, size - number * _CHUNK_BYTES)
        plain = source.read(wanted) if wanted else b""
        if plain is None or len(plain) != wanted:
            raise StorageUnavailable(f"read what is stored: it became shorter than {size} bytes")
        digest.update(plain)
        yield seal.seal(number, plain)


def _nonce(number: int) -> bytes:
    return number.to_bytes(12, "big")  # never twice: each file has a key of its own, and is sealed once
