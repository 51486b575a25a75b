"""Whether a guider shows her logbook to managers; until she says so, she does not."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("logbooks", schema=None) as batch_op:
        batch_op.add_column(sa.Column("shown_to_managers", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("logbooks", schema=None) as batch_op:
        batch_op.alter_column("shown_to_managers", existing_type=sa.Boolean(), server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("logbooks", schema=None) as batch_op:
        batch_op.drop_column("shown_to_managers")
