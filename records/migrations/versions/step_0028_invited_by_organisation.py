"""A sign-in at the provider that an invitation began."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("login_states", sa.Column("invitation_id", sa.String(length=32), nullable=True))


def downgrade() -> None:
    op.drop_column("login_states", "invitation_id")
