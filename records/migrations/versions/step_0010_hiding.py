"""Hiding a bystander: what is asked, and what is withheld until a person has looked at it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "hidings",
        sa.Column("moment_id", sa.String(length=32), nullable=False),
        sa.Column("selection_id", sa.String(length=32), nullable=False),
        sa.Column("marks", sa.JSON(), nullable=False),
        sa.Column("pictures", sa.JSON(), nullable=False),
        sa.Column("revision", sa.String(length=32), nullable=False),
        sa.Column("confirmed_sha256", sa.String(length=64), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["moment_id"], ["moments.id"], name=op.f("fk_hidings_moment_id_moments"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["selection_id"], ["selections.id"], name=op.f("fk_hidings_selection_id_selections"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("moment_id", name=op.f("pk_hidings")),
    )
    op.create_index(op.f("ix_hidings_selection_id"), "hidings", ["selection_id"])
    op.create_table(
        "withheld",
        sa.Column("moment_id", sa.String(length=32), nullable=False),
        sa.Column("part", sa.String(length=16), nullable=False),
        sa.Column("selection_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("storage_key", sa.String(length=200), nullable=False),
        sa.Column("media_type", sa.String(length=100), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["moment_id"], ["moments.id"], name=op.f("fk_withheld_moment_id_moments"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["selection_id"], ["selections.id"], name=op.f("fk_withheld_selection_id_selections"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("moment_id", "part", name=op.f("pk_withheld")),
        sa.UniqueConstraint("storage_key", name=op.f("uq_withheld_storage_key")),
    )
    op.create_index(op.f("ix_withheld_selection_id"), "withheld", ["selection_id"])


def downgrade() -> None:
    op.drop_table("withheld")
    op.drop_table("hidings")
