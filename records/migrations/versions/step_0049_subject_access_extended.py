"""A request to see may be answered two months later, with the reason that the family was told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("subject_access", schema=None) as batch_op:
        batch_op.add_column(sa.Column("extended_on", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("extended_because", sa.Text(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("subject_access", schema=None) as batch_op:
        batch_op.drop_column("extended_because")
        batch_op.drop_column("extended_on")
