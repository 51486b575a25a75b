"""An API process over an empty service, and one in this process for what needs no kill."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.app import create_app
from records.accounts.principal import MACHINE_ACCOUNT
from records.settings import Settings
from tests.api.service import Service
from tests.databases import make_tables
from tests.log_lines import events

HERE = ("127.0.0.1", 50_000)
TOKEN = "a-long-random-text-of-guiders"


@pytest.fixture
def no_time_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A phone's code and an organisation's token are good for a minute or less, however long the test takes."""
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """A migrated service on SQLite; start() gives an API process."""
    made = Service(tmp_path)
    made.migrate()
    yield made
    made.stop()
    events(made.said())  # every line is JSON


@pytest.fixture(params=["sqlite", "postgresql"])
def any_service(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Service]:
    """A migrated service, once on SQLite and once on PostgreSQL."""
    made = Service(tmp_path)
    if request.param == "postgresql":
        made.environment["VIGPACK_DATABASE_URL"] = request.getfixturevalue("postgres_url")
    else:
        made.migrate()
    yield made
    made.stop()
    events(made.said())  # every line is JSON


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that asks for a token, with a real API process, for all tests that stop nothing and share it."""
    made = Service(tmp_path_factory.mktemp("running"), {"VIGPACK_TOKEN": TOKEN})
    made.migrate()
    made.start()
    yield made
    made.stop()
    events(made.said())  # every line is JSON


@pytest.fixture
def api(running: Service) -> httpx.Client:
    """A client of that process, with the token."""
    return running.clients[0]


@pytest.fixture
def app_settings(tmp_path: Path) -> Settings:
    """Settings of a migrated service on SQLite."""
    made = Settings(data_dir=tmp_path, min_free_bytes=0)
    make_tables(made)
    return made


@pytest.fixture
def app(app_settings: Settings) -> FastAPI:
    """The application in this process."""
    return create_app(app_settings)


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    """A client on this machine of the application in this process."""
    with client_of(app) as made:
        yield made


def client_of(app: FastAPI) -> TestClient:
    """A client on this machine that knows its secret; unforeseen errors become answers, as behind a real server.

    Where the service has a token instead, the client brings nothing.
    """
    secret = app.state.identity.secrets.by_account.get(MACHINE_ACCOUNT)
    headers = {"Authorization": f"Bearer {secret}"} if secret else {}
    base_url = "http://127.0.0.1:8000"
    return TestClient(app, base_url=base_url, client=HERE, headers=headers, raise_server_exceptions=False)
