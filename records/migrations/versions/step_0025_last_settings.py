"""The settings with which the API last began, so that its next start tells which ones changed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "last_settings",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("hashed", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_last_settings")),
    )


def downgrade() -> None:
    op.drop_table("last_settings")
