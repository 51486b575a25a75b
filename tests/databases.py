"""New, empty databases in the newest shape, copied from one that was migrated, which is ten times cheaper."""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from functools import cache
from pathlib import Path

import psycopg
from sqlalchemy.engine import make_url

from records.migrations.migrate import migrate
from records.models import new_id
from records.settings import Settings
from tests.made_once import is_run, made_once
from tests.servers import PostgresServer

OWN_ID = "UPDATE store_identity SET id = '{}', begins_at = CURRENT_TIMESTAMP"
"""Gives a copy an id and a beginning of its own, as a migration gives each new database."""


CONSENT_NOTED = Path(__file__).with_name("consent_noted.toml")
"""Most tests are about other things than who agreed: their services note it and wait for nobody."""
NOTED = {"VIGPACK_CONSENT_POLICY": str(CONSENT_NOTED)}
"""For the environment of such a service's processes."""


@cache
def _template() -> bytes:
    """A migrated SQLite file; the running program's own, so it is never of another step."""
    return made_once("migrated.sqlite3", _make_template).read_bytes() if is_run() else _made_template()


def _make_template(path: Path) -> None:
    path.write_bytes(_made_template())


def _made_template() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder))
        migrate(settings)
        name = make_url(settings.database()).database
        assert name
        return Path(name).read_bytes()


def make_tables(settings: Settings) -> None:
    """What ``migrate(settings)`` makes where there is no database yet; any other is migrated."""
    url = make_url(settings.database())
    if not url.drivername.startswith("sqlite") or not url.database or Path(url.database).exists():
        migrate(settings)
        return
    path = Path(url.database)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(_template())
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(OWN_ID.format(new_id()))


_SHAPE = """
SELECT md5(concat(
  (SELECT string_agg(concat_ws(' ', oid, relfilenode, relacl, reltuples, relhastriggers, relrowsecurity),
    ',' ORDER BY oid)
   FROM pg_class WHERE relnamespace = 'public'::regnamespace),
  (SELECT string_agg(concat_ws(' ', attrelid, attname, atttypid, attnotnull, attacl), ',' ORDER BY attrelid, attnum)
   FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid WHERE relnamespace = 'public'::regnamespace),
  (SELECT string_agg(concat_ws(' ', oid, tgenabled), ',' ORDER BY oid) FROM pg_trigger),
  (SELECT string_agg(concat_ws(' ', oid, proacl, md5(prosrc)), ',' ORDER BY oid)
   FROM pg_proc WHERE pronamespace = 'public'::regnamespace),
  (SELECT string_agg(oid::text, ',' ORDER BY oid) FROM pg_policy),
  (SELECT string_agg(oid::text, ',' ORDER BY oid) FROM pg_constraint),
  (SELECT string_agg(concat_ws(' ', oid, nspname, nspacl), ',' ORDER BY oid) FROM pg_namespace WHERE nspname !~ '^pg_'),
  (SELECT concat_ws(' ', datacl, datallowconn, datconnlimit) FROM pg_database WHERE datname = current_database()),
  (SELECT count(*) FROM pg_db_role_setting JOIN pg_database ON pg_database.oid = setdatabase
   WHERE datname = current_database()),
  (SELECT sum(pg_relation_size(oid)) > 4000000 FROM pg_class WHERE relnamespace = 'public'::regnamespace)
))
"""
"""What a test may have changed beside rows: tables, rights, triggers, functions, what the planner knows, and growth."""
_NAMES = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = %s ORDER BY 1"
_END_OTHERS = """
SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
WHERE pid <> pg_backend_pid() AND datname = current_database()
"""


class UsedDatabases:
    """PostgreSQL databases that are as new again after a test: to copy one takes 0.3 s of processor time."""

    def __init__(self, server: PostgresServer, template: str) -> None:
        self._server, self._template = server, template
        self._idle: list[str] = []
        with self._in(template) as connection:
            self._tables = [row[0] for row in connection.execute(_NAMES, ["r"]).fetchall()]
            self._rows = {name: self._copied(connection, name) for name in self._tables}
            self._restart = ""
            for [name] in connection.execute(_NAMES, ["S"]).fetchall():
                [(at, called)] = connection.execute(f'SELECT last_value, is_called FROM "{name}"')  # noqa: S608 our own
                self._restart += f"SELECT setval('\"{name}\"', {at}, {called});"
            self._shape = connection.execute(_SHAPE).fetchone()

    def take(self) -> str:
        """The name of a database with our tables and nothing in them."""
        return self._idle.pop() if self._idle else self._server.create_database(self._template)

    def give_back(self, name: str) -> None:
        """Make it as new, or drop it where more than rows was changed in it."""
        try:
            with self._in(name) as connection:
                connection.execute(_END_OTHERS)
                is_as_made = connection.execute(_SHAPE).fetchone() == self._shape
                if is_as_made:
                    self._empty(connection)
        except psycopg.Error:
            is_as_made = False
        if is_as_made:
            self._idle.append(name)
        else:
            self._server.drop_database(name)

    def _empty(self, connection: psycopg.Connection) -> None:
        with connection.transaction():
            connection.execute("SET LOCAL session_replication_role = replica")  # no trigger and no foreign key speaks
            everything = "".join(f'DELETE FROM "{name}";' for name in self._tables)  # noqa: S608 names of our own
            connection.execute((everything + self._restart).encode())
            for name, rows in self._rows.items():
                if rows:
                    with connection.cursor().copy(f'COPY "{name}" FROM STDIN') as copy:
                        copy.write(rows)

    @staticmethod
    def _copied(connection: psycopg.Connection, name: str) -> bytes:
        with connection.cursor().copy(f'COPY "{name}" TO STDOUT') as copy:
            return b"".join(copy)

    def _in(self, name: str) -> psycopg.Connection:
        return psycopg.connect(self._server.conninfo(name), autocommit=True)
