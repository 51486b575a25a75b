"""How long families are kept, holds, and certificates of what was erased.

No clock of what is already there begins before today, so that an upgrade erases nothing at once.
"""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("families", schema=None) as batch_op:
        batch_op.add_column(sa.Column("erasing_at", sa.DateTime(timezone=True), nullable=True))
    decided = op.create_table(
        "family_retention",
        sa.Column("family_id", sa.String(length=32), nullable=False),
        sa.Column("schedule", sa.String(length=32), nullable=False),
        sa.Column("erase_by", sa.Date(), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("still_on_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("noticed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("noticed_for", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["family_id"], ["families.id"], name=op.f("fk_family_retention_family_id_families"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("family_id", name=op.f("pk_family_retention")),
    )
    op.create_table(
        "retention_holds",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("family_id", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("review_on", sa.Date(), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("released_by", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["family_id"], ["families.id"], name=op.f("fk_retention_holds_family_id_families"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retention_holds")),
    )
    op.create_index(op.f("ix_retention_holds_family_id"), "retention_holds", ["family_id"])
    op.create_table(
        "erasure_certificates",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("family_id", sa.String(length=32), nullable=False),
        sa.Column("owner_account_id", sa.String(length=32), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("cause", sa.String(length=16), nullable=False),
        sa.Column("rule", sa.String(length=100), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("copies_out", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasure_certificates")),
    )
    op.create_index(op.f("ix_erasure_certificates_family_id"), "erasure_certificates", ["family_id"])
    op.create_index(op.f("ix_erasure_certificates_owner_account_id"), "erasure_certificates", ["owner_account_id"])
    clocks = sa.table("clocks", sa.column("name", sa.String), sa.column("due_at", sa.DateTime(timezone=True)))
    now = datetime.now(UTC)
    op.bulk_insert(clocks, [{"name": "retention", "due_at": now}])
    families = sa.table("families", sa.column("id", sa.String))
    there = [row[0] for row in op.get_bind().execute(sa.select(families.c.id))]
    if there:
        op.bulk_insert(decided, [{"family_id": one, "schedule": "", "since": now} for one in there])


def downgrade() -> None:
    op.execute("DELETE FROM clocks WHERE name = 'retention'")
    op.drop_table("erasure_certificates")
    op.drop_table("retention_holds")
    op.drop_table("family_retention")
    with op.batch_alter_table("families", schema=None) as batch_op:
        batch_op.drop_column("erasing_at")
