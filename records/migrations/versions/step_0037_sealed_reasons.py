"""Why a copy left plain is sealed with its family's key: a longer text. What is there is sealed afterwards."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from records.keys.store import KeyKind
from records.models.sealed import SealedText

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("handed_out_copies", schema=None) as batch_op:
        batch_op.alter_column("reason", existing_type=sa.String(length=500), type_=sa.Text())


def downgrade() -> None:
    connection = op.get_bind()
    table = sa.Table("handed_out_copies", sa.MetaData(), autoload_with=connection)
    sealed = SealedText("handed_out_copies.reason", KeyKind.FAMILY, "family_id")
    for row in connection.execute(sa.select(table.c.id, table.c.reason)).all():
        reason = sealed.process_result_value(row.reason, connection.dialect)
        connection.execute(sa.update(table).where(table.c.id == row.id).values(reason=reason))
    with op.batch_alter_table("handed_out_copies", schema=None) as batch_op:
        batch_op.alter_column("reason", existing_type=sa.Text(), type_=sa.String(length=500))
