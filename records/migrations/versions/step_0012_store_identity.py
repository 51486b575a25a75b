"""Which store belongs to this database."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    identity = op.create_table(
        "store_identity",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("begins_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("labelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("stored", sa.String(length=200), nullable=False),
        sa.Column("stopped", sa.String(length=16), nullable=True),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("strange_files", sa.Integer(), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_store_identity")),
    )
    selections = sa.table("selections", sa.column("created_at", sa.DateTime(timezone=True)))
    begins_at = op.get_bind().scalar(sa.select(sa.func.min(selections.c.created_at)))
    row = {"name": "store", "id": uuid.uuid4().hex, "begins_at": begins_at or datetime.now(UTC)}
    op.bulk_insert(identity, [{**row, "generation": 0, "stored": "", "strange_files": 0}])


def downgrade() -> None:
    op.drop_table("store_identity")
