"""The format of sealed files: AES-256-GCM in chunks of 256 KiB, each file with a key of its own.

    VIGSEAL2                      8 bytes
    chunk bytes                   4 bytes   big-endian, a power of two: 4 KiB to 1 MiB
    salt                         32 bytes   with those 4 and the key of the selection or family: the file's own key
    chunk 0, its tag        256 KiB + 16
    …
    last chunk, its tag       0 to 256 KiB + 16

Files from before begin with VIGSEAL1 and the salt, and have chunks of 1 MiB. What each chunk's tag holds besides: the
file's key in the store, its whole length, the chunk's number, and whether it is the last. So a chunk that was flipped,
swapped, taken from another file, left out or cut off is found by reading it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from records.keys.ring import expand
from records.storage.contract import StorageDamaged, StorageUnavailable

MAGIC: Final = b"VIGSEAL2"
_MAGIC_BEFORE: Final = b"VIGSEAL1"
_SALT_BYTES: Final = 32
_LENGTH_BYTES: Final = 4
HEAD_BYTES: Final = len(MAGIC) + _LENGTH_BYTES + _SALT_BYTES
_TAG_BYTES: Final = 16
CHUNK_BYTES: Final = 256 << 10
"""So a player's range opens little more than it holds; still smaller ones make whole files slower."""
_CHUNKS_BEFORE: Final = 1 << 20
_CHUNK_SIZES: Final = frozenset(1 << power for power in range(12, 21))


class Readable(Protocol):
    """Something whose next bytes can be read."""

    def read(self, length: int, /) -> bytes | None: ...


@dataclass(frozen=True)
class Head:
    """What a sealed file begins with."""

    raw: bytes

    @property
    def chunk_bytes(self) -> int:
        """Plain bytes of each chunk but the last; what a head says that was changed opens nothing, see own_key()."""
        if self.raw.startswith(_MAGIC_BEFORE):
            return _CHUNKS_BEFORE
        said = int.from_bytes(self.raw[len(MAGIC) :][:_LENGTH_BYTES], "big")
        return said if said in _CHUNK_SIZES else CHUNK_BYTES

    @property
    def sealed_chunk_bytes(self) -> int:
        """The same with its tag."""
        return self.chunk_bytes + _TAG_BYTES

    def own_key(self, owner_key: bytes, key: str) -> bytes:
        """What the chunks of the file under this storage key are sealed with, 32 bytes; all of the head is in it."""
        version = b"1" if self.raw.startswith(_MAGIC_BEFORE) else b"2"
        return expand(owner_key, b"vigpack file " + version + b" " + self.raw[len(MAGIC) :] + key.encode())


@dataclass(frozen=True)
class Seal:
    """How the chunks of one file are sealed."""

    cipher: AESGCM
    about: bytes
    chunks: int

    def seal(self, number: int, plain: bytes) -> bytes:
        """A chunk and its tag."""
        return self.cipher.encrypt(_nonce(number), plain, self._bound(number))

    def open(self, number: int, sealed: bytes | memoryview) -> bytes:
        """The plain chunk. Raises: StorageDamaged."""
        try:
            return self.cipher.decrypt(_nonce(number), sealed, self._bound(number))
        except InvalidTag as error:
            raise StorageDamaged(f"chunk {number} is not what was sealed") from error

    def open_into(self, number: int, sealed: bytes | memoryview, room: memoryview) -> None:
        """The same at the beginning of ``room``."""
        plain = room[: len(sealed) - _TAG_BYTES]
        try:
            self.cipher.decrypt_into(_nonce(number), sealed, self._bound(number), plain)
        except InvalidTag as error:
            raise StorageDamaged(f"chunk {number} is not what was sealed") from error

    def _bound(self, number: int) -> bytes:
        return self.about + number.to_bytes(8, "big") + (b"last" if number == self.chunks - 1 else b"more")


def new_head() -> Head:
    """The head of a file that is sealed now."""
    return Head(MAGIC + CHUNK_BYTES.to_bytes(_LENGTH_BYTES, "big") + os.urandom(_SALT_BYTES))


def head_of(begins: bytes) -> Head | None:
    """Of a file that begins with these bytes; None: it is plain."""
    for magic, length in ((MAGIC, HEAD_BYTES), (_MAGIC_BEFORE, HEAD_BYTES - _LENGTH_BYTES)):
        if begins.startswith(magic) and len(begins) >= length:
            return Head(begins[:length])
    return None


def plain_size(stored_bytes: int, head: Head) -> int:
    """Plain bytes of a sealed file. Raises: StorageDamaged."""
    body = stored_bytes - len(head.raw)
    chunks = -(-body // head.sealed_chunk_bytes)
    size = body - chunks * _TAG_BYTES
    if size < 0 or chunks < 1 or body - (chunks - 1) * head.sealed_chunk_bytes < _TAG_BYTES:
        raise StorageDamaged(f"a sealed file of {stored_bytes} bytes was cut off")
    return size


def seal_of(owner_key: bytes, head: Head, key: str, size: int) -> Seal:
    """Of the file under this storage key with so many plain bytes."""
    chunks = max(1, -(-size // head.chunk_bytes))
    return Seal(AESGCM(head.own_key(owner_key, key)), f"{key}\n{size}\n".encode(), chunks)


def sealed_blocks(source: Readable, size: int, head: Head, seal: Seal, digest: hashlib._Hash) -> Iterator[bytes]:
    """The whole file, whose plain bytes ``digest`` learns. Raises: StorageUnavailable where the source breaks off."""
    yield head.raw
    for number in range(seal.chunks):
        wanted = min(head.chunk_bytes, size - number * head.chunk_bytes)
        plain = source.read(wanted) if wanted else b""
        if plain is None or len(plain) != wanted:
            raise StorageUnavailable(f"read what is stored: it became shorter than {size} bytes")
        digest.update(plain)
        yield seal.seal(number, plain)


def _nonce(number: int) -> bytes:
    return number.to_bytes(12, "big")  # never twice: each file has a key of its own, and is sealed once
