"""Families become records with an owner and shares; every selection is brought under one, one for each code.

Until now everybody of an installation saw everything, so all that is there belongs to all of them: to the account of
the guiders' shared token, with which this machine's own counts as one.
"""

from __future__ import annotations

import uuid

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_SHARED_GUIDER_ACCOUNT = f"{2:032x}"
_SELECTIONS = sa.table(
    "selections",
    sa.column("family", sa.String()),
    sa.column("family_id", sa.String()),
    sa.column("created_at", sa.DateTime(timezone=True)),
)


def upgrade() -> None:
    families = op.create_table(
        "families",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("owner_account_id", sa.String(length=32), nullable=False),
        sa.Column("people", sa.JSON(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["owner_account_id"], ["accounts.id"], name=op.f("fk_families_owner_account_id_accounts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_families")),
        sa.UniqueConstraint("code", name=op.f("uq_families_code")),
    )
    op.create_index(op.f("ix_families_owner_account_id"), "families", ["owner_account_id"])
    connection = op.get_bind()
    opened = sa.select(_SELECTIONS.c.family, sa.func.min(_SELECTIONS.c.created_at)).group_by(_SELECTIONS.c.family)
    ids = {}
    for code, opened_at in connection.execute(opened).all():
        ids[code] = uuid.uuid4().hex
        row = {"id": ids[code], "code": code, "owner_account_id": _SHARED_GUIDER_ACCOUNT, "people": []}
        connection.execute(families.insert(), {**row, "opened_at": opened_at})
    op.add_column("selections", sa.Column("family_id", sa.String(length=32), nullable=True))
    for code, family_id in ids.items():
        connection.execute(_SELECTIONS.update().where(_SELECTIONS.c.family == code).values(family_id=family_id))
    with op.batch_alter_table("selections", schema=None) as batch_op:
        batch_op.alter_column("family_id", existing_type=sa.String(length=32), nullable=False)
        batch_op.create_foreign_key(op.f("fk_selections_family_id_families"), "families", ["family_id"], ["id"])
        batch_op.create_index(op.f("ix_selections_family_id"), ["family_id"])
    op.create_table(
        "family_shares",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("family_id", sa.String(length=32), nullable=False),
        sa.Column("selection_id", sa.String(length=32), nullable=True),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("by", sa.String(length=32), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["family_id"], ["families.id"], name=op.f("fk_family_shares_family_id_families"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["selection_id"],
            ["selections.id"],
            name=op.f("fk_family_shares_selection_id_selections"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_family_shares_account_id_accounts"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_family_shares")),
    )
    for column in ("family_id", "selection_id", "account_id"):
        op.create_index(op.f(f"ix_family_shares_{column}"), "family_shares", [column])


def downgrade() -> None:
    op.drop_table("family_shares")
    with op.batch_alter_table("selections", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("fk_selections_family_id_families"), type_="foreignkey")
        batch_op.drop_index(op.f("ix_selections_family_id"))
        batch_op.drop_column("family_id")
    op.drop_table("families")
