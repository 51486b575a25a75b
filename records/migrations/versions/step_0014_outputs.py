"""Outputs and what they show get tables of their own, instead of lists and recipes in their selection."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_SELECTIONS = sa.table(
    "selections",
    sa.column("id", sa.String()),
    sa.column("created_at", sa.DateTime(timezone=True)),
    sa.column("outputs", sa.JSON()),
    sa.column("recipes", sa.JSON()),
)
_OUTPUTS = sa.table(
    "outputs",
    sa.column("id", sa.String()),
    sa.column("selection_id", sa.String()),
    sa.column("position", sa.Integer()),
    sa.column("kind", sa.String()),
    sa.column("awaited", sa.Boolean()),
    sa.column("recipe", sa.JSON()),
    sa.column("asked_at", sa.DateTime(timezone=True)),
    sa.column("made_at", sa.DateTime(timezone=True)),
)
_SOURCES = sa.table(
    "output_sources",
    sa.column("output_id", sa.String()),
    sa.column("selection_id", sa.String()),
    sa.column("moment_id", sa.String()),
    sa.column("artwork_id", sa.String()),
)
_WITH_ARTWORK = {"booklet": True, "picture_notes": False}
"""The kinds that could show photographs of a child's work at this step, and whether they did unless told otherwise."""


def upgrade() -> None:
    op.create_table(
        "outputs",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("selection_id", sa.String(length=32), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("awaited", sa.Boolean(), nullable=False),
        sa.Column("recipe", sa.JSON(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["selection_id"], ["selections.id"], name=op.f("fk_outputs_selection_id_selections"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outputs")),
        sa.UniqueConstraint("selection_id", "kind", name=op.f("uq_outputs_selection_id")),
    )
    op.create_table(
        "output_sources",
        sa.Column("output_id", sa.String(length=32), nullable=False),
        sa.Column("selection_id", sa.String(length=32), nullable=False),
        sa.Column("moment_id", sa.String(length=32), nullable=False),
        sa.Column("artwork_id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["output_id"], ["outputs.id"], name=op.f("fk_output_sources_output_id_outputs"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("output_id", "selection_id", "moment_id", "artwork_id", name=op.f("pk_output_sources")),
    )
    op.create_index(op.f("ix_output_sources_selection_id"), "output_sources", ["selection_id"])
    op.create_index(op.f("ix_output_sources_artwork_id"), "output_sources", ["artwork_id"])
    _fill(op.get_bind())
    with op.batch_alter_table("selections", schema=None) as batch_op:
        batch_op.drop_column("recipes")
        batch_op.drop_column("outputs")


def _fill(connection: sa.Connection) -> None:
    asked = _by_output(connection, "jobs", "queued_at")
    made = _by_output(connection, "artifacts", "created_at")
    moments: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for moment in connection.execute(sa.text("SELECT id, selection_id, kind FROM moments")):
        moments[moment.selection_id].append((moment.id, moment.kind))
    artwork: dict[str, list[str]] = defaultdict(list)
    for photograph in connection.execute(sa.text("SELECT id, selection_id FROM artwork")):
        artwork[photograph.selection_id].append(photograph.id)
    for row in connection.execute(sa.select(_SELECTIONS)).all():
        for position, kind in enumerate(dict.fromkeys([*row.outputs, *row.recipes])):
            recipe = row.recipes.get(kind, {})
            output_id = _new_id()
            output = {
                "id": output_id,
                "selection_id": row.id,
                "position": position,
                "kind": kind,
                "awaited": kind in row.outputs,
                "recipe": recipe,
                "asked_at": asked.get((row.id, kind), row.created_at),
                "made_at": made.get((row.id, kind)),
            }
            connection.execute(_OUTPUTS.insert(), output)
            sources = {*_sources(row.id, kind, recipe, moments, artwork)}
            lines = [dict(zip(("selection_id", "moment_id", "artwork_id"), one, strict=True)) for one in sources]
            if lines:
                connection.execute(_SOURCES.insert(), [{"output_id": output_id, **line} for line in lines])


def _sources(
    own: str,
    kind: str,
    recipe: dict[str, Any],
    moments: dict[str, list[tuple[str, str]]],
    artwork: dict[str, list[str]],
) -> Iterator[tuple[str, str, str]]:
    """Everything that was there for it to show; what it really showed was not written down.

    Selection, moment and photograph of each, empty where it is none.
    """
    companion, earlier = recipe.get("companion", ""), recipe.get("earlier", ())
    for named in filter(None, [companion, *earlier]):
        yield named, "", ""
    for selection_id in filter(None, [own, companion]):
        yield from ((selection_id, moment_id, "") for moment_id, _ in moments[selection_id])
    for selection_id in earlier:
        yield from ((selection_id, moment_id, "") for moment_id, shown in moments[selection_id] if shown == "still")
    if kind in _WITH_ARTWORK and recipe.get("artwork", _WITH_ARTWORK[kind]):
        for selection_id in (own, *earlier):
            yield from ((selection_id, "", artwork_id) for artwork_id in artwork[selection_id])


def _by_output(connection: sa.Connection, table: str, column: str) -> dict[tuple[str, str], Any]:
    """The newest of a time among the rows of each output."""
    columns = ("selection_id", "kind", "moment_id")
    rows = sa.table(table, *map(sa.column, columns), sa.column(column, sa.DateTime(timezone=True)))
    newest = sa.select(rows.c.selection_id, rows.c.kind, sa.func.max(rows.c[column]))
    grouped = newest.where(rows.c.moment_id.is_(None)).group_by(rows.c.selection_id, rows.c.kind)
    return {(selection_id, kind): at for selection_id, kind, at in connection.execute(grouped)}


def _new_id() -> str:
    return uuid.uuid4().hex


def downgrade() -> None:
    with op.batch_alter_table("selections", schema=None) as batch_op:
        batch_op.add_column(sa.Column("outputs", sa.JSON(), nullable=False, server_default=sa.text("'[]'")))
        batch_op.add_column(sa.Column("recipes", sa.JSON(), nullable=False, server_default=sa.text("'{}'")))
    connection = op.get_bind()
    outputs: dict[str, list[str]] = defaultdict(list)
    recipes: dict[str, dict[str, Any]] = defaultdict(dict)
    for row in connection.execute(sa.select(_OUTPUTS).order_by(_OUTPUTS.c.position)).all():
        if row.awaited:
            outputs[row.selection_id].append(row.kind)
        if row.recipe or not row.awaited:
            recipes[row.selection_id][row.kind] = row.recipe
    for selection_id in {*outputs, *recipes}:
        values = {"outputs": outputs[selection_id], "recipes": recipes[selection_id]}
        connection.execute(_SELECTIONS.update().where(_SELECTIONS.c.id == selection_id).values(values))
    with op.batch_alter_table("selections", schema=None) as batch_op:
        batch_op.alter_column("outputs", existing_type=sa.JSON(), server_default=None)
    op.drop_table("output_sources")
    op.drop_table("outputs")
