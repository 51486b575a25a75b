"""The database: SQLite beside the data, or PostgreSQL; sessions that either commit whole or leave nothing."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, NullPool, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session, sessionmaker

from records.errors import DatabaseNewer, DatabaseUnavailable
from records.settings import Settings

BUSY_TIMEOUT_S = 30
CONNECT_TIMEOUT_S = 5
_NOTICE_SILENCE = {
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,  # in milliseconds
}
"""libpq's: a server that vanished without a word (power, a firewall that forgot us) is noticed within a minute. The
system's own patience is a quarter of an hour for what was sent and two hours for an answer that is awaited."""
_READING = "vigpack_reading"


class Database:
    """An engine and its sessions. One per process: a connection must not be carried over a fork."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._sessions = sessionmaker(engine, expire_on_commit=False)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A session in one writing transaction: committed at the end, rolled back by any error.

        On SQLite it is the only writer from its first statement on; keep it short, without waiting for anything inside.
        Raises: DatabaseUnavailable.
        """
        with _plain_errors(), self._sessions() as session, session.begin():
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session in one transaction that only reads, beside any writer; a write in it is refused by the database.

        Raises: DatabaseUnavailable.
        """
        with _plain_errors(), self._sessions() as session:
            options: dict[str, Any] = {_READING: True}
            if self.engine.dialect.name == "postgresql":
                options["postgresql_readonly"] = True
            session.connection(execution_options=options)
            yield session

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """A connection that sees one state of everything for as long as the block lasts, and only reads.

        Raises: DatabaseUnavailable.
        """
        options: dict[str, Any] = {_READING: True}
        if self.engine.dialect.name == "postgresql":
            options |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        with _plain_errors(), self.engine.connect().execution_options(**options) as connection, connection.begin():
            yield connection

    def ping(self) -> None:
        """Return when the database answers. Raises: DatabaseUnavailable."""
        with self.reading() as session:
            session.execute(text("SELECT 1"))

    def dispose(self) -> None:
        """Close every connection; the next session opens new ones."""
        self.engine.dispose()


@contextmanager
def _plain_errors() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeout) as error:
        raise DatabaseUnavailable(_cause(error)) from error
    except DBAPIError as error:
        if error.connection_invalidated or type(error) is DatabaseError:  # SQLite's word for a file that is none
            raise DatabaseUnavailable(_cause(error)) from error
        raise


def _cause(error: Exception) -> str:
    """The database's own words, without the statement and its values."""
    return f"{type(error).__name__}: {getattr(error, 'orig', None) or 'no free connection'}"[:500].strip()


def clock_skew_s(db: Database) -> float:
    """By how much this machine's clock is ahead of the database's; 0 where the database is a file here.

    Raises: DatabaseUnavailable.
    """
    if db.engine.dialect.name == "sqlite":
        return 0.0
    with db.reading() as session:
        before = time.time()
        theirs = float(session.execute(text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one())
        return round((before + time.time()) / 2 - theirs, 3)


def open_database(settings: Settings) -> Database:
    """The service's database. Nothing is read yet; tables are made by migrate()."""
    return Database(_engine(settings.database()))


def _engine(address: str, **options: Any) -> Engine:
    url = make_url(address)
    if url.get_backend_name() == "sqlite":
        if url.database:
            _make_folder(Path(url.database).parent)
        options.setdefault("pool_size", 20)
        options.setdefault("max_overflow", 20)
        if "poolclass" in options:
            del options["pool_size"], options["max_overflow"]
        engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_S}, **options)
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    connect_args = {"connect_timeout": CONNECT_TIMEOUT_S, "application_name": "vigpack", **_NOTICE_SILENCE}
    return create_engine(url, pool_pre_ping=True, connect_args=connect_args, **options)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseUnavailable(f"its folder cannot be made: {error}") from error


def _make_private_file(path: Path) -> None:
    """Make the database's file, if it is not there, so that no other account of this machine can read captions."""
    try:
        path.touch(mode=0o600)
    except OSError as error:
        raise DatabaseUnavailable(f"its file cannot be made: {error}") from error


def _set_up_sqlite(connection: sqlite3.Connection, _: object) -> None:
    # The driver must not begin transactions by itself: it would begin them late and deferred. _begin_sqlite does.
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys=ON")
    # FULL, although WAL would stay whole with NORMAL: what was answered with "saved" or "erased" must outlive a power
    # cut.
    connection.execute("PRAGMA synchronous=FULL")


def _begin_sqlite(connection: Connection) -> None:
    reading = connection.get_execution_options().get(_READING, False)
    # A writer takes the write lock at once. A transaction that reads first and writes later cannot wait for another
    # writer: SQLite ends it with "database is locked" however long the busy time-out is.
    connection.exec_driver_sql(f"PRAGMA query_only={'ON' if reading else 'OFF'}")
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def migrate(settings: Settings) -> None:
    """Bring the tables to the newest shape; safe when several processes start at once.

    The whole way is one transaction that only one process can hold, so a crash leaves the old shape.
    Raises: DatabaseUnavailable, DatabaseNewer.
    """
    with changing_tables(settings) as (connection, config):
        _check_known(config, connection)
        command.upgrade(config, "head")


@contextmanager
def changing_tables(settings: Settings) -> Iterator[tuple[Connection, Config]]:
    """The one transaction in which tables are made and changed, and what Alembic needs to do it in there.

    Only one process can hold it; an error or a crash leaves the tables as they were.
    Raises: DatabaseUnavailable.
    """
    engine = _engine(settings.database(), poolclass=NullPool)
    sqlite = engine.dialect.name == "sqlite"
    try:
        if sqlite and engine.url.database:
            _make_private_file(Path(engine.url.database))
        with _plain_errors(), engine.connect() as connection:
            if sqlite:
                _use_wal(connection)
                # Altering a table on SQLite copies and drops it; enforced foreign keys would empty its children.
                # The switch has no effect inside a transaction, so it is thrown before.
                _driver(connection).execute("PRAGMA foreign_keys=OFF")
            with connection.begin():
                if not sqlite:
                    connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('vigpack migrate'))"))
                config = alembic_config()
                config.attributes["connection"] = connection
                yield connection, config
                if sqlite and (broken := connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()):
                    raise RuntimeError(f"the migration would leave {len(broken)} rows without their parent")
    finally:
        engine.dispose()


def _check_known(config: Config, connection: Connection) -> None:
    known = {step.revision for step in ScriptDirectory.from_config(config).walk_revisions()}
    if unknown := set(MigrationContext.configure(connection).get_current_heads()) - known:
        raise DatabaseNewer(f"the database stands at step {', '.join(sorted(unknown))}")


def _driver(connection: Connection) -> sqlite3.Connection:
    return cast("sqlite3.Connection", connection.connection.driver_connection)


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
    with db.reading() as session:
        found = MigrationContext.configure(session.connection()).get_current_heads()
    return set(found) == set(ScriptDirectory.from_config(alembic_config()).get_heads())


def alembic_config() -> Config:
    """Where Alembic finds the steps; there is no alembic.ini."""
    config = Config()
    config.set_main_option("script_location", "records:migrations")
    config.set_main_option("path_separator", "os")
    config.set_main_option("file_template", "step_%%(rev)s_%%(slug)s")
    return config
