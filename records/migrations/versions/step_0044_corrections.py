"""What was written can be corrected after it was sent: how often it was, and what each output was made before."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None

_SHOWING_NOTES = ("review_pack", "plan_page", "supervision_pack")
_OUTPUTS = sa.table(
    "outputs",
    sa.column("id", sa.String),
    sa.column("selection_id", sa.String),
    sa.column("kind", sa.String),
    sa.column("made_at", sa.DateTime),
    sa.column("notes_revision", sa.String),
    sa.column("made_before", sa.JSON),
)
_SOURCES = sa.table(
    "output_sources",
    sa.column("output_id", sa.String),
    sa.column("selection_id", sa.String),
    sa.column("moment_id", sa.String),
    sa.column("artwork_id", sa.String),
)
_WORDS = sa.table("words", sa.column("selection_id", sa.String), sa.column("revision", sa.String))


def upgrade() -> None:
    for table in ("selections", "moments"):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.add_column(sa.Column("revision", sa.Integer(), nullable=False, server_default="0"))
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.alter_column("revision", existing_type=sa.Integer(), server_default=None)
    with op.batch_alter_table("outputs", schema=None) as batch_op:
        batch_op.add_column(sa.Column("made_before", sa.JSON(none_as_null=True), nullable=False, server_default="[]"))
    with op.batch_alter_table("outputs", schema=None) as batch_op:
        batch_op.alter_column("made_before", existing_type=sa.JSON(none_as_null=True), server_default=None)
    _mark_those_before_the_notes()
    with op.batch_alter_table("outputs", schema=None) as batch_op:
        batch_op.drop_column("notes_revision")


def downgrade() -> None:
    with op.batch_alter_table("outputs", schema=None) as batch_op:
        batch_op.add_column(sa.Column("notes_revision", sa.String(length=65), nullable=False, server_default=""))
        batch_op.drop_column("made_before")
    with op.batch_alter_table("outputs", schema=None) as batch_op:
        batch_op.alter_column("notes_revision", existing_type=sa.String(length=65), server_default=None)
    for table in ("selections", "moments"):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_column("revision")


def _mark_those_before_the_notes() -> None:
    """Those whose closing notes are not the ones of now: of their own selection, and of the one that they name."""
    bind = op.get_bind()
    now = {row.selection_id: row.revision for row in bind.execute(sa.select(_WORDS))}
    if not now:
        return
    named: dict[str, set[str]] = {}
    query = sa.select(_SOURCES).where(_SOURCES.c.moment_id == "", _SOURCES.c.artwork_id == "")
    for row in bind.execute(query):
        named.setdefault(row.output_id, set()).add(row.selection_id)
    made = sa.select(_OUTPUTS).where(_OUTPUTS.c.kind.in_(_SHOWING_NOTES), _OUTPUTS.c.made_at.is_not(None))
    for row in bind.execute(made).all():
        shown = {row.selection_id} | named.get(row.id, set())
        if row.notes_revision != " ".join(sorted(now[one] for one in shown if one in now)):
            bind.execute(sa.update(_OUTPUTS).where(_OUTPUTS.c.id == row.id).values(made_before=["notes"]))
