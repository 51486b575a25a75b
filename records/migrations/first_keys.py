"""Keys for families and selections that are from before there were keys, and their words sealed.

Their files are sealed in the background (records/actions/seal_files.py). All of it is in the transaction of who
brings the tables to the newest shape; interrupted, it is done again: a key that is there stays.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapper

from records.clock import utcnow
from records.keys.codes import code_index, code_look
from records.keys.ring import KeyRing
from records.models import Base, FamilyRow, LogbookClientRow, SelectionRow
from records.models.sealed import PREFIX, seal_value, sealed_columns

_PLAIN = sa.Text()


def make_first_keys(connection: sa.Connection, ring: KeyRing) -> int:
    """Give each family and selection that has none a key, and seal words that are plain; how many values were.

    Raises: MasterKeyMissing, MasterKeyWrong, KeyStoreUnavailable.
    """
    tables = Base.metadata.tables
    families, selections = tables[FamilyRow.__tablename__], tables[SelectionRow.__tablename__]
    clients = tables[LogbookClientRow.__tablename__]
    code = sa.type_coerce(families.c.code, _PLAIN)  # not sealed yet
    keyless = sa.select(families.c.id, code.label("code")).where(families.c.key_made_at.is_(None))
    for row in connection.execute(keyless).all():
        ring.make_family(row.id)
        made: dict[str, object] = {"key_made_at": utcnow()}
        made |= {"code_index": code_index(ring, row.code), "code_look": code_look(ring, row.code)}
        connection.execute(sa.update(families).where(families.c.id == row.id).values(made))
    family = sa.type_coerce(clients.c.family, _PLAIN)
    unnamed = clients.c.family.is_not(None) & clients.c.family_index.is_(None)
    for row in connection.execute(sa.select(clients.c.id, family.label("family")).where(unnamed)).all():
        index = code_index(ring, row.family)
        connection.execute(sa.update(clients).where(clients.c.id == row.id).values(family_index=index))
    without = sa.select(selections.c.id, selections.c.family_id).where(selections.c.key_made_at.is_(None))
    for row in connection.execute(without).all():
        ring.make_selection(row.family_id, row.id, plain_before=True)
        connection.execute(sa.update(selections).where(selections.c.id == row.id).values(key_made_at=utcnow()))
    return sum(_seal_words(connection, mapper) for mapper in Base.registry.mappers)


def rewrite_sealed_tables(engine: sa.Engine) -> None:
    """Leave nothing in the database's own files of what was plain before it was sealed."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if engine.dialect.name == "sqlite":
            driver: Any = connection.connection.driver_connection
            driver.execute("VACUUM")
            driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return
        for mapper in Base.registry.mappers:
            if sealed_columns(mapper):
                connection.exec_driver_sql(f"VACUUM (FULL) {mapper.local_table.name}")  # type: ignore[attr-defined]


def _seal_words(connection: sa.Connection, mapper: Mapper[Any]) -> int:
    sealed = sealed_columns(mapper)
    if not sealed:
        return 0
    table: Any = mapper.local_table
    plain = {name: sa.type_coerce(table.c[name], _PLAIN) for name in sealed}
    owners = sorted({column.by for column in sealed.values()} - {"", *(key.name for key in table.primary_key)})
    asked = [*table.primary_key, *(table.c[one] for one in owners), *(plain[name].label(name) for name in plain)]
    to_seal = sa.or_(*(one.is_not(None) & one.not_like(f"{PREFIX}%") for one in plain.values()))
    done = 0
    for row in connection.execute(sa.select(*asked).where(to_seal)).mappings().all():
        words = {
            name: seal_value(column, row[name], row[column.by] if column.by else None)
            for name, column in sealed.items()
            if row[name] is not None and not row[name].startswith(PREFIX)
        }
        this = sa.and_(*(key == row[key.name] for key in table.primary_key))
        connection.execute(sa.update(table).where(this).values(words))
        done += len(words)
    return done
