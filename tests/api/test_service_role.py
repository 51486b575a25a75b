"""The service's own role in PostgreSQL does all that the API does, and can neither change the audit nor the tables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege

from api.app import create_app
from api.diagnostics.checks import check_role
from records.audit.log import newest
from records.audit.verify import verify
from records.backup.make import make_backup
from records.backup.read import open_backup
from records.backup.rehearse import rehearse
from records.backup.restore import restore
from records.backup.sealing import make_key, parse_identity, parse_recipients
from records.database import open_database
from records.errors import NotTheOwner, ServiceRoleUnfit
from records.migrations.migrate import migrate
from records.migrations.worker_role import SERVICE_RIGHTS
from records.models import Base
from records.settings import Settings
from records.storage.open import open_storage
from tests.api.conftest import client_of
from tests.api.service import SELECTIONS, begin
from tests.effects import open_alone
from tests.servers import PostgresServer, wait_until

ROLE = "vigpack_service"


@pytest.fixture(scope="module")
def role(postgres_server: PostgresServer) -> Iterator[str]:
    postgres_server.execute(f"CREATE ROLE {ROLE} LOGIN")
    yield ROLE
    postgres_server.execute(f"DROP ROLE {ROLE}")


@pytest.fixture
def settings(tmp_path: Path, role: str, postgres_server: PostgresServer, postgres_url: str) -> Iterator[Settings]:
    """As ``vigpack migrate`` has them; the service has those without the owner's address."""
    made = Settings(
        data_dir=tmp_path / "data",
        database_url=postgres_url.replace("postgres@", f"{role}@"),
        migrate_database_url=postgres_url,
        min_free_bytes=0,
    )
    migrate(made)
    yield made
    postgres_server.execute(f"DROP OWNED BY {role}", postgres_url.rpartition("/")[2])


def of_the_service(settings: Settings) -> Settings:
    return settings.model_copy(update={"migrate_database_url": ""})


REFUSED = [
    "UPDATE audit SET account_id = 'noor'",
    "DELETE FROM audit",
    "TRUNCATE audit",
    "ALTER TABLE audit DISABLE TRIGGER audit_no_change",
    "ALTER TABLE audit DISABLE TRIGGER ALL",
    "DROP TRIGGER audit_no_change ON audit",
    "CREATE TRIGGER mine BEFORE INSERT ON audit EXECUTE FUNCTION audit_refuse()",
    "CREATE RULE mine AS ON INSERT TO audit DO INSTEAD NOTHING",
    "CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
    "DROP TABLE audit",
    "ALTER TABLE audit RENAME TO lost",
    "ALTER TABLE audit OWNER TO vigpack_service",
    "SET session_replication_role = replica",
    "SET ROLE postgres",
    "INSERT INTO audit SELECT * FROM audit ON CONFLICT (sequence) DO UPDATE SET account_id = 'noor'",
    "UPDATE alembic_version SET version_num = '0001'",
    "ALTER TABLE selections ADD a int",
    "DROP TABLE jobs",
]


def test_the_service_s_role_adds_to_the_audit_and_changes_nothing_of_it(settings: Settings) -> None:
    client = client_of(create_app(of_the_service(settings)))
    selection = begin(client)["selection"]["id"]
    client.delete(f"{SELECTIONS}/{selection}").raise_for_status()
    with psycopg.connect(settings.database_url.replace("+psycopg", ""), autocommit=True) as connection:
        for statement in REFUSED:
            with pytest.raises(InsufficientPrivilege):
                connection.execute(statement.encode())
    db = open_database(of_the_service(settings))
    with db.reading() as session:
        assert [line.action for line in newest(session)] == ["erase", "create"]
    assert verify(db, settings).is_whole
    assert check_role(db).state == "ok"
    db.dispose()
    owner = open_database(settings.model_copy(update={"database_url": settings.migrate_database_url}))
    assert check_role(owner).state == "warn"
    owner.dispose()


def test_every_table_has_a_line() -> None:
    assert set(SERVICE_RIGHTS) == set(Base.metadata.tables) | {"alembic_version"}


def test_a_backup_is_made_with_it_tried_and_restored_and_its_rights_are_there_again(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIGPACK_MIGRATE_DATABASE_URL", settings.migrate_database_url)
    recipient, key = make_key()
    db = open_alone(of_the_service(settings))
    make_backup(db, open_storage(settings), tmp_path / "copy", parse_recipients(recipient), lambda _: None)
    before = newest_action(settings)
    with open_backup(tmp_path / "copy", parse_identity(key), tmp_path) as opened:
        rehearse(opened, tmp_path, lambda _: None)
        assert newest_action(settings) == before  # it was tried elsewhere
        with pytest.raises(NotTheOwner):
            restore(opened, db, open_storage(settings), of_the_service(settings), [], lambda _: None)
        restore(opened, db, open_storage(settings), settings, [], lambda _: None)
    db.dispose()
    assert newest_action(settings) == "restore"
    begin(client_of(create_app(of_the_service(settings))))
    wait_until(lambda: newest_action(settings) == "create", "the line is written")


def newest_action(settings: Settings) -> str:
    db = open_database(of_the_service(settings))
    with db.reading() as session:
        found = [line.action for line in newest(session, 1)]
    db.dispose()
    return found[0] if found else ""


@pytest.mark.parametrize("name", ["nobody_here", "postgres"])
def test_a_role_that_is_not_there_or_may_do_everything_is_refused(postgres_url: str, tmp_path: Path, name: str) -> None:
    url = postgres_url.replace("postgres@", f"{name}@").replace("127.0.0.1", "localhost")
    with pytest.raises(ServiceRoleUnfit):
        migrate(Settings(data_dir=tmp_path, database_url=url, migrate_database_url=postgres_url))
