"""Full stores beside databases: on folder and S3, SQLite and PostgreSQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from records.ledger.store_identity import (
    StoreMatch,
)
from records.models import new_id
from records.settings import Settings
from tests.databases import OWN_ID, make_tables
from tests.records.actions.pairs import Copy, MakeDatabase, Pair
from tests.records.cast import K_104, K_207
from tests.servers import PostgresServer


@pytest.fixture(params=["sqlite", "postgresql"])
def new_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MakeDatabase]:
    """Makes another database, migrated, with an id of its own; its address."""
    made: list[str] = []

    def make() -> str:
        if request.param == "sqlite":
            url = f"sqlite:///{tmp_path / f'{new_id()}.sqlite3'}"
            make_tables(Settings(data_dir=tmp_path, database_url=url))
            return url
        server: PostgresServer = request.getfixturevalue("postgres_server")
        made.append(request.getfixturevalue("used_databases").take())
        server.execute(OWN_ID.format(new_id()), made[-1])
        return server.url(made[-1])

    yield make
    for name in made:
        request.getfixturevalue("used_databases").give_back(name)


@pytest.fixture
def copied_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Copy]:
    """Makes a copy of a database as it is now, as a backup and its restore do; its address."""
    made: list[str] = []

    def copy(url: str) -> str:
        name = make_url(url).database
        assert name
        if url.startswith("sqlite"):
            there = tmp_path / f"{new_id()}.sqlite3"
            with closing(sqlite3.connect(name)) as source, closing(sqlite3.connect(there)) as target:
                source.backup(target)
            return f"sqlite:///{there}"
        server: PostgresServer = request.getfixturevalue("postgres_server")
        made.append(server.create_database(template=name))
        return server.url(made[-1])

    yield copy
    for name in made:
        request.getfixturevalue("postgres_server").drop_database(name)


@pytest.fixture(params=["folder", "s3"])
def base(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings that name a store and no database yet."""
    if request.param == "folder":
        return Settings(data_dir=tmp_path / "data", min_free_bytes=0)
    s3: Settings = request.getfixturevalue("s3_settings")
    return s3.model_copy(update={"min_free_bytes": 0})


@pytest.fixture
def full(base: Settings, new_database: MakeDatabase, tmp_path: Path) -> Pair:
    """A service with two selections, one of them ready, whose store carries its database's id."""
    pair = Pair(base.model_copy(update={"database_url": new_database()}))
    for shape in (K_104, K_207):
        first, *_ = pair.send(tmp_path, shape)
        pair.make(first, tmp_path)
    pair.round()
    assert pair.match() is StoreMatch.OURS
    pair.db.dispose()
    return pair
