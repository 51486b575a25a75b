"""Keys of families and selections: made once, unwrapped, destroyed for good."""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import SecretStr

from records.keys.errors import KeyDamaged, KeyGone, KeyMissing, MasterKeyMissing, MasterKeyWrong
from records.keys.families import destroy_family_key, destroy_selection_key
from records.keys.master import master_key_path, new_master_key
from records.keys.ring import KeyRing
from records.keys.store import KeyKind
from records.settings import Settings

FAMILY, OTHER, SELECTION, NEXT = (f"{number:032x}" for number in range(1, 5))


@pytest.fixture
def given(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path)


def _ring_with_keys(given: Settings) -> KeyRing:
    ring = KeyRing(given)
    ring.make_family(FAMILY)
    ring.make_selection(FAMILY, SELECTION)
    ring.make_selection(FAMILY, NEXT)
    return ring


def test_a_key_is_the_same_in_every_process_and_made_once(given: Settings) -> None:
    rings = [KeyRing(given) for _ in range(8)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda ring: ring.make_family(FAMILY), rings))
        list(threads.map(lambda ring: ring.make_selection(FAMILY, SELECTION), rings))
    assert len({ring.family_key(FAMILY) for ring in rings}) == 1
    assert len({ring.selection_key(SELECTION).key for ring in rings}) == 1
    assert rings[0].family_key(FAMILY) != rings[0].selection_key(SELECTION).key


def test_destroying_a_family_s_key_takes_its_selections_keys_and_no_other(given: Settings) -> None:
    ring = _ring_with_keys(given)
    ring.make_family(OTHER)
    assert destroy_family_key(given, FAMILY)
    assert not destroy_family_key(given, FAMILY)
    fresh = KeyRing(given)
    for ask in (lambda: fresh.family_key(FAMILY), lambda: fresh.selection_key(SELECTION)):
        with pytest.raises(KeyGone):
            ask()
    with pytest.raises(KeyGone):
        fresh.make_family(FAMILY)
    with pytest.raises(KeyGone):
        fresh.make_selection(FAMILY, f"{9:032x}")
    assert fresh.family_key(OTHER)


def test_destroying_one_selection_s_key_leaves_the_family_s(given: Settings) -> None:
    _ring_with_keys(given)
    assert destroy_selection_key(given, SELECTION)
    fresh = KeyRing(given)
    with pytest.raises(KeyGone):
        fresh.selection_key(SELECTION)
    assert fresh.selection_key(NEXT).family_id == FAMILY


def test_a_destroyed_key_that_comes_back_from_an_old_copy_opens_nothing(given: Settings) -> None:
    ring = _ring_with_keys(given)
    path = ring.store.root / KeyKind.FAMILY / FAMILY[:2] / FAMILY
    copy = path.read_bytes()
    destroy_family_key(given, FAMILY)
    path.write_bytes(copy)
    with pytest.raises(KeyGone):
        KeyRing(given).selection_key(SELECTION)


def test_no_other_master_key_is_made_where_one_was_lost(given: Settings) -> None:
    _ring_with_keys(given)
    master_key_path(given).unlink()
    with pytest.raises(MasterKeyMissing):
        KeyRing(given).family_key(FAMILY)
    assert not master_key_path(given).exists()


def test_another_master_key_is_told_from_a_damaged_key(given: Settings) -> None:
    ring = _ring_with_keys(given)
    master_key_path(given).write_text(new_master_key())
    with pytest.raises(MasterKeyWrong):
        KeyRing(given).family_key(FAMILY)
    assert ring.family_key(FAMILY)  # kept for seconds


def test_a_key_that_nobody_destroyed_is_missing_and_not_gone(given: Settings) -> None:
    with pytest.raises(KeyMissing):
        _ring_with_keys(given).family_key(OTHER)


def test_a_key_put_in_another_s_place_is_refused(given: Settings) -> None:
    ring = _ring_with_keys(given)
    root = ring.store.root / KeyKind.SELECTION
    other = root / NEXT[:2] / NEXT
    other.write_bytes((root / SELECTION[:2] / SELECTION).read_bytes())
    with pytest.raises(KeyDamaged):
        KeyRing(given).selection_key(NEXT)
    said = json.loads((root / SELECTION[:2] / SELECTION).read_text())
    (root / SELECTION[:2] / SELECTION).write_text(json.dumps({**said, "plain_before": True}))
    with pytest.raises(KeyDamaged):
        KeyRing(given).selection_key(SELECTION)


def test_the_master_key_comes_from_the_environment_a_command_or_a_file(tmp_path: Path) -> None:
    text = new_master_key()
    by_command = f"{sys.executable} -c 'print(\"{text}\")'"
    named = tmp_path / "elsewhere"
    named.write_text(text + "\n")
    data = tmp_path / "data"
    ways = [
        Settings(data_dir=data, master_key=SecretStr(text)),
        Settings(data_dir=data, master_key_command=by_command),
        Settings(data_dir=data, master_key_file=named),
    ]
    KeyRing(ways[0]).make_family(FAMILY)
    assert len({KeyRing(way).family_key(FAMILY) for way in ways}) == 1
    assert not (tmp_path / "data" / "master-key").exists()
    failing = KeyRing(Settings(data_dir=tmp_path / "data", master_key_command=f"{sys.executable} -c 'exit(3)'"))
    with pytest.raises(MasterKeyMissing):
        failing.family_key(FAMILY)


def test_nobody_else_on_the_machine_can_read_the_keys(given: Settings) -> None:
    ring = _ring_with_keys(given)
    for path in [master_key_path(given), *ring.store.root.rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0, path


def test_a_selection_that_was_begun_under_another_family_goes_with_the_one_it_stands_under(given: Settings) -> None:
    ring = _ring_with_keys(given)
    key = ring.selection_key(SELECTION).key
    ring.make_family(OTHER)
    ring.make_selection(OTHER, SELECTION)  # the first transaction was undone
    fresh = KeyRing(given)
    assert (fresh.selection_key(SELECTION).key, fresh.selection_key(SELECTION).family_id) == (key, OTHER)
    destroy_family_key(given, OTHER)
    with pytest.raises(KeyGone):
        KeyRing(given).selection_key(SELECTION)
