"""Keys for families and selections that are from before there were keys, and indices for their codes.

What they hold is sealed later, in the background (records/actions/seal_existing.py). Interrupted, it is done again: a
key that is there stays.
"""

from __future__ import annotations

import sqlalchemy as sa

from records.clock import utcnow
from records.keys.codes import code_index, code_look
from records.keys.ring import KeyRing
from records.models import Base, FamilyRow, LogbookClientRow, SelectionRow

_PLAIN = sa.String()


def make_first_keys(connection: sa.Connection, ring: KeyRing) -> int:
    """How many selections were given a key.

    Raises: MasterKeyMissing, MasterKeyWrong, KeyStoreUnavailable.
    """
    tables = Base.metadata.tables
    families, selections = tables[FamilyRow.__tablename__], tables[SelectionRow.__tablename__]
    clients = tables[LogbookClientRow.__tablename__]
    code = sa.type_coerce(families.c.code, _PLAIN)  # not sealed yet
    for row in connection.execute(
        sa.select(families.c.id, code.label("code")).where(families.c.key_made_at.is_(None))
    ).all():
        ring.make_family(row.id)
        made = {
            "key_made_at": utcnow(),
            "code_index": code_index(ring, row.code),
            "code_look": code_look(ring, row.code),
        }
        connection.execute(sa.update(families).where(families.c.id == row.id).values(made))
    family = sa.type_coerce(clients.c.family, _PLAIN)
    unnamed = clients.c.family.is_not(None) & clients.c.family_index.is_(None)
    for row in connection.execute(sa.select(clients.c.id, family.label("family")).where(unnamed)).all():
        index = code_index(ring, row.family)
        connection.execute(sa.update(clients).where(clients.c.id == row.id).values(family_index=index))
    without = sa.select(selections.c.id, selections.c.family_id).where(selections.c.key_made_at.is_(None))
    made_for = connection.execute(without).all()
    for row in made_for:
        ring.make_selection(row.family_id, row.id, plain_before=True)
        connection.execute(sa.update(selections).where(selections.c.id == row.id).values(key_made_at=utcnow()))
    return len(made_for)
