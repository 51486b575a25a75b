"""A full store beside a database that does not know it, with real workers: nothing goes, and everybody is told."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from api.app import create_app
from records.ledger.recurring import SWEEPING
from records.models import ClockRow, utcnow
from records.settings import Settings
from tests.api.conftest import client_of
from tests.databases import make_tables
from tests.footage import numbered_film
from tests.loaded import run_loaded
from tests.records.cast import K_104
from tests.servers import PostgresServer, wait_until
from tests.worker.service import QUICK, Service, running_service


@pytest.fixture(params=["folder and SQLite", "S3 and PostgreSQL"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings of a service with a migrated database of its own."""
    if request.param == "folder and SQLite":
        made = Settings(data_dir=tmp_path / "data", database_url=f"sqlite:///{tmp_path / 'here.sqlite3'}")
        make_tables(made)
    else:
        s3: Settings = request.getfixturevalue("s3_settings")
        made = s3.model_copy(update={"database_url": request.getfixturevalue("postgres_url")})
    return made.model_copy(update={**QUICK, "min_free_bytes": 0})


@pytest.fixture
def empty(settings: Settings, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """The same store beside a database that was just made."""
    if settings.database_url.startswith("sqlite"):
        made = settings.model_copy(update={"database_url": f"sqlite:///{tmp_path / 'empty.sqlite3'}"})
        make_tables(made)
        yield made
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    name = server.create_database()
    made = settings.model_copy(update={"database_url": server.url(name)})
    make_tables(made)
    yield made
    server.drop_database(name)


def content(service: Service) -> dict[str, bytes]:
    return {key: b"".join(service.storage.read(key, 0, 1 << 30)) for key in service.storage.keys("selections/")}


def wait_for_a_sweep(service: Service) -> None:
    """Let the workers sweep now, and wait until they have."""
    now = utcnow()
    with service.db.session() as session:
        session.execute(update(ClockRow).where(ClockRow.name == SWEEPING).values(due_at=now, ended_at=None))

    def swept() -> bool:
        with service.db.reading() as session:
            return session.get_one(ClockRow, SWEEPING).ended_at is not None

    wait_until(swept, "a sweep has ended", within_s=60)


def vigpack(settings: Settings, *words: str) -> tuple[int, Any]:
    """Exit code and JSON answer of a command."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("VIGPACK_")}
    for name, value in settings.model_dump(exclude_defaults=True).items():
        plain = value.get_secret_value() if hasattr(value, "get_secret_value") else value
        environment[f"VIGPACK_{name.upper()}"] = str(plain)
    argv = [sys.executable, "-P", "-m", "cli", *words, "--json"]
    done = run_loaded(argv, environment)
    return done.returncode, json.loads(done.stdout)


def test_workers_leave_every_file_and_it_is_told_until_the_store_is_accepted(
    settings: Settings, empty: Settings, tmp_path: Path
) -> None:
    film = numbered_film(tmp_path / "film.mp4", frames=150, fps="25")
    with running_service(settings) as service:
        selection_id, jobs = service.send_film(film, K_104)
        service.enqueue(jobs)
        service.start_worker()
        service.wait_until_settled(selection_id)
        wait_for_a_sweep(service)
        before = content(service)
    assert len(before) > 4

    with running_service(empty) as service:
        service.start_worker()
        wait_for_a_sweep(service)
        wait_for_a_sweep(service)
        assert content(service) == before
        assert service.log().count("sweeping_stopped") == 1

        with client_of(create_app(empty)) as client:
            seen = client.get("/api/v1/operations").json()["verdict"]
            figures = client.get("/metrics").text
        assert (seen["state"], seen["sentence"]) == (
            "bad",
            "The store belongs to another database; nothing is cleared away in it.",
        )
        assert "vigpack store --accept" in seen["alerts"][0]["remedy"]
        assert "\nvigpack_sweep_stopped 1.0\n" in figures
        assert 'vigpack_problem{code="store_foreign",level="bad"} 1.0' in figures
        code, checks = vigpack(empty, "doctor")
        [told] = [check for check in checks if check["part"] == "store and database"]
        assert (code, told["state"], told["found"]) == (1, "bad", seen["sentence"])

        looked = {"match": "foreign", "known_files": 0, "unknown_files": len(before), "accepted": False}
        assert vigpack(empty, "store") == (1, looked)
        assert vigpack(empty, "store", "--accept") == (0, {**looked, "match": "ours", "accepted": True})
        wait_for_a_sweep(service)
        assert content(service) == {}
        assert vigpack(empty, "store") == (0, {**looked, "match": "ours", "unknown_files": 0})
