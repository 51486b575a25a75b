"""PostgreSQL databases that tests use one after another."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from records.migrations.migrate import migrate
from records.settings import Settings
from tests.databases import UsedDatabases
from tests.effects import open_alone
from tests.records.cast import add_jobs
from tests.servers import PostgresServer

_COUNTS = """
SELECT (SELECT count(*) FROM selections), (SELECT count(*) FROM jobs), (SELECT count(*) FROM audit),
       (SELECT count(*) FROM accounts), (SELECT string_agg(id, ',') FROM store_identity)
"""


def counts(server: PostgresServer, name: str, folder: Path) -> list[object]:
    db = open_alone(Settings(data_dir=folder, database_url=server.url(name)))
    with db.reading() as session:
        found = list(session.execute(text(_COUNTS)).one())
    db.dispose()
    return found


def test_a_used_one_is_as_new(postgres_server: PostgresServer, used_databases: UsedDatabases, tmp_path: Path) -> None:
    name = used_databases.take()
    before = counts(postgres_server, name, tmp_path)
    db = open_alone(Settings(data_dir=tmp_path, database_url=postgres_server.url(name)))
    add_jobs(db)
    assert counts(postgres_server, name, tmp_path) != before
    used_databases.give_back(name)  # although it is still open
    db.dispose()
    assert used_databases.take() == name
    assert counts(postgres_server, name, tmp_path) == before
    settings = Settings(data_dir=tmp_path, database_url=postgres_server.url(name))
    migrate(settings)
    add_jobs(open_alone(settings))
    used_databases.give_back(name)


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE jobs ADD COLUMN more text",
        "ALTER TABLE audit DISABLE TRIGGER USER",
        "GRANT SELECT ON jobs TO PUBLIC",
        "CREATE INDEX of_a_test ON jobs (selection_id)",
        "ANALYZE jobs",
    ],
)
def test_one_in_which_more_than_rows_was_changed_is_not_used_again(
    postgres_server: PostgresServer, used_databases: UsedDatabases, change: str
) -> None:
    name = used_databases.take()
    postgres_server.execute(change, name)
    used_databases.give_back(name)
    other = used_databases.take()
    assert other != name
    used_databases.give_back(other)
