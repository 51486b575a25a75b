"""A database's tables as lines of JSON, the same from SQLite and from PostgreSQL, and back into either.

The tables are read as they are (reflected) and not as this version would have them, so a dump is of one schema step and
is loaded into tables of that very step; then the steps that follow bring it up to date, as they would have in place.

    {"step": "0011"}
    {"table": "selections", "columns": {"id": "plain", "created_at": "time", …}}
    ["5f0c…", "2026-11-27T21:30:00+00:00", …]
    …
    {"end": 2, "tables": 1}
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime
from typing import Any

from alembic.runtime.migration import MigrationContext
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    Date,
    DateTime,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    cast,
    insert,
    literal_column,
    select,
)

from records.backup.errors import BackupDamaged

STEPS_TABLE = "alembic_version"
_LEFT_OUT = {
    "sessions", "api_tokens", "external_sessions", "login_states", "spent_logout_tokens", "invitations",
    "pending_sign_ins", "last_settings", "copy_links",
}  # fmt: skip
"""What opens the service is in no backup: who signed out since, or took a token back, meant it. After a restore
everybody signs in again, and programs are given new tokens. Settings are those of where it is restored."""
_BATCH_ROWS = 500


def tables_in(connection: Connection) -> list[Table]:
    """The tables as they stand in the database, parents before children; without the one that names the step."""
    metadata = MetaData()
    metadata.reflect(connection)
    return [table for table in metadata.sorted_tables if table.name != STEPS_TABLE]


def step_of(connection: Connection) -> str | None:
    """The schema step at which the database stands; None where it has no tables of ours."""
    return MigrationContext.configure(connection).get_current_revision()


def dump(connection: Connection, tables: Iterable[Table]) -> Iterator[bytes]:
    """The lines. The connection must see one state throughout."""
    yield _line({"step": step_of(connection)})
    rows = count = 0
    for table in tables:
        if table.name in _LEFT_OUT:
            continue
        count += 1
        kinds = {column.name: _kind(column) for column in table.columns}
        yield _line({"table": table.name, "columns": kinds})
        asked = select(*[_asked(column, kinds[column.name]) for column in table.columns])
        writers = [_WRITE.get(kind) for kind in kinds.values()]
        reading = connection.execution_options(stream_results=True, yield_per=_BATCH_ROWS).execute(asked)
        for part in reading.partitions():
            rows += len(part)
            for row in part:
                values = zip(row, writers, strict=True)
                yield _line([write(value) if write and value is not None else value for value, write in values])
    yield _line({"end": rows, "tables": count})


def step_in(lines: Iterable[bytes]) -> str:
    """The schema step of a dump, from its first line. Raises: BackupDamaged."""
    step = _read(next(iter(lines), b"")).get("step")
    if not isinstance(step, str):
        raise BackupDamaged("the dump names no schema step")
    return step


def load(connection: Connection, lines: Iterable[bytes]) -> int:
    """Fill the tables, which stand at the dump's step, with what it holds instead of their rows; how many rows.

    Raises: BackupDamaged where the dump does not fit them or breaks off.
    """
    tables = {table.name: table for table in tables_in(connection)}
    for table in reversed(tables.values()):  # a step may have put rows in
        if connection.execute(select(literal_column("1")).select_from(table).limit(1)).first():
            connection.execute(table.delete())
    rows = 0
    loading: _Loading | None = None
    for line in lines:
        if line.startswith(b"["):
            if loading is None:
                raise BackupDamaged("the dump has rows of no table")
            loading.add(json.loads(line))
            rows += 1
            continue
        if loading is not None:
            loading.flush()
            loading = None
        said = _read(line)
        if "end" in said:
            if said["end"] != rows:
                raise BackupDamaged(f"the dump holds {rows} rows, {said['end']} were written")
            return rows
        if "table" in said:
            if said["table"] not in tables:
                raise BackupDamaged(f"the dump has a table that its step does not: {said['table']}")
            loading = _Loading(connection, tables[said["table"]], said["columns"])
    raise BackupDamaged("the dump breaks off")


class _Loading:
    """One table while its rows come in."""

    def __init__(self, connection: Connection, table: Table, kinds: dict[str, str]) -> None:
        if set(kinds) != {column.name for column in table.columns}:
            raise BackupDamaged(f"table {table.name} has other columns in the dump")
        self._connection = connection
        self._table = table
        self._names = list(kinds)
        self._readers = [_READ.get(kind) for kind in kinds.values()]
        self._rows: list[dict[str, Any]] = []
        for column in table.columns:
            if isinstance(column.type, JSON):
                column.type.none_as_null = True

    def add(self, row: list[Any]) -> None:
        values = zip(self._names, row, self._readers, strict=True)
        self._rows.append({name: read(v) if read and v is not None else v for name, v, read in values})
        if len(self._rows) == _BATCH_ROWS:
            self.flush()

    def flush(self) -> None:
        if self._rows:
            self._connection.execute(insert(self._table), self._rows)
            self._rows = []


def _kind(column: Column[Any]) -> str:
    """How a column's values are written. A new type of column needs a line here, or no backup can be made."""
    match column.type:
        case JSON():
            return "json"
        case DateTime():
            return "time"
        case Date():
            return "day"
        case LargeBinary():
            return "bytes"
        case String() | Integer() | Float() | Boolean():
            return "plain"
    raise TypeError(f"{column.table.name}.{column.name} is of a type that no backup can hold: {column.type!r}")


def _asked(column: Column[Any], kind: str) -> Any:
    # JSON as its text: read as JSON, its own null and the database's cannot be told apart.
    return cast(column, Text) if kind == "json" else column


def _time(value: datetime) -> str:
    return (value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)).isoformat()


def _json(value: str) -> Any:
    read = json.loads(value)
    return JSON.NULL if read is None else read


_WRITE: dict[str, Callable[[Any], Any]] = {
    "time": _time,
    "day": date.isoformat,
    "bytes": lambda value: base64.b64encode(value).decode("ascii"),
}
_READ: dict[str, Callable[[Any], Any]] = {
    "time": datetime.fromisoformat,
    "day": date.fromisoformat,
    "bytes": base64.b64decode,
    "json": _json,
}


def _line(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _read(line: bytes) -> dict[str, Any]:
    try:
        said = json.loads(line)
    except ValueError as error:
        raise BackupDamaged(f"the dump cannot be read: {error}") from error
    if not isinstance(said, dict):
        raise BackupDamaged("the dump cannot be read")
    return said
