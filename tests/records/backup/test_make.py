"""Making a backup: whole whatever happens meanwhile, never over anything, and honest about what was lost before."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.errors import PipelineError
from records.actions.erase import erase_selection
from records.backup.errors import BackupDamaged, BackupFolderTaken, NoBackupHere
from records.backup.layout import CONTENTS, DATABASE, MANIFEST
from records.backup.make import UNFINISHED
from records.backup.rehearse import Rehearsed, rehearse
from records.settings import Settings
from records.storage.contract import AsStored, Storage, StorageUnavailable
from tests.records.backup.place import Place, new_key, opened


@pytest.fixture
def place(settings: Settings) -> Iterator[Place]:
    place = Place(settings)
    yield place
    place.db.dispose()


@pytest.fixture
def lone(tmp_path: Path) -> Iterator[Place]:
    """The same on SQLite alone."""
    place = Place(Settings(data_dir=tmp_path / "data"))
    yield place
    place.db.dispose()


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return new_key(tmp_path)


def rehearsed(folder: Path, key: Path) -> Rehearsed:
    with opened(folder, key) as backup:
        return rehearse(backup, None, lambda _done: None)


def test_a_backup_made_while_things_come_and_go_has_each_file_that_its_rows_name(
    place: Place, key: Path, tmp_path: Path
) -> None:
    for _ in range(12):
        place.add()
    asked = threading.Event()

    class Busy:
        """The store, in which at each second copy something is erased and something else comes."""

        def __init__(self, storage: Storage) -> None:
            self._storage = storage
            self.copies = 0

        def as_stored(self, key: str) -> AsStored:
            self.copies += 1
            if self.copies % 2 and self.copies < 20:
                erase_selection(place.db, self._storage, place.settings, max(place.stored()).split("/")[1])
                place.add(os.urandom(2000))
                asked.set()
            return self._storage.as_stored(key)

        def __getattr__(self, name: str) -> object:
            return getattr(self._storage, name)

    quiet = place.storage
    place.storage = Busy(quiet)  # type: ignore[assignment]
    made = place.backup(tmp_path / "copy", key)
    place.storage = quiet
    assert asked.is_set()
    found = rehearsed(tmp_path / "copy", key)
    assert (made.missing, made.damaged, found.missing) == (0, 0, 0)
    assert made.objects == len(list((tmp_path / "copy").rglob("objects/*/*.age")))
    with opened(tmp_path / "copy", key) as backup:
        assert {one.key for one in backup.objects()} == place.stored()


def test_what_the_store_had_lost_before_is_told_and_the_rest_is_kept(lone: Place, key: Path, tmp_path: Path) -> None:
    lone.add()
    lone.add()
    lost, harmed = sorted(lone.stored())[:2]
    lone.storage.delete(lost)
    lone.store(harmed, b"other bytes")
    made = lone.backup(tmp_path / "copy", key)
    assert (made.objects, made.missing, made.damaged) == (3, 1, 1)
    found = rehearsed(tmp_path / "copy", key)
    assert (found.objects, found.missing, found.damaged) == (3, 1, 1)


def test_nothing_is_overwritten(lone: Place, key: Path, tmp_path: Path) -> None:
    lone.backup(tmp_path / "copy", key)
    before = {path: path.read_bytes() for path in (tmp_path / "copy").rglob("*.age")}
    for target in (tmp_path / "copy", key):
        with pytest.raises(BackupFolderTaken):
            lone.backup(target, key)
    assert {path: path.read_bytes() for path in (tmp_path / "copy").rglob("*.age")} == before


def test_a_store_that_goes_away_in_the_middle_leaves_nothing(lone: Place, key: Path, tmp_path: Path) -> None:
    lone.add()

    class Failing:
        def __init__(self, storage: Storage) -> None:
            self._storage = storage

        def as_stored(self, key: str) -> AsStored:
            return AsStored(self._break_off(key))

        def _break_off(self, key: str) -> Iterator[bytes]:
            yield next(self._storage.as_stored(key).blocks)
            raise StorageUnavailable("unplugged")

        def __getattr__(self, name: str) -> object:
            return getattr(self._storage, name)

    lone.storage = Failing(lone.storage)  # type: ignore[assignment]
    with pytest.raises(StorageUnavailable, match="unplugged"):
        lone.backup(tmp_path / "copies" / "monday", key)
    assert list((tmp_path / "copies").iterdir()) == []


def test_what_a_killed_backup_left_is_no_backup_and_goes_with_the_next(lone: Place, key: Path, tmp_path: Path) -> None:
    left = tmp_path / f"monday{UNFINISHED}"
    left.mkdir()
    (left / "lock").touch()
    (left / DATABASE).write_bytes(b"half")
    foreign = tmp_path / f"of-somebody-else{UNFINISHED}"
    foreign.mkdir()
    with pytest.raises(NoBackupHere), opened(left, key):
        pass
    lone.backup(tmp_path / "tuesday", key)
    assert not left.exists()
    assert foreign.exists()


def test_a_folder_may_stand_ready_if_it_is_empty(lone: Place, key: Path, tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    lone.backup(tmp_path / "copy", key)
    assert (tmp_path / "copy" / MANIFEST).is_file()


def test_no_word_of_a_family_stands_in_the_clear(lone: Place, key: Path, tmp_path: Path) -> None:
    lone.add(b"bytes of a film", moments=True)
    lone.backup(tmp_path / "copy", key)
    for path in (tmp_path / "copy").rglob("*"):
        if path.is_file():
            assert not any(word in path.read_bytes() for word in (b"K-104", b"Ella", b"selections/", b"bytes of a"))
            assert path.stat().st_mode & 0o077 == 0 or path.name == MANIFEST


@pytest.mark.parametrize("file", [DATABASE, CONTENTS, "objects"])
def test_a_flipped_byte_anywhere_is_found(lone: Place, key: Path, tmp_path: Path, file: str) -> None:
    lone.add()
    lone.backup(tmp_path / "copy", key)
    path = tmp_path / "copy" / file
    path = path if path.is_file() else next(path.rglob("*.age"))
    whole = path.read_bytes()
    for at in {0, 30, 100, len(whole) // 2, len(whole) - 1}:
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(BackupDamaged):
            rehearsed(tmp_path / "copy", key)
    path.write_bytes(whole)
    rehearsed(tmp_path / "copy", key)


def test_no_byte_of_the_manifest_can_be_changed_unseen(lone: Place, key: Path, tmp_path: Path) -> None:
    lone.add()
    lone.backup(tmp_path / "copy", key)
    path = tmp_path / "copy" / MANIFEST
    whole = path.read_bytes()
    said = json.loads(whole)
    for at in range(len(whole)):
        changed = whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]
        path.write_bytes(changed)
        try:
            same = json.loads(changed) == said  # white space
        except ValueError:
            same = False
        if not same:
            with pytest.raises(PipelineError), opened(tmp_path / "copy", key):
                pass


def test_a_file_more_or_less_in_the_backup_is_found(lone: Place, key: Path, tmp_path: Path) -> None:
    lone.add()
    lone.backup(tmp_path / "copy", key)
    next((tmp_path / "copy" / "objects").rglob("*.age")).unlink()
    with pytest.raises(BackupDamaged):
        rehearsed(tmp_path / "copy", key)
