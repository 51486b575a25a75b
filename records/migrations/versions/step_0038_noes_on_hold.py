"""A no that was written down while a family was on hold waits for the hold's end; those of before wait too."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("consents", schema=None) as batch_op:
        batch_op.add_column(sa.Column("waits_for_hold", sa.Boolean(), server_default=sa.false(), nullable=False))
    consents = sa.table(
        "consents",
        sa.column("family_id", sa.String),
        sa.column("said", sa.String),
        sa.column("recorded_at", sa.DateTime),
        sa.column("ended_at", sa.DateTime),
        sa.column("waits_for_hold", sa.Boolean),
    )
    holds = sa.table(
        "retention_holds",
        sa.column("family_id", sa.String),
        sa.column("created_at", sa.DateTime),
        sa.column("released_at", sa.DateTime),
    )
    was_held = sa.exists().where(
        holds.c.family_id == consents.c.family_id,
        holds.c.created_at <= consents.c.recorded_at,
        sa.or_(holds.c.released_at.is_(None), holds.c.released_at > consents.c.recorded_at),
    )
    no = sa.and_(consents.c.said != "agreed", consents.c.ended_at.is_(None), was_held)
    op.execute(sa.update(consents).where(no).values(waits_for_hold=sa.true()))


def downgrade() -> None:
    with op.batch_alter_table("consents", schema=None) as batch_op:
        batch_op.drop_column("waits_for_hold")
