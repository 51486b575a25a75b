"""When a guider last looked at each family, and others at what is shared with them: their lists are ordered by it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table, since in (("families", "opened_at"), ("family_shares", "created_at")):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.add_column(sa.Column("viewed_at", sa.DateTime(timezone=True), nullable=True))
        op.execute(sa.text(f"UPDATE {table} SET viewed_at = {since}"))  # noqa: S608 names of ours
    newest = "SELECT max(created_at) FROM selections WHERE family_id = families.id"
    op.execute(sa.text(f"UPDATE families SET viewed_at = coalesce(({newest}), opened_at)"))  # noqa: S608
    for table in ("families", "family_shares"):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.alter_column("viewed_at", existing_type=sa.DateTime(timezone=True), nullable=False)
    op.drop_index("ix_families_owner_account_id", table_name="families")
    op.create_index("ix_families_owner_account_id", "families", ["owner_account_id", "viewed_at", "id"])
    op.create_index("ix_selections_family_id_created_at", "selections", ["family_id", "created_at", "id"])
    op.drop_index("ix_selections_family_id", table_name="selections")


def downgrade() -> None:
    op.create_index("ix_selections_family_id", "selections", ["family_id"])
    op.drop_index("ix_selections_family_id_created_at", table_name="selections")
    op.drop_index("ix_families_owner_account_id", table_name="families")
    op.create_index("ix_families_owner_account_id", "families", ["owner_account_id"])
    for table in ("family_shares", "families"):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_column("viewed_at")
