"""What a database keeps of rows that were erased, in its own files: overwritten, or written anew without them.

SQLite overwrites what is deleted (PRAGMA secure_delete), but its journal holds earlier pages until it is cut.
PostgreSQL leaves deleted rows in its files until others are written over them; rewriting a table leaves none. Its
write-ahead log is used anew in time, and at once where our role may ask for that: docs/security.md.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Final, cast

from sqlalchemy import Connection, Engine, func, select, text
from sqlalchemy.exc import DBAPIError

from records.database import BUSY_TIMEOUT_S, Database, plain_errors
from records.logs import get_logger
from records.models import Base, ClockRow, ErasureRow, utcnow

SCRUBBING: Final = "scrubbing"
_PATIENCE_S: Final = 3
_WITHOUT_WORDS: Final = {"audit", "clocks", "endings", "erasures", "samples", "workers"}
"""Tables of ids and figures, of which nothing has to be erased."""
_MOST_SEGMENTS: Final = 8
"""So many of the log's files are overwritten at once, 16 MiB each: PostgreSQL keeps five by itself (min_wal_size)."""
_MAY_TURN_OVER: Final = text(
    "SELECT has_function_privilege('pg_switch_wal()', 'EXECUTE') AND EXISTS (SELECT FROM pg_roles WHERE "
    "(rolname = current_user AND rolsuper) OR (rolname = 'pg_checkpoint' AND pg_has_role(oid, 'USAGE')))"
)
log = get_logger("records")


def scrub_if_needed(db: Database) -> bool:
    """After something was erased: leave nothing of it in the database's files. False where somebody was in the way.

    Raises: DatabaseUnavailable.
    """
    with db.reading() as session:
        erased_at = session.scalar(select(func.max(ErasureRow.at)))
        clock = session.get(ClockRow, SCRUBBING)
    if erased_at is None or (clock is not None and clock.ended_at is not None and clock.ended_at > erased_at):
        return True
    began_at = utcnow()
    is_first = clock is None or clock.ended_at is None
    is_postgresql = db.engine.dialect.name == "postgresql"
    with plain_errors():
        done = _rewrite_tables(db.engine) if is_postgresql else _cut_journal(db.engine, is_first=is_first)
    if done:
        with db.session() as session:
            session.merge(ClockRow(name=SCRUBBING, due_at=began_at, ended_at=began_at))
    return done


def _cut_journal(engine: Engine, *, is_first: bool) -> bool:
    """Bring everything into the database's file and make its journal empty."""
    with closing(engine.raw_connection()) as pooled:
        driver = cast("sqlite3.Connection", pooled.driver_connection)
        try:
            # Others write again when this one waits no longer: it holds them up meanwhile.
            driver.execute(f"PRAGMA busy_timeout={_PATIENCE_S * 1000}")
            driver.execute("PRAGMA query_only=OFF")  # as each transaction of ours says for itself
            if is_first:  # a file from before secure_delete may hold what was erased then
                driver.execute("VACUUM")
            busy = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        except sqlite3.OperationalError as error:
            log.info("journal_not_cut", cause=str(error))
            return False
        finally:
            driver.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_S * 1000}")
    return not busy


def _rewrite_tables(engine: Engine) -> bool:
    """Write anew every table that may be ours to rewrite: by owning it, or by PostgreSQL 17's right to maintain it."""
    tables = [table.name for table in Base.metadata.sorted_tables if table.name not in _WITHOUT_WORDS]
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.detach()  # what is set for it is nobody else's, and a pool needs no connection that was cut
        connection.execute(text(f"SET lock_timeout = '{_PATIENCE_S}s'"))
        try:
            for table in tables:
                if connection.scalar(text("SELECT to_regclass(:table) IS NOT NULL"), {"table": table}):
                    connection.exec_driver_sql(f"VACUUM (FULL) {table}")
            turn_over_log(connection)
        except DBAPIError as error:
            if error.connection_invalidated:
                raise
            log.info("tables_not_rewritten", cause=type(error.orig).__name__)
            return False
    return True


def turn_over_log(connection: Connection) -> bool:
    """Have PostgreSQL write over its write-ahead log, as far as it lies there in a few files; False where we may not.

    A file of it that is done with after a checkpoint is put behind the others under a new name, with what it holds, and
    overwritten when its turn comes: so a new one is begun as often as there are files.
    """
    if not connection.scalar(_MAY_TURN_OVER):
        return False
    for _ in range(_MOST_SEGMENTS):
        connection.execute(text("SELECT pg_switch_wal()"))
        connection.exec_driver_sql("CHECKPOINT")
    return True
