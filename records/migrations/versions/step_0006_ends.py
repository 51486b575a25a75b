"""What uploads hold of their film, so that ends can be moved within it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:

    with op.batch_alter_table("uploads", schema=None) as batch_op:
        batch_op.add_column(sa.Column("starts_ms", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("held_ms", sa.Integer(), nullable=True))


def downgrade() -> None:

    with op.batch_alter_table("uploads", schema=None) as batch_op:
        batch_op.drop_column("held_ms")
        batch_op.drop_column("starts_ms")
