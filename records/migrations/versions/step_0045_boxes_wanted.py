"""Hiding somebody: whether it is made while more boxes are wanted, and which pictures were looked at."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("hidings", schema=None) as batch_op:
        batch_op.add_column(sa.Column("even_in_doubt", sa.Boolean(), server_default=sa.true(), nullable=False))
        batch_op.add_column(sa.Column("seen", sa.JSON(), server_default="[]", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("hidings", schema=None) as batch_op:
        batch_op.drop_column("seen")
        batch_op.drop_column("even_in_doubt")
