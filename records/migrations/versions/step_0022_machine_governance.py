"""Whose machine it is reads its audit."""

from __future__ import annotations

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_MACHINE = f"{1:032x}"


def upgrade() -> None:
    op.execute(f"UPDATE accounts SET roles = 'guider governance it' WHERE id = '{_MACHINE}'")  # noqa: S608 constants


def downgrade() -> None:
    op.execute(f"UPDATE accounts SET roles = 'guider it' WHERE id = '{_MACHINE}'")  # noqa: S608 constants
