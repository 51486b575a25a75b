"""Runs the steps inside the transaction that records.migrations.migrate.migrate() holds.

A new step after a change of the models: ``python -m records.migrations 0002 "what changes"``, then read what it wrote.
"""

from __future__ import annotations

from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext

from records.models import Base, UtcDateTime
from records.models.base import Json
from records.models.sealed import SealedJson, SealedText


def _render(kind: str, item: object, _: AutogenContext) -> str | Literal[False]:
    """Plain column types in the steps, so that they never depend on later models."""
    if kind == "type" and isinstance(item, Json):
        return "sa.JSON()"
    if kind == "type" and isinstance(item, (SealedText, SealedJson)):
        return "sa.Text()"
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UtcDateTime) else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    render_item=_render,
    transactional_ddl=True,  # SQLite can undo DDL once the driver leaves transactions to us
)
with context.begin_transaction():
    context.run_migrations()
