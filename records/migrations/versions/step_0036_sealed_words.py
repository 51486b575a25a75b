"""Words of families are sealed: longer texts, the codes' indices, and when keys were made.

What is there is sealed afterwards (records/migrations/first_keys.py).
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from records.keys.store import KeyKind
from records.models.sealed import SealedText

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

_TEXTS: dict[str, dict[str, sa.types.TypeEngine[Any]]] = {
    "selections": {"family": sa.String(32), "shape": sa.JSON()},
    "moments": {"moment": sa.JSON()},
    "artwork": {"words": sa.String(500)},
    "words": {"words": sa.JSON()},
    "outputs": {"recipe": sa.JSON()},
    "families": {"code": sa.String(32), "people": sa.JSON()},
    "family_shares": {"reason": sa.String(500)},
    "hand_overs": {"reason": sa.String(500)},
    "consents": {"own_words": sa.String(500), "given_by": sa.String(40)},
    "retention_holds": {"reason": sa.String(500)},
    "logbook_clients": {"family": sa.String(32)},
}
_INDEXED = {"families": ("code_index", "code_look"), "logbook_clients": ("family_index",)}


def upgrade() -> None:
    for table, columns in _TEXTS.items():
        with op.batch_alter_table(table, schema=None) as batch_op:
            if table == "families":
                batch_op.drop_constraint(op.f("uq_families_code"), type_="unique")
            if table == "logbook_clients":
                batch_op.drop_index(op.f("ix_logbook_clients_family"))
                batch_op.drop_constraint(op.f("uq_logbook_clients_guider"), type_="unique")
            if table == "selections":
                batch_op.drop_index(op.f("ix_selections_family"))
            for name, before in columns.items():
                batch_op.alter_column(name, existing_type=before, type_=sa.Text(), postgresql_using=f"{name}::text")
            if table in {"families", "selections"}:
                batch_op.add_column(sa.Column("key_made_at", sa.DateTime(timezone=True), nullable=True))
            for name in _INDEXED.get(table, ()):
                batch_op.add_column(sa.Column(name, sa.String(length=64), nullable=True))
            if table == "families":
                batch_op.create_unique_constraint(op.f("uq_families_code_index"), ["code_index"])
                batch_op.create_index(op.f("ix_families_code_look"), ["code_look"])
            if table == "logbook_clients":
                batch_op.create_unique_constraint(op.f("uq_logbook_clients_guider"), ["guider", "family_index"])
                batch_op.create_index(op.f("ix_logbook_clients_family_index"), ["family_index"])


def downgrade() -> None:
    _unseal(op.get_bind())
    for table, columns in _TEXTS.items():
        with op.batch_alter_table(table, schema=None) as batch_op:
            if table == "families":
                batch_op.drop_index(op.f("ix_families_code_look"))
                batch_op.drop_constraint(op.f("uq_families_code_index"), type_="unique")
            if table == "logbook_clients":
                batch_op.drop_index(op.f("ix_logbook_clients_family_index"))
                batch_op.drop_constraint(op.f("uq_logbook_clients_guider"), type_="unique")
            for name in (*_INDEXED.get(table, ()), *(("key_made_at",) if table in {"families", "selections"} else ())):
                batch_op.drop_column(name)
            for name, before in columns.items():
                using = f"{name}::json" if isinstance(before, sa.JSON) else name
                batch_op.alter_column(name, existing_type=sa.Text(), type_=before, postgresql_using=using)
            if table == "families":
                batch_op.create_unique_constraint(op.f("uq_families_code"), ["code"])
            if table == "logbook_clients":
                batch_op.create_index(op.f("ix_logbook_clients_family"), ["family"])
                batch_op.create_unique_constraint(op.f("uq_logbook_clients_guider"), ["guider", "family"])
            if table == "selections":
                batch_op.create_index(op.f("ix_selections_family"), ["family"])


def _unseal(connection: sa.Connection) -> None:
    for name, columns in _TEXTS.items():
        table = sa.Table(name, sa.MetaData(), autoload_with=connection)
        plain = {column: SealedText(f"{name}.{column}", KeyKind.FAMILY, "id") for column in columns}
        for row in connection.execute(sa.select(table)).mappings().all():
            opened = {
                column: kind.process_result_value(row[column], connection.dialect) for column, kind in plain.items()
            }
            this = sa.and_(*(column == row[column.name] for column in table.primary_key))
            connection.execute(sa.update(table).where(this).values(opened))
