"""Figures that outlive what they count: endings by the quarter of an hour, samples by the minute."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "endings",
        sa.Column("quarter", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("ready_ms", sa.BigInteger(), nullable=False),
        sa.Column("jobs", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("quarter", "kind", "outcome", "code", "ready_ms", name=op.f("pk_endings")),
    )
    op.create_table(
        "samples",
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("waiting", sa.Integer(), nullable=True),
        sa.Column("running", sa.Integer(), nullable=True),
        sa.Column("oldest_waiting_s", sa.Double(), nullable=True),
        sa.Column("workers", sa.Integer(), nullable=True),
        sa.Column("disk_free_bytes", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("at", name=op.f("pk_samples")),
    )
    with op.batch_alter_table("jobs", schema=None) as batch_op:
        batch_op.add_column(sa.Column("moved_at", sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table("workers", schema=None) as batch_op:
        batch_op.add_column(sa.Column("left_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("skew_s", sa.Double(), nullable=True))
    with op.batch_alter_table("clocks", schema=None) as batch_op:
        batch_op.add_column(sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True))
    clocks = sa.table("clocks", sa.column("name", sa.String()), sa.column("due_at", sa.DateTime(timezone=True)))
    op.bulk_insert(clocks, [{"name": "sampling", "due_at": datetime(2026, 1, 1, tzinfo=UTC)}])


def downgrade() -> None:
    op.execute(sa.text("DELETE FROM clocks WHERE name = 'sampling'"))
    with op.batch_alter_table("clocks", schema=None) as batch_op:
        batch_op.drop_column("ended_at")
    with op.batch_alter_table("workers", schema=None) as batch_op:
        batch_op.drop_column("skew_s")
        batch_op.drop_column("left_at")
    with op.batch_alter_table("jobs", schema=None) as batch_op:
        batch_op.drop_column("moved_at")
    op.drop_table("samples")
    op.drop_table("endings")
