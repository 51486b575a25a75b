"""Sealing: what goes in comes out, what was changed does not, and nothing grows with the file."""

from __future__ import annotations

import os
import stat
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pyrage
import pytest

from pipeline.artifact import sha256_of
from records.backup.errors import BackupDamaged, BackupFolderTaken, BackupKeyWrong, RecipientInvalid
from records.backup.sealing import parse_identity, parse_recipients, seal, unseal, write_new_key
from records.storage.contract import StorageMissing


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "key"
    write_new_key(path)
    return path


@pytest.fixture
def sealed(key: Path, tmp_path: Path) -> Path:
    """200,000 bytes, sealed: more than three of age's pieces."""
    path = tmp_path / "sealed.age"
    seal([b"film" * 25_000, b"clip" * 25_000], path, recipients(key))
    return path


def recipients(key: Path) -> list[pyrage.x25519.Recipient]:
    return parse_recipients(key.read_text().splitlines()[0].split()[-1])


def test_what_is_sealed_is_opened_with_the_private_key_alone(sealed: Path, key: Path, tmp_path: Path) -> None:
    out = bytearray()
    there = unseal(sealed, parse_identity(key.read_text()), out.extend)
    assert bytes(out) == b"film" * 25_000 + b"clip" * 25_000
    assert (there.bytes, there.sealed_bytes) == (200_000, sealed.stat().st_size)
    assert there.sealed_sha256 == sha256_of(sealed)
    write_new_key(tmp_path / "another")
    with pytest.raises(BackupKeyWrong, match="No matching keys"):
        unseal(sealed, parse_identity((tmp_path / "another").read_text()), bytearray().extend)


def test_any_standard_age_program_opens_it(sealed: Path, key: Path) -> None:
    identity = pyrage.x25519.Identity.from_str(key.read_text().splitlines()[1])
    assert pyrage.decrypt(sealed.read_bytes(), [identity]).startswith(b"filmfilm")
    assert sealed.read_bytes().startswith(b"age-encryption.org/v1\n")


@pytest.mark.parametrize("harm", ["flipped", "cut off", "lengthened", "empty", "missing"])
def test_what_was_changed_is_noticed(sealed: Path, key: Path, harm: str) -> None:
    whole = sealed.read_bytes()
    match harm:
        case "flipped":
            middle = len(whole) // 2
            sealed.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
        case "cut off":
            sealed.write_bytes(whole[:-1000])
        case "lengthened":
            sealed.write_bytes(whole + b"x")
        case "empty":
            sealed.write_bytes(b"")
        case "missing":
            sealed.unlink()
    with pytest.raises(BackupDamaged):
        unseal(sealed, parse_identity(key.read_text()), bytearray().extend)


def test_an_error_of_the_source_is_told_as_it_is(key: Path, tmp_path: Path) -> None:
    def blocks() -> Iterator[bytes]:
        yield b"film"
        raise StorageMissing("gone in the middle")

    with pytest.raises(StorageMissing, match="gone in the middle"):
        seal(blocks(), tmp_path / "sealed.age", recipients(key))


def test_memory_does_not_grow_with_the_file(key: Path, tmp_path: Path) -> None:
    block = os.urandom(1 << 20)
    tracemalloc.start()
    seal((block for _ in range(40)), tmp_path / "sealed.age", recipients(key))
    unseal(tmp_path / "sealed.age", parse_identity(key.read_text()), len)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 8 << 20


def test_a_key_is_its_owner_s_and_never_overwritten(key: Path) -> None:
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    with pytest.raises(BackupFolderTaken, match="exists"):
        write_new_key(key)


@pytest.mark.parametrize("words", ["", "age1", "age1nonsense", "K-104"])
def test_what_is_no_recipient_is_refused(words: str) -> None:
    with pytest.raises(RecipientInvalid):
        parse_recipients(words)


def test_a_private_key_is_not_taken_for_a_recipient(key: Path) -> None:
    with pytest.raises(RecipientInvalid, match="private key"):
        parse_recipients(key.read_text().splitlines()[1])


def test_the_public_half_is_not_taken_for_the_private_key(key: Path) -> None:
    with pytest.raises(BackupKeyWrong):
        parse_identity(key.read_text().splitlines()[0].split()[-1])
