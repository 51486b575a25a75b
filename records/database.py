"""The database: SQLite beside the data, or PostgreSQL; sessions that either commit whole or leave nothing."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Connection, CursorResult, Delete, Engine, Update, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session, sessionmaker

from records.effects import Effects, take_effects
from records.errors import DatabaseUnavailable
from records.keys.ring import KeyRing, key_ring
from records.models.sealed import RING
from records.secrets.service_key import service_key
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
_NO_ROOM = {"53100", "SQLITE_FULL"}
_FULL_TOLD_S = 180.0
"""The API writes a sample each minute."""
_READING = "vigpack_reading"
SETTINGS = "vigpack_settings"
"""Under this name each session's info holds the settings of the service."""
AUDIT_PURPOSE = "audit"
AUDIT_KEY = "vigpack_audit_key"
"""Under this name each session's info holds the function that gives the key of the audit's chain."""


class Database:
    """An engine and its sessions. One per process: a connection must not be carried over a fork."""

    def __init__(self, engine: Engine, audit_key: Callable[[], bytes], settings: Settings) -> None:
        self.engine = engine
        self.audit_key = audit_key
        self.on_commit: Callable[[Effects], None] | None = None
        """Carries out what a transaction leaves to be done; see worker/effects.py."""
        self.before_commit: Callable[[Session], None] | None = None
        """What adds the audit line of the act to its transaction; see records/audit/act.py."""
        self.before_use: Callable[[], None] | None = None
        """Raises while nothing of the database may be shown yet; see api/records_ready.py."""
        self._full_at = -_FULL_TOLD_S
        self._sessions = sessionmaker(engine, expire_on_commit=False, info={AUDIT_KEY: audit_key, SETTINGS: settings})

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A session in one writing transaction: committed at the end, rolled back by any error.

        On SQLite it is the only writer from its first statement on; keep it short, without waiting for anything inside.
        What actions note in its Effects is carried out after the commit.
        Raises: DatabaseUnavailable, and what ``on_commit`` raises.
        """
        self._ask_first()
        with self._noting_full(), plain_errors(), self._sessions() as session, session.begin():
            yield session
            if self.before_commit is not None:
                self.before_commit(session)
            effects = take_effects(session)
            if effects and self.on_commit is None:
                raise RuntimeError("nobody carries out the effects of this transaction: see worker/effects.py")
        if effects and self.on_commit is not None:
            self.on_commit(effects)

    @property
    def is_full(self) -> bool:
        """Whether its disk had no room for what this process wrote of late; small changes may still find some."""
        return time.monotonic() - self._full_at < _FULL_TOLD_S

    @contextmanager
    def _noting_full(self) -> Iterator[None]:
        try:
            yield
        except DatabaseUnavailable as error:
            driver = getattr(error.__cause__, "orig", None)
            if _NO_ROOM & {getattr(driver, "sqlstate", None), getattr(driver, "sqlite_errorname", None)}:
                self._full_at = time.monotonic()
            raise

    @contextmanager
    def reading(self, *, ask_first: bool = True) -> Iterator[Session]:
        """A session in one transaction that only reads, beside any writer; a write in it is refused by the database.

        ``ask_first=False`` is for what looks at the database itself and at nothing that it keeps.
        Raises: DatabaseUnavailable.
        """
        if ask_first:
            self._ask_first()
        with plain_errors(), self._sessions() as session:
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
        self._ask_first()
        options: dict[str, Any] = {_READING: True}
        if self.engine.dialect.name == "postgresql":
            options |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        with plain_errors(), self.engine.connect().execution_options(**options) as connection, connection.begin():
            yield connection

    def version(self) -> str:
        """What the database says of its own version. Raises: DatabaseUnavailable."""
        asking = "SHOW server_version" if self.engine.dialect.name == "postgresql" else "SELECT sqlite_version()"
        with self.reading(ask_first=False) as session:
            return str(session.scalar(text(asking)))

    def ping(self) -> None:
        """Return when the database answers. Raises: DatabaseUnavailable."""
        with self.reading(ask_first=False) as session:
            session.execute(text("SELECT 1"))

    def _ask_first(self) -> None:
        if self.before_use is not None:
            self.before_use()

    def dispose(self) -> None:
        """Close every connection; the next session opens new ones."""
        self.engine.dispose()


@contextmanager
def plain_errors() -> Iterator[None]:
    """Tell what a driver says of a database that is away as one error of ours. Raises: DatabaseUnavailable."""
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


def password_in(address: str) -> str:
    """The password in an address; the whole address where it is not understood."""
    try:
        return str(make_url(address).password or "") if address else ""
    except ArgumentError:
        return address


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
    engine = _engine(settings.database(), key_ring(settings))
    return Database(engine, cache(partial(service_key, settings, AUDIT_PURPOSE)), settings)


def _engine(address: str, keys: KeyRing, **options: Any) -> Engine:
    engine = _plain_engine(address, **options)
    setattr(engine.dialect, RING, keys)  # where the types of sealed columns find them
    return engine


def _plain_engine(address: str, **options: Any) -> Engine:
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
    connect_args = {
        "connect_timeout": CONNECT_TIMEOUT_S,
        "application_name": "vigpack",
        "client_encoding": "utf8",  # else an SQL_ASCII database answers in bytes, at which SQLAlchemy stumbles
        **_NOTICE_SILENCE,
    }
    return create_engine(url, pool_pre_ping=True, connect_args=connect_args, **options)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseUnavailable(f"its folder cannot be made: {error}") from error


def _set_up_sqlite(connection: sqlite3.Connection, _: object) -> None:
    # The driver must not begin transactions by itself: it would begin them late and deferred. _begin_sqlite does.
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys=ON")
    # What is deleted is overwritten in the file. FAST leaves it in pages that are free.
    connection.execute("PRAGMA secure_delete=ON")
    # FULL, although WAL would stay whole with NORMAL: what was answered with "saved" or "erased" must outlive a power
    # cut.
    connection.execute("PRAGMA synchronous=FULL")


def _begin_sqlite(connection: Connection) -> None:
    reading = connection.get_execution_options().get(_READING, False)
    # A writer takes the write lock at once. A transaction that reads first and writes later cannot wait for another
    # writer: SQLite ends it with "database is locked" however long the busy time-out is.
    connection.exec_driver_sql(f"PRAGMA query_only={'ON' if reading else 'OFF'}")
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def _driver(connection: Connection) -> sqlite3.Connection:
    return cast("sqlite3.Connection", connection.connection.driver_connection)


def rows_changed(session: Session, statement: Update | Delete) -> int:
    """How many rows the statement changed."""
    result = session.execute(statement, execution_options={"synchronize_session": False})
    return cast("CursorResult[Any]", result).rowcount
