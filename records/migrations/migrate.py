"""Brings the tables to the newest shape, and tells whether they have it."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, NullPool, inspect, text
from sqlalchemy.engine import make_url

from records.database import BUSY_TIMEOUT_S, Database, _driver, _engine, plain_errors
from records.errors import DatabaseEncodingWrong, DatabaseNewer, DatabaseUnavailable, NotTheOwner
from records.keys.ring import key_ring
from records.migrations.first_keys import make_first_keys, rewrite_sealed_tables
from records.migrations.worker_role import grant_service_role, grant_worker_role
from records.settings import Settings

if TYPE_CHECKING:  # only what changes tables loads Alembic, and not each process that looks at their shape
    from alembic.config import Config

_STEP = re.compile(r"step_(\w+?)_\w+\.py")


def _make_private_file(path: Path) -> None:
    """Make the database's file, if it is not there, so that no other account of this machine can read captions."""
    try:
        path.touch(mode=0o600)
    except OSError as error:
        raise DatabaseUnavailable(f"its file cannot be made: {error}") from error


def migrate(settings: Settings) -> tuple[str | None, str]:
    """Bring the tables to the newest shape; at which step they stood (None: there were none) and stand.

    Safe when several processes start at once.

    The whole way is one transaction that only one process can hold, so a crash leaves the old shape.
    Workers' own role, where there is one, gets its rights on whatever is new.
    Raises: DatabaseUnavailable, DatabaseNewer, DatabaseEncodingWrong, WorkerRoleMissing, ServiceRoleUnfit,
    NotTheOwner; MasterKeyMissing, MasterKeyWrong, KeyStoreUnavailable.
    """
    from alembic import command

    with changing_tables(settings) as (connection, config):
        before = _check_known(config, connection)
        if before != newest_step():
            check_owner(connection)
        command.upgrade(config, "head")
        sealed = make_first_keys(connection, key_ring(settings))
        grant_roles(connection, settings)
    if sealed:
        engine = _engine(settings.owner_database(), key_ring(settings), poolclass=NullPool)
        with plain_errors():
            rewrite_sealed_tables(engine)
        engine.dispose()
    return before, newest_step()


def check_owner(connection: Connection) -> None:
    """Raises: NotTheOwner where our role may use the tables and not change them."""
    if connection.dialect.name == "postgresql":
        asked = "SELECT pg_has_role(current_user, relowner, 'MEMBER') FROM pg_class WHERE oid = to_regclass('audit')"
        if connection.scalar(text(asked)) is False:
            raise NotTheOwner


def grant_roles(connection: Connection, settings: Settings) -> None:
    """Give the roles that do not own the tables their rights on them. Raises: WorkerRoleMissing, ServiceRoleUnfit."""
    if settings.worker_role:
        grant_worker_role(connection, settings.worker_role)
    if settings.owner_database() != settings.database():
        grant_service_role(connection, make_url(settings.database()).username or "")


def _check_encoding(connection: Connection) -> None:
    encoding = connection.scalar(text("SHOW server_encoding"))
    if encoding != "UTF8":
        raise DatabaseEncodingWrong(str(encoding))


@contextmanager
def changing_tables(settings: Settings) -> Iterator[tuple[Connection, Config]]:
    """The one transaction in which tables are made and changed, and what Alembic needs to do it in there.

    Only one process can hold it; an error or a crash leaves the tables as they were.
    Raises: DatabaseUnavailable.
    """
    engine = _engine(settings.owner_database(), key_ring(settings), poolclass=NullPool)
    sqlite = engine.dialect.name == "sqlite"
    try:
        if sqlite and engine.url.database:
            _make_private_file(Path(engine.url.database))
        with plain_errors(), engine.connect() as connection:
            if sqlite:
                _use_wal(connection)
                # Altering a table on SQLite copies and drops it; enforced foreign keys would empty its children.
                # The switch has no effect inside a transaction, so it is thrown before.
                _driver(connection).execute("PRAGMA foreign_keys=OFF")
            with connection.begin():
                if not sqlite:
                    _check_encoding(connection)
                    connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('vigpack migrate'))"))
                config = alembic_config()
                config.attributes["connection"] = connection
                yield connection, config
                if sqlite and (broken := connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()):
                    raise RuntimeError(f"the migration would leave {len(broken)} rows without their parent")
    finally:
        engine.dispose()


def _check_known(config: Config, connection: Connection) -> str | None:
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    known = {step.revision for step in ScriptDirectory.from_config(config).walk_revisions()}
    found = MigrationContext.configure(connection).get_current_heads()
    if unknown := set(found) - known:
        raise DatabaseNewer(f"the database stands at step {', '.join(sorted(unknown))}")
    return found[0] if found else None


def _use_wal(connection: Connection) -> None:
    """Set write-ahead logging, which the file remembers: readers then never wait for the writer.

    The switch needs the file for itself, and SQLite does not wait for it when others ask for the same at the same
    moment, however long the busy time-out is: it is asked for again.
    """
    driver = _driver(connection)
    patience_ends = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            if driver.execute("PRAGMA journal_mode").fetchone() != ("wal",):
                driver.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > patience_ends:
                raise
            time.sleep(0.05)
        else:
            return


def is_current(db: Database) -> bool:
    """Whether the tables have the shape this version of the program expects. Raises: DatabaseUnavailable."""
    with db.reading(ask_first=False) as session:
        if not inspect(session.connection()).has_table("alembic_version"):
            return False
        found = session.scalars(text("SELECT version_num FROM alembic_version")).all()
    return list(found) == [newest_step()]


@cache
def newest_step() -> str:
    """The step to which this version of the program brings the tables; the files are numbered in their order."""
    names = (path.name for path in files("records.migrations.versions").iterdir())
    return max(found[1] for name in names if (found := _STEP.fullmatch(name)))


def alembic_config() -> Config:
    """Where Alembic finds the steps; there is no alembic.ini."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "records:migrations")
    config.set_main_option("path_separator", "os")
    config.set_main_option("file_template", "step_%%(rev)s_%%(slug)s")
    return config
