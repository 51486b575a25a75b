"""Files of families are sealed: nothing readable, nothing changed unseen, nothing left once the key is gone.

What was stored before, in chunks of 1 MiB, holds all the same; `Before` seals as that was done.
"""

from __future__ import annotations

import hmac
import io
import os
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from records.keys.errors import KeyGone, KeyMissing
from records.keys.families import destroy_family_key, destroy_selection_key
from records.keys.ring import KeyRing, key_ring
from records.settings import Settings
from records.storage.contract import Storage, StorageDamaged
from records.storage.folder import FolderStorage
from records.storage.seal_format import CHUNK_BYTES, HEAD_BYTES
from records.storage.sealed import SealedStorage

TOGETHER = "sealed_storage"
FAMILY, SELECTION, OTHER, EARLIER = "1e" * 16, "1f" * 16, "2f" * 16, "3f" * 16
FILM, ELSE, THERE = (
    f"selections/{one}/uploads/{name}" for one, name in ((SELECTION, "a1"), (SELECTION, "a2"), (OTHER, "a1"))
)
MIB = 1 << 20
CONTENT = random.Random(3).randbytes(3 * MIB + 5)


@pytest.fixture
def given(tmp_path: Path) -> Settings:
    settings = Settings(data_dir=tmp_path / "data")
    ring = key_ring(settings)
    ring.make_family(FAMILY)
    for one in (SELECTION, OTHER):
        ring.make_selection(FAMILY, one)
    return settings


@pytest.fixture
def plain(tmp_path: Path) -> FolderStorage:
    return FolderStorage(tmp_path / "store")


@pytest.fixture
def storage(given: Settings, plain: FolderStorage) -> SealedStorage:
    return SealedStorage(plain, key_ring(given))


@dataclass(frozen=True)
class Layout:
    """How a file of a selection lies in the store."""

    head: int
    chunk: int
    put: Callable[[SealedStorage, KeyRing, bytes], None]

    @property
    def sealed(self) -> int:
        return self.chunk + 16


def as_now(storage: SealedStorage, _ring: KeyRing, content: bytes) -> None:
    storage.put_stream(io.BytesIO(content), len(content), FILM)


def as_before(storage: SealedStorage, ring: KeyRing, content: bytes) -> None:
    """Written from the format's description, not with the code that reads it."""
    salt, selection_key = os.urandom(32), ring.selection_key(SELECTION).key
    own = AESGCM(hmac.digest(selection_key, b"vigpack file 1 " + salt + FILM.encode() + b"\x01", "sha256"))
    chunks = [content[at : at + MIB] for at in range(0, len(content), MIB)] or [b""]
    sealed = b"VIGSEAL1" + salt
    for number, chunk in enumerate(chunks):
        end = b"last" if number == len(chunks) - 1 else b"more"
        about = f"{FILM}\n{len(content)}\n".encode() + number.to_bytes(8, "big") + end
        sealed += own.encrypt(number.to_bytes(12, "big"), chunk, about)
    storage.write(iter([sealed]), FILM)


NOW, BEFORE = Layout(HEAD_BYTES, CHUNK_BYTES, as_now), Layout(40, MIB, as_before)


def put(storage: Storage, folder: Path, content: bytes, key: str = FILM) -> None:
    path = folder / "to be stored"
    path.unlink(missing_ok=True)
    path.write_bytes(content)
    storage.put(path, key)


def whole(storage: Storage, key: str = FILM) -> bytes:
    return b"".join(storage.read(key, 0, 1 << 40))


def change(plain: FolderStorage, sealed: bytes, key: str = FILM) -> None:
    plain.write(iter([sealed]), key)


@pytest.fixture(params=[NOW, BEFORE], ids=["now", "before"])
def layout(request: pytest.FixtureRequest) -> Layout:
    made: Layout = request.param
    return made


@pytest.fixture
def store(storage: SealedStorage, given: Settings, layout: Layout) -> Callable[[bytes], None]:
    """Stores FILM, as now or as before."""
    return lambda content: layout.put(storage, key_ring(given), content)


def test_a_file_of_any_length_comes_back_and_lies_there_sealed(
    storage: SealedStorage, plain: FolderStorage, store: Callable[[bytes], None], layout: Layout
) -> None:
    for size in (0, 1, layout.chunk - 1, layout.chunk, layout.chunk + 1, MIB, 2 * MIB):
        store(CONTENT[:size])
        assert whole(storage) == CONTENT[:size]
        assert storage.size(FILM) == size
        raw = whole(plain)
        assert len(raw) == layout.head + size + 16 * max(1, -(-size // layout.chunk))
        assert size < 32 or not any(CONTENT[at : at + 16] in raw for at in range(0, size - 16, 65_521))


def test_the_same_film_twice_is_nowhere_the_same(storage: SealedStorage, plain: FolderStorage, tmp_path: Path) -> None:
    put(storage, tmp_path, CONTENT[:100])
    first = whole(plain)
    put(storage, tmp_path, CONTENT[:100])
    assert whole(plain)[12:HEAD_BYTES] != first[12:HEAD_BYTES]
    assert whole(plain)[HEAD_BYTES:] != first[HEAD_BYTES:]


def test_one_flipped_bit_is_found(
    storage: SealedStorage, plain: FolderStorage, store: Callable[[bytes], None], layout: Layout
) -> None:
    store(CONTENT)
    raw = whole(plain)
    for at in (*range(layout.head), layout.head, layout.head + layout.chunk, layout.head + layout.sealed + 7, -1):
        changed = bytearray(raw)
        changed[at] ^= 1
        change(plain, bytes(changed))
        with pytest.raises(StorageDamaged):
            whole(storage)


def test_a_range_that_the_flipped_chunk_is_not_in_can_still_be_read(
    storage: SealedStorage, plain: FolderStorage, store: Callable[[bytes], None]
) -> None:
    store(CONTENT)
    changed = bytearray(whole(plain))
    changed[-1] ^= 1
    change(plain, bytes(changed))
    assert b"".join(storage.read(FILM, MIB - 3, MIB + 3)) == CONTENT[MIB - 3 : MIB + 3]


def test_readers_at_the_same_time_get_any_range_in_as_few_blocks_as_of_a_plain_file(
    storage: SealedStorage, store: Callable[[bytes], None]
) -> None:
    store(CONTENT)
    size, k = len(CONTENT), MIB // 4
    spans = [(0, size), (1, size), (MIB - 1, MIB + 1), (5, MIB + 5), (MIB, 2 * MIB), (7, 2 * MIB + 6), (k - 1, MIB + k)]
    for start, end in spans:
        other = storage.read(FILM, start + 3, end)
        blocks = []
        for block in storage.read(FILM, start, end):
            blocks.append(block)
            next(other, b"")
        assert b"".join(blocks) == CONTENT[start:end]
        assert len(blocks) == -(-(end - start) // MIB)


def test_a_few_bytes_are_read_without_the_rest_of_a_mebibyte(
    storage: SealedStorage, plain: FolderStorage, tmp_path: Path
) -> None:
    put(storage, tmp_path, CONTENT)
    raw, first = whole(plain), HEAD_BYTES + CHUNK_BYTES + 16
    change(plain, raw[:first] + bytes(len(raw) - first))
    assert b"".join(storage.read(FILM, 5, CHUNK_BYTES)) == CONTENT[5:CHUNK_BYTES]
    with pytest.raises(StorageDamaged):
        b"".join(storage.read(FILM, 5, CHUNK_BYTES + 1))


def test_a_file_that_was_cut_off_is_found_at_its_first_byte(
    storage: SealedStorage, plain: FolderStorage, store: Callable[[bytes], None], layout: Layout
) -> None:
    store(CONTENT)
    raw, head = whole(plain), layout.head
    for kept in (head, head + 16, head + layout.sealed, head + 2 * layout.chunk, -1):
        change(plain, raw[:kept])
        with pytest.raises(StorageDamaged):
            b"".join(storage.read(FILM, 0, 1))


def test_chunks_that_changed_places_or_were_added_are_found(
    storage: SealedStorage, plain: FolderStorage, store: Callable[[bytes], None], layout: Layout
) -> None:
    store(CONTENT)
    raw = whole(plain)
    head, body = raw[: layout.head], raw[layout.head :]
    chunks = [body[at : at + layout.sealed] for at in range(0, len(body), layout.sealed)]
    wrong = ([chunks[1], chunks[0], *chunks[2:]], [chunks[0], *chunks], [chunks[0], chunks[0], *chunks[2:]])
    for order in wrong:
        change(plain, head + b"".join(order))
        with pytest.raises(StorageDamaged):
            whole(storage)


def test_a_file_in_another_s_place_is_found(
    storage: SealedStorage, plain: FolderStorage, store: Callable[[bytes], None]
) -> None:
    store(CONTENT)
    for key in (ELSE, THERE):
        change(plain, whole(plain), key)
        with pytest.raises(StorageDamaged):
            whole(storage, key)


def test_a_plain_file_is_not_taken_for_one_that_must_be_sealed(
    storage: SealedStorage, plain: FolderStorage, tmp_path: Path
) -> None:
    put(plain, tmp_path, b"put here by somebody else")
    with pytest.raises(StorageDamaged):
        whole(storage)


def test_files_from_before_are_read_sealed_and_then_not_taken_plain_any_more(
    given: Settings, plain: FolderStorage, tmp_path: Path
) -> None:
    before = "3f" * 16
    ring = key_ring(given)
    ring.make_selection(FAMILY, before, plain_before=True)
    storage, key = SealedStorage(plain, ring), f"selections/{before}/uploads/a1"
    put(plain, tmp_path, CONTENT, key)
    assert whole(storage, key) == CONTENT
    reading = storage.read(key, 0, 1 << 40)
    begun = next(reading)
    assert storage.seal_plain(key, tmp_path)
    assert begun + b"".join(reading) == CONTENT  # who was reading reads on
    assert not storage.seal_plain(key, tmp_path)
    assert (whole(storage, key), CONTENT[:64] in whole(plain, key)) == (CONTENT, False)
    ring.note_all_sealed(before)
    put(plain, tmp_path, CONTENT, key)
    with pytest.raises(StorageDamaged):
        whole(SealedStorage(plain, KeyRing(given)), key)


def test_what_is_sealed_while_somebody_begins_to_read_it_is_read_right(
    given: Settings, plain: FolderStorage, storage: SealedStorage, tmp_path: Path
) -> None:
    """After an upgrade what lies there is sealed while workers read it."""

    class SealedMeanwhile(FolderStorage):
        def read(self, key: str, start: int, end: int) -> Iterator[bytes]:
            if end > HEAD_BYTES:
                storage.seal_plain(key, tmp_path)
            return super().read(key, start, end)

    key_ring(given).make_selection(FAMILY, EARLIER, plain_before=True)
    key = f"selections/{EARLIER}/uploads/a1"
    plain.write(iter([CONTENT]), key)
    reader = SealedStorage(SealedMeanwhile(tmp_path / "store"), key_ring(given))
    assert reader.local_path(key) is None
    assert whole(reader, key) == CONTENT
    assert storage.is_sealed(key)


@pytest.mark.parametrize(
    "destroy", [lambda s: destroy_family_key(s, FAMILY), lambda s: destroy_selection_key(s, SELECTION)]
)
def test_nothing_opens_once_the_key_was_destroyed(
    given: Settings, storage: SealedStorage, plain: FolderStorage, tmp_path: Path, destroy: object
) -> None:
    put(storage, tmp_path, CONTENT)
    assert callable(destroy)
    destroy(given)
    for ring in (key_ring(given), KeyRing(given)):
        again = SealedStorage(plain, ring)
        with pytest.raises(KeyGone):
            whole(again)
        with pytest.raises(KeyGone):
            put(again, tmp_path, b"more")


def test_without_a_key_nothing_is_stored_plain(storage: SealedStorage, plain: FolderStorage, tmp_path: Path) -> None:
    with pytest.raises(KeyMissing):
        put(storage, tmp_path, b"film", f"selections/{'4f' * 16}/uploads/a1")
    assert list(plain.keys()) == []


def test_a_backup_gets_what_lies_there_and_the_sum_of_the_plain_bytes(
    storage: SealedStorage, plain: FolderStorage, store: Callable[[bytes], None], tmp_path: Path
) -> None:
    store(CONTENT)
    stored = storage.as_stored(FILM)
    assert b"".join(stored.blocks) == whole(plain)
    path = tmp_path / "sum"
    path.write_bytes(CONTENT)
    assert stored.plain_sha256 == storage.put(path, ELSE).sha256
    change(plain, whole(plain)[:-1] + b"\0")
    damaged = storage.as_stored(FILM)
    assert len(b"".join(damaged.blocks)) > len(CONTENT)
    assert damaged.plain_sha256 == ""
