"""A worker says what keeps in what opens films on its machine."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("workers", schema=None) as batch_op:
        batch_op.add_column(sa.Column("jail", sa.String(length=16), nullable=True))
        batch_op.add_column(sa.Column("jail_missing_because", sa.String(length=300), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("workers", schema=None) as batch_op:
        batch_op.drop_column("jail_missing_because")
        batch_op.drop_column("jail")
