"""Who began a selection, as a hash: one person has so much open at once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("selections", schema=None) as batch_op:
        batch_op.add_column(sa.Column("begun_by", sa.String(length=32), nullable=True))
        batch_op.create_index("ix_selections_begun_by", ["begun_by", "created_at"])


def downgrade() -> None:
    with op.batch_alter_table("selections", schema=None) as batch_op:
        batch_op.drop_index("ix_selections_begun_by")
        batch_op.drop_column("begun_by")
