"""Backup and restore with real servers: everything gone, everything back, but for what was erased."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from records.actions.erase import erase_selection
from records.audit.erasure_register import copy_register, stored_erasures
from records.migrations.migrate import migrate
from records.models import ArtifactRow, SelectionRow, SelectionState
from records.settings import Settings
from records.storage.open import open_storage
from tests.footage import numbered_film
from tests.records.cast import K_104, K_207
from tests.servers import PostgresServer, wait_until
from tests.worker.service import QUICK, Service, assert_nothing_left_behind, running_service

Place = Callable[[str], Settings]
"""Settings of an empty service of that name, each with a database and a store of its own."""


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
    done = subprocess.run(
        argv_of(*words), env=environment_of(settings), input=stdin, capture_output=True, text=True, check=False
    )
    return Said(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """A private key; its recipient is its first line."""
    path = tmp_path / "backup.key"
    assert vigpack(Settings(), "backup", "--new-key", path).code == 0
    return path


def recipient_of(key: Path) -> str:
    return key.read_text().splitlines()[0].removeprefix("# public key: ")


@pytest.fixture
def make_place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
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

    return make  # type: ignore[return-value]


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
    [
        ("postgresql folder", "postgresql folder"),
        ("sqlite folder", "sqlite folder"),
        ("postgresql s3", "postgresql s3"),
        ("sqlite folder", "postgresql s3"),
    ],
)
def test_after_a_restore_all_is_there_what_waited_is_done_and_what_was_erased_stays_erased(
    here_is: str, there_is: str, make_place: Any, key: Path, film: Path, tmp_path: Path
) -> None:
    here = make_place("here", here_is)
    migrate(here)
    with running_service(here) as service:
        ready, jobs = service.send_film(film, K_104)
        erased_before, _ = service.send_film(film, K_207)
        assert erase_selection(service.db, service.storage, here, erased_before)
        service.enqueue(jobs)
        service.start_worker()
        service.wait_until_settled(ready)
        erased_after, more = service.send_film(film, K_207)
        service.enqueue(more)
        service.wait_until_settled(erased_after)
        service.end()
        waiting, _ = service.send_film(film, K_104)
        before = files_of(service)

        made = vigpack(here, "backup", tmp_path / "copies" / "monday", "--recipient", recipient_of(key), "--json")
        assert made.code == 0, made.err
        assert (made.json["selections"], made.json["missing"], made.json["damaged"]) == (3, 0, 0)

        assert erase_selection(service.db, service.storage, here, erased_after)
        copy_register(service.db, service.storage)
        assert vigpack(here, "backup", "--erasures", tmp_path / "register").code == 0
    lose_everything(here)

    tried = vigpack(
        make_place("nowhere", "sqlite folder"), "restore", tmp_path / "copies" / "monday", "--key", key, "--check"
    )
    assert tried.code == 0, tried.err
    there = make_place("there", there_is)
    words = ["restore", tmp_path / "copies" / "monday", "--key", "-", "--erasures", tmp_path / "register", "--json"]
    restored = vigpack(there, *words, stdin=key.read_text())
    assert restored.code == 0, restored.err
    assert restored.json["erased_again"] == 1
    with running_service(there) as service:
        kept = {stored: sha256 for stored, sha256 in before.items() if erased_after not in stored}
        assert files_of(service) == kept
        with service.db.reading() as session:
            assert set(session.scalars(select(SelectionRow.id))) == {ready, waiting}
        assert not [stored for stored in service.storage.keys("selections/") if erased_after in stored]
        service.start_worker()
        assert service.wait_until_settled(waiting).state == SelectionState.READY
        assert_nothing_left_behind(service)
        wait_until(lambda: len(stored_erasures(service.storage)) >= 2, "the register is in the new store")
