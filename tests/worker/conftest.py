"""Films and services for the tests of the worker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from records.migrations.migrate import migrate
from records.settings import Settings
from tests.databases import make_tables
from tests.footage import numbered_film
from tests.servers import PostgresServer, RedisServer, running_redis
from tests.worker.service import QUICK, ROLE, Service, running_service


@pytest.fixture(scope="session")
def short_film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six seconds at 25 frames a second, 320×240, each frame showing its number."""
    return numbered_film(tmp_path_factory.mktemp("films") / "short.mp4", frames=150, fps="25")


@pytest.fixture(scope="session")
def long_film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve seconds at 30 frames a second, larger than the preset: a clip of it takes one core about three seconds."""
    path = tmp_path_factory.mktemp("films") / "long.mp4"
    return numbered_film(path, frames=360, fps="30", width=1360, height=768)


@pytest.fixture
def service(settings: Settings) -> Iterator[Service]:
    """A service whose queue is a folder, on SQLite and on PostgreSQL; no worker runs."""
    with running_service(settings.model_copy(update=QUICK)) as running:
        yield running


@pytest.fixture
def folder_service(tmp_path: Path) -> Iterator[Service]:
    """A service that needs no server: SQLite, a folder for the queue, a folder for the bytes."""
    settings = Settings(data_dir=tmp_path / "data", **QUICK)
    make_tables(settings)
    with running_service(settings) as running:
        yield running


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis of this test alone, to be killed."""
    with running_redis(tmp_path) as server:
        yield server


@pytest.fixture
def redis_service(tmp_path: Path, postgres_url: str, own_redis: RedisServer) -> Iterator[Service]:
    """A service as it is deployed: PostgreSQL and Redis."""
    data = tmp_path / "data"
    with running_service(
        Settings(data_dir=data, database_url=postgres_url, broker_url=own_redis.url, **QUICK)
    ) as running:
        yield running


@pytest.fixture(scope="session")
def worker_role(postgres_server: PostgresServer) -> Iterator[str]:
    postgres_server.execute(f"CREATE ROLE {ROLE} LOGIN")
    yield ROLE
    postgres_server.execute(f"DROP ROLE {ROLE}")


@pytest.fixture
def role_service(
    tmp_path: Path, worker_role: str, postgres_server: PostgresServer, postgres_url: str
) -> Iterator[Service]:
    """A service whose workers have a database role of their own; what is asked here is asked as the owner."""
    settings = Settings(
        data_dir=tmp_path / "data",
        database_url=postgres_url,
        worker_role=worker_role,
        min_free_bytes=0,
        **{**QUICK, "sweep_s": 1},
    )
    migrate(settings)
    with running_service(settings) as made:
        yield made
    postgres_server.execute(f"DROP OWNED BY {worker_role}", postgres_url.rpartition("/")[2])
