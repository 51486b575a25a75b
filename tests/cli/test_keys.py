"""The keys on the command line: a backup apart, the way back, another master key while somebody reads."""

from __future__ import annotations

import random
import shutil
import threading
from pathlib import Path

import pytest

from records.actions.erase import erase_selection
from records.actions.returned_keys import destroy_returned_keys
from records.audit.log import newest
from records.backup.sealing import write_new_key
from records.keys.errors import KeyGone, KeyMissing, MasterKeyWrong
from records.keys.master import master_key_path, new_master_key
from records.keys.ring import KeyRing
from records.keys.store import KeyKind
from records.settings import Settings
from records.storage.open import open_storage
from tests.cli.test_command_line import run
from tests.databases import make_tables
from tests.effects import open_alone
from tests.records.cast import K_104, add_selection

FILM = random.Random(7).randbytes(3_000_000)


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("VIGPACK_DATA_DIR", str(tmp_path / "data"))
    settings = Settings(data_dir=tmp_path / "data", min_free_bytes=0)
    make_tables(settings)
    return settings


def test_keys_are_backed_up_put_back_and_wrapped_anew(
    given: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    db = open_alone(given)
    kept, erased = add_selection(db, K_104), add_selection(db, K_104)
    private, file = tmp_path / "private", tmp_path / "apart" / "keys.age"
    recipient = write_new_key(private)

    code, out, _ = run(capsys, "keys", "show", "--json")
    assert (code, '"not_backed_up": 4' in out) == (0, True)
    assert run(capsys, "keys", "backup", str(file), "--recipient", recipient)[0] == 0
    assert '"not_backed_up": 0' in run(capsys, "keys", "show", "--json")[1]
    older = tmp_path / "older.age"
    shutil.copy(file, older)
    first = KeyRing(given).selection_key(kept).key
    assert erase_selection(db, open_storage(given), given, erased)

    assert run(capsys, "keys", "rotate")[0] == 0
    assert (KeyRing(given).selection_key(kept).key, master_key_path(given).read_text().count("vgm_")) == (first, 1)

    store = KeyRing(given).store.root
    shutil.rmtree(store)
    master_key_path(given).unlink()
    with pytest.raises(KeyMissing):
        KeyRing(given).selection_key(kept)
    assert run(capsys, "keys", "restore", str(older), "--key", str(private))[0] == 0
    assert KeyRing(given).selection_key(kept).key == first
    db.dispose()

    db = open_alone(given)
    assert KeyRing(given).selection_key(erased)  # the old backup brought it back …
    assert destroy_returned_keys(db, open_storage(given), given) == 1  # … and recovery takes it again
    with pytest.raises(KeyGone):
        KeyRing(given).selection_key(erased)
    with db.reading() as session:
        actions = [line.action for line in newest(session, 100)]
    assert {"backup_keys", "rotate_keys", "restore_keys"} <= set(actions)
    db.dispose()


def test_on_a_server_with_another_master_key_the_keys_are_wrapped_with_that(
    given: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As under compose, where the master key is a secret that is written anew for the new server."""
    db = open_alone(given)
    kept = add_selection(db, K_104)
    private, file = tmp_path / "private", tmp_path / "keys.age"
    assert run(capsys, "keys", "backup", str(file), "--recipient", write_new_key(private))[0] == 0
    first = KeyRing(given).selection_key(kept).key
    shutil.rmtree(KeyRing(given).store.root)
    master_key_path(given).unlink()
    db.dispose()

    monkeypatch.setenv("VIGPACK_MASTER_KEY", new_master_key())
    other = Settings(data_dir=given.data_dir, min_free_bytes=0)
    assert run(capsys, "keys", "restore", str(file), "--key", str(private))[0] == 0
    assert KeyRing(other).selection_key(kept).key == first
    assert run(capsys, "keys", "show")[0] == 0

    monkeypatch.setenv("VIGPACK_MASTER_KEY", new_master_key())  # lost, too, while the wrapped keys are there
    another = Settings(data_dir=given.data_dir, min_free_bytes=0)
    assert run(capsys, "keys", "show")[0] == 1
    assert run(capsys, "keys", "restore", str(file), "--key", str(private))[0] == 0
    with pytest.raises(MasterKeyWrong):  # this backup does not know the second one
        KeyRing(another).selection_key(kept)


def test_the_keys_backup_takes_the_place_of_the_one_before_and_tells_nothing_without_its_key(
    given: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    db = open_alone(given)
    selection_id = add_selection(db, K_104)
    recipient = write_new_key(tmp_path / "private")
    file = tmp_path / "keys.age"
    for _ in range(2):
        assert run(capsys, "keys", "backup", str(file), "--recipient", recipient)[0] == 0
    sealed = file.read_bytes()
    assert selection_id.encode() not in sealed
    assert master_key_path(given).read_bytes().strip() not in sealed
    assert list(tmp_path.glob("*.part")) == []
    write_new_key(tmp_path / "other")
    assert run(capsys, "keys", "restore", str(file), "--key", str(tmp_path / "other"))[0] == 1
    db.dispose()


def test_the_master_key_changes_while_films_are_read_and_families_opened(
    given: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    db, storage = open_alone(given), open_storage(given)
    selection_id = add_selection(db, K_104)
    film, key = tmp_path / "film", f"selections/{selection_id}/uploads/a"
    film.write_bytes(FILM)
    storage.put(film, key)
    done, wrong = threading.Event(), []

    def read_on() -> None:
        while not done.is_set():
            fresh = type(storage)(storage.inner, KeyRing(given))  # a process that has kept no key
            if b"".join(fresh.read(key, 5, 2_500_000)) != FILM[5:2_500_000]:
                wrong.append("other bytes")

    def open_on() -> None:
        number = 0
        while not done.is_set():
            number += 1
            KeyRing(given).make_family(f"{number:032x}")

    threads = [threading.Thread(target=one) for one in (read_on, read_on, open_on)]
    for thread in threads:
        thread.start()
    for _ in range(3):
        assert run(capsys, "keys", "rotate")[0] == 0
    done.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    fresh = KeyRing(given)
    for family_id in fresh.store.ids(KeyKind.FAMILY):
        assert fresh.family_key(family_id)
    db.dispose()
