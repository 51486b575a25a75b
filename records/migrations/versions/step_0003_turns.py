"""Whose turn it is: guider and review date of selections and jobs; workers that are being drained."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:

    with op.batch_alter_table("selections", schema=None) as batch_op:
        batch_op.add_column(sa.Column("guider", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("review_on", sa.Date(), nullable=True))

    with op.batch_alter_table("jobs", schema=None) as batch_op:
        batch_op.add_column(sa.Column("guider", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("review_on", sa.Date(), nullable=True))
        batch_op.create_index("ix_jobs_started_at", ["started_at"], unique=False)
    op.execute("UPDATE jobs SET guider = selection_id")
    with op.batch_alter_table("jobs", schema=None) as batch_op:
        batch_op.alter_column("guider", existing_type=sa.String(length=64), nullable=False)

    with op.batch_alter_table("workers", schema=None) as batch_op:
        batch_op.add_column(sa.Column("draining", sa.Boolean(), server_default=sa.false(), nullable=False))
    with op.batch_alter_table("workers", schema=None) as batch_op:
        batch_op.alter_column("draining", existing_type=sa.Boolean(), server_default=None)


def downgrade() -> None:

    with op.batch_alter_table("workers", schema=None) as batch_op:
        batch_op.drop_column("draining")

    with op.batch_alter_table("jobs", schema=None) as batch_op:
        batch_op.drop_index("ix_jobs_started_at")
        batch_op.drop_column("review_on")
        batch_op.drop_column("guider")

    with op.batch_alter_table("selections", schema=None) as batch_op:
        batch_op.drop_column("review_on")
        batch_op.drop_column("guider")
