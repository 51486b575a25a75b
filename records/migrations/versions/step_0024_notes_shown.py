"""An output knows which closing notes it shows: of those made before, none."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("outputs", schema=None) as batch_op:
        batch_op.add_column(sa.Column("notes_revision", sa.String(length=65), nullable=False, server_default=""))
    with op.batch_alter_table("outputs", schema=None) as batch_op:
        batch_op.alter_column("notes_revision", existing_type=sa.String(length=65), server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("outputs", schema=None) as batch_op:
        batch_op.drop_column("notes_revision")
