"""To whom a copy went is sealed with the service's key: a longer text. What is there is sealed afterwards."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from records.keys.store import KeyKind
from records.models.sealed import SealedText

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("handed_out_copies", schema=None) as batch_op:
        batch_op.alter_column("to_whom", existing_type=sa.String(length=100), type_=sa.Text())


def downgrade() -> None:
    connection = op.get_bind()
    table = sa.Table("handed_out_copies", sa.MetaData(), autoload_with=connection)
    sealed = SealedText("handed_out_copies.to_whom", KeyKind.SERVICE)
    for row in connection.execute(sa.select(table.c.id, table.c.to_whom)).all():
        to_whom = sealed.process_result_value(row.to_whom, connection.dialect)
        connection.execute(sa.update(table).where(table.c.id == row.id).values(to_whom=to_whom))
    with op.batch_alter_table("handed_out_copies", schema=None) as batch_op:
        batch_op.alter_column("to_whom", existing_type=sa.Text(), type_=sa.String(length=100))
