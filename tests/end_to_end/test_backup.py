"""Backup and restore with real servers: everything gone, everything back, but for what was erased."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from records.actions.erase import erase_selection
from records.audit.erasure_register import copy_register, stored_erasures
from records.backup.state import last_backup_at
from records.database import open_database
from records.ledger.store_identity import StoreMatch, StoreState, compare_store
from records.models import ArtifactRow, SelectionRow, SelectionState
from records.settings import Settings
from records.storage.open import open_storage
from tests.databases import make_tables
from tests.footage import numbered_film
from tests.loaded import run_loaded, start_loaded
from tests.records.backup.place import Place, new_key
from tests.records.cast import K_104, K_207
from tests.servers import PostgresServer, wait_until
from tests.worker.service import QUICK, Service, assert_nothing_left_behind, running_service

pytestmark = pytest.mark.timeout(900)  # real work on a machine that may be busy
MakePlace = Callable[[str, str], Settings]
"""Settings of an empty service of that name and kind, each with a database and a store of its own."""


@dataclass
class Said:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out)
        return found


def environment_of(settings: Settings) -> dict[str, str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("VIGPACK_")}
    for name, value in settings.model_dump(exclude_defaults=True).items():
        plain = value.get_secret_value() if hasattr(value, "get_secret_value") else value
        env[f"VIGPACK_{name.upper()}"] = str(plain)
    return env


def argv_of(*words: object) -> list[str]:
    return [sys.executable, "-P", "-m", "cli", *(str(word) for word in words)]


def vigpack(settings: Settings, *words: object, stdin: str = "") -> Said:
    """What a command said, run as its own process."""
    done = run_loaded(argv_of(*words), environment_of(settings), stdin)
    return Said(done.returncode, done.stdout, done.stderr)


def kill_when(settings: Settings, log: Path, words: list[object], condition: Callable[[], bool]) -> None:
    """Start a command and kill it, as a power cut would, as soon as the condition holds."""
    process = start_loaded(argv_of(*words), log, environment_of(settings))
    wait_until(lambda: condition() or process.poll() is not None, "begun")
    process.kill()
    assert process.wait() == -signal.SIGKILL, log.read_text()


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """A private key; its recipient is its first line."""
    path = tmp_path / "backup.key"
    assert vigpack(Settings(), "backup", "--new-key", path).code == 0
    return path


def recipient_of(key: Path) -> str:
    return key.read_text().splitlines()[0].removeprefix("# public key: ")


@pytest.fixture
def make_place(request: pytest.FixtureRequest, tmp_path: Path) -> MakePlace:
    """Places of the kind that the test names: sqlite or postgresql, and folder or s3."""

    def make(name: str, kind: str) -> Settings:
        settings = Settings(data_dir=tmp_path / name, min_free_bytes=0, **QUICK)
        if "postgresql" in kind:
            server: PostgresServer = request.getfixturevalue("postgres_server")
            settings.database_url = server.url(server.create_database())
        if "s3" in kind:
            s3: Settings = request.getfixturevalue("s3_settings")
            at_s3 = {field: getattr(s3, field) for field in Settings.model_fields if field.startswith("s3_")}
            settings = settings.model_copy(update={**at_s3, "storage_url": f"{s3.storage_url}-{name}"})
        return settings

    return make


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """Six seconds, small."""
    return numbered_film(tmp_path / "film.mp4", frames=150, fps="25")


def files_of(service: Service) -> dict[str, str]:
    """Every finished file: its key and what its row says of it; each is read and found to be so."""
    with service.db.reading() as session:
        rows = session.execute(select(ArtifactRow.storage_key, ArtifactRow.sha256)).all()
    for key, sha256 in rows:
        fetched = service.settings.data_dir / "fetched"
        service.storage.fetch(key, fetched, sha256=sha256)
        fetched.unlink()
    return {row.storage_key: row.sha256 for row in rows}


def lose_everything(settings: Settings) -> None:
    storage = open_storage(settings)
    for stored in list(storage.keys("")):
        storage.delete(stored)
    shutil.rmtree(settings.data_dir)


@pytest.mark.parametrize(
    ("here_is", "there_is"),
    [("sqlite folder", "postgresql s3"), ("postgresql s3", "sqlite folder")],  # each kind is left and arrived at
)
def test_after_a_restore_all_is_there_what_waited_is_done_and_what_was_erased_stays_erased(
    here_is: str, there_is: str, make_place: MakePlace, key: Path, film: Path, tmp_path: Path
) -> None:
    here = make_place("here", here_is)
    make_tables(here)
    with running_service(here) as service:
        ready, jobs = service.send_film(film, K_104)
        erased_before, _ = service.send_film(film, K_207)
        assert erase_selection(service.db, service.storage, here, erased_before)
        service.enqueue(jobs)
        service.start_worker()
        service.wait_until_settled(ready, within_s=180)
        erased_after, more = service.send_film(film, K_207)
        service.enqueue(more)
        service.wait_until_settled(erased_after, within_s=180)
        service.end()
        waiting, _ = service.send_film(film, K_104)
        before = files_of(service)

        made = vigpack(here, "backup", tmp_path / "copies" / "monday", "--recipient", recipient_of(key), "--json")
        assert made.code == 0, made.err
        assert (made.json["selections"], made.json["missing"], made.json["damaged"]) == (3, 0, 0)

        kept_keys = tmp_path / "apart" / "keys.age"
        assert vigpack(here, "keys", "backup", kept_keys, "--recipient", recipient_of(key)).code == 0
        assert erase_selection(service.db, service.storage, here, erased_after)
        copy_register(service.db, service.storage)
        assert vigpack(here, "backup", "--erasures", tmp_path / "register").code == 0
    lose_everything(here)

    tried = vigpack(
        make_place("nowhere", "sqlite folder"), "restore", tmp_path / "copies" / "monday", "--key", key, "--check"
    )
    assert tried.code == 0, tried.err
    assert "keys of 3 selections are not here" in tried.out
    there = make_place("there", there_is)
    assert vigpack(there, "keys", "restore", kept_keys, "--key", key).code == 0
    words = ["restore", tmp_path / "copies" / "monday", "--key", "-", "--erasures", tmp_path / "register", "--json"]
    restored = vigpack(there, *words, stdin=key.read_text())
    assert restored.code == 0, restored.err
    assert (restored.json["selections"], restored.json["erased_again"]) == (2, 1)
    with running_service(there) as service:
        kept = {stored: sha256 for stored, sha256 in before.items() if erased_after not in stored}
        assert files_of(service) == kept
        with service.db.reading() as session:
            assert set(session.scalars(select(SelectionRow.id))) == {ready, waiting}
        assert not [stored for stored in service.storage.keys("selections/") if erased_after in stored]
        assert compare_store(service.db, service.storage) == StoreState(StoreMatch.OURS)  # and so it may be swept
        service.start_worker()
        assert service.wait_until_settled(waiting, within_s=180).state == SelectionState.READY
        assert_nothing_left_behind(service)
        wait_until(lambda: len(stored_erasures(service.storage)) >= 2, "the register is in the new store")


@pytest.fixture
def large(tmp_path: Path) -> Settings:
    """A service on SQLite with 128 MB of films, so that there is a middle to be killed in."""
    place = Place(Settings(data_dir=tmp_path / "large", min_free_bytes=0))
    for _ in range(8):
        place.add(os.urandom(1 << 23))
    place.db.dispose()
    return place.settings


def test_a_backup_that_is_killed_looks_like_none_and_the_next_one_is_good(
    large: Settings, key: Path, tmp_path: Path
) -> None:
    target, left = tmp_path / "copies" / "monday", tmp_path / "copies" / "monday.unfinished"
    for files in (1, 14):
        words = ["backup", target, "--recipient", recipient_of(key)]
        kill_when(large, tmp_path / "log", words, lambda n=files: len(list(left.rglob("objects/*/*.age"))) >= n)
        assert not target.exists()
        refused = vigpack(large, "restore", left, "--key", key, "--check")
        assert (refused.code, refused.out) == (1, "")
        assert "no complete backup" in refused.err
        assert len(refused.err.splitlines()) == 1
    assert vigpack(large, "backup", target, "--recipient", recipient_of(key)).code == 0
    assert sorted(path.name for path in target.parent.iterdir()) == ["monday"]
    assert vigpack(large, "restore", target, "--key", key, "--check").code == 0


@pytest.mark.parametrize("kind", ["sqlite folder", "postgresql s3"])
def test_a_restore_that_is_killed_leaves_no_record_and_goes_on_when_asked_again(
    large: Settings, make_place: MakePlace, key: Path, tmp_path: Path, kind: str
) -> None:
    source = tmp_path / "monday"
    assert vigpack(large, "backup", source, "--recipient", recipient_of(key)).code == 0
    kept_keys = tmp_path / "apart" / "keys.age"
    assert vigpack(large, "keys", "backup", kept_keys, "--recipient", recipient_of(key)).code == 0
    there = make_place("there", kind)
    make_tables(there)
    assert vigpack(there, "keys", "restore", kept_keys, "--key", key).code == 0
    storage = open_storage(there)
    for files in (1, 12):
        words = ["restore", source, "--key", key]
        kill_when(there, tmp_path / "log", words, lambda n=files: len(list(storage.keys("selections/"))) >= n)
        db = open_database(there)
        with db.reading() as session:
            assert session.scalar(select(func.count(SelectionRow.id))) == 0
        db.dispose()
    done = vigpack(there, "restore", source, "--key", key, "--json")
    assert done.code == 0, done.err
    with running_service(large) as before, running_service(there) as after:
        assert files_of(after) == files_of(before)
    assert not (there.data_dir / "restoring").exists()
    again = vigpack(there, "restore", source, "--key", key)
    assert (again.code, len(again.err.splitlines())) == (1, 1)
    assert "already" in again.err


def test_what_goes_wrong_is_told_in_one_sentence(tmp_path: Path, key: Path) -> None:
    place = Place(Settings(data_dir=tmp_path / "data"))
    place.add()
    place.db.dispose()
    settings, copy = place.settings, tmp_path / "copy"
    (tmp_path / "other").mkdir()
    other = new_key(tmp_path / "other")
    assert vigpack(settings, "backup", copy, "--recipient", recipient_of(key)).code == 0

    flipped = tmp_path / "flipped"
    shutil.copytree(copy, flipped)
    victim = next(flipped.rglob("objects/*/*.age"))
    whole = bytearray(victim.read_bytes())
    whole[-1] ^= 1
    victim.write_bytes(whole)

    empty = Settings(data_dir=tmp_path / "empty")
    cases: list[tuple[Settings, list[object], str]] = [
        (settings, ["backup", tmp_path / "new"], "begins with age1"),
        (settings, ["backup", copy, "--recipient", recipient_of(key)], "does not exist yet"),
        (settings, ["backup", "--new-key", key], "never overwritten"),
        (settings, ["restore", copy, "--key", key], "already"),
        (empty, ["restore", copy, "--key", other], "does not open this backup"),
        (empty, ["restore", copy, "--key", tmp_path / "no-such-key"], "no key"),
        (empty, ["restore", tmp_path, "--key", key], "no complete backup"),
        (empty, ["restore", flipped, "--key", key, "--check"], "damaged"),
        (empty, ["restore", flipped, "--key", key], "damaged"),
    ]
    for where, words, sentence in cases:
        said = vigpack(where, *words)
        assert (said.code, said.out) == (1, ""), words
        assert sentence in said.err
        assert len(said.err.splitlines()) == 1
    assert vigpack(settings, "backup").code == 2


def test_a_file_that_was_lost_before_makes_a_backup_that_says_so_and_is_kept(tmp_path: Path, key: Path) -> None:
    place = Place(Settings(data_dir=tmp_path / "data"))
    place.add()
    place.storage.delete(min(place.stored()))
    said = vigpack(place.settings, "backup", tmp_path / "copy", "--recipient", recipient_of(key))
    assert said.code == 1
    assert "1 stored file had been lost" in said.err
    assert vigpack(place.settings, "restore", tmp_path / "copy", "--key", key, "--check").code == 0
    with place.db.reading() as session:
        assert last_backup_at(session) is None
    place.db.dispose()


@pytest.mark.skipif(
    subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False).returncode != 0,
    reason="no small disk without root or user namespaces",
)
@pytest.mark.parametrize("room", ["64k", "20m"])
def test_a_full_disk_ends_a_backup_in_one_sentence_and_nothing_of_it_is_left(
    large: Settings, key: Path, tmp_path: Path, room: str
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    words = shlex.join(argv_of("backup", disk / "monday", "--recipient", recipient_of(key)))
    script = f"mount -t tmpfs -o size={room} none {disk} && {{ {words}; echo ended $?; ls -A {disk}; }}"
    namespace = ["unshare", "-m" if os.geteuid() == 0 else "-rm", "sh", "-c", script]
    done = subprocess.run(namespace, env=environment_of(large), capture_output=True, text=True, check=True)
    assert done.stdout == "ended 1\n"
    assert "no room" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_service_under_load_is_backed_up_and_nothing_of_it_is_disturbed(
    make_place: MakePlace, key: Path, film: Path, tmp_path: Path
) -> None:
    here = make_place("here", "postgresql folder")
    make_tables(here)
    with running_service(here) as service:
        sent = [service.send_film(film, K_104) for _ in range(3)]
        for _, jobs in sent:
            service.enqueue(jobs)
        service.start_worker()
        for number in range(3):
            said = vigpack(here, "backup", tmp_path / f"copy-{number}", "--recipient", recipient_of(key), "--json")
            assert (said.code, said.json["missing"]) == (0, 0)
            assert vigpack(here, "restore", tmp_path / f"copy-{number}", "--key", key, "--check").code == 0
        for selection_id, _ in sent:
            assert service.wait_until_settled(selection_id, within_s=180).state == SelectionState.READY
        assert_nothing_left_behind(service)
