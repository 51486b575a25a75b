"""A guider's training: ratings of review recordings, and her logbook."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "logbook_clients",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("guider", sa.String(length=64), nullable=False),
        sa.Column("family", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_logbook_clients")),
        sa.UniqueConstraint("guider", "family", name=op.f("uq_logbook_clients_guider")),
    )
    with op.batch_alter_table("logbook_clients", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_logbook_clients_family"), ["family"], unique=False)

    op.create_table(
        "logbook_hours",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("guider", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_logbook_hours")),
    )
    with op.batch_alter_table("logbook_hours", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_logbook_hours_guider"), ["guider"], unique=False)

    op.create_table(
        "logbooks",
        sa.Column("guider", sa.String(length=64), nullable=False),
        sa.Column("profile", sa.String(length=32), nullable=False),
        sa.Column("began_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("guider", name=op.f("pk_logbooks")),
    )
    op.create_table(
        "logbook_cycles",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("client_id", sa.String(length=32), nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("filmed_on", sa.Date(), nullable=True),
        sa.Column("reviewed_on", sa.Date(), nullable=True),
        sa.Column("left_out", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"],
            ["logbook_clients.id"],
            name=op.f("fk_logbook_cycles_client_id_logbook_clients"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_logbook_cycles")),
        sa.UniqueConstraint("client_id", "cycle", name=op.f("uq_logbook_cycles_client_id")),
    )
    with op.batch_alter_table("logbook_cycles", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_logbook_cycles_client_id"), ["client_id"], unique=False)

    op.create_table(
        "ratings",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("selection_id", sa.String(length=32), nullable=False),
        sa.Column("rater", sa.String(length=32), nullable=False),
        sa.Column("answers", sa.JSON(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["selection_id"], ["selections.id"], name=op.f("fk_ratings_selection_id_selections"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ratings")),
        sa.UniqueConstraint("selection_id", "rater", name=op.f("uq_ratings_selection_id")),
    )
    with op.batch_alter_table("ratings", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_ratings_selection_id"), ["selection_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("ratings", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_ratings_selection_id"))

    op.drop_table("ratings")
    with op.batch_alter_table("logbook_cycles", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_logbook_cycles_client_id"))

    op.drop_table("logbook_cycles")
    op.drop_table("logbooks")
    with op.batch_alter_table("logbook_hours", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_logbook_hours_guider"))

    op.drop_table("logbook_hours")
    with op.batch_alter_table("logbook_clients", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_logbook_clients_family"))

    op.drop_table("logbook_clients")
