"""A code in a logbook is tied to the family here that it means, where that is certain."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

_CLIENTS = sa.table(
    "logbook_clients", sa.column("guider", sa.String()), sa.column("family", sa.String()),
    sa.column("family_id", sa.String()),
)  # fmt: skip
_FAMILIES = sa.table(
    "families", sa.column("id", sa.String()), sa.column("code", sa.String()), sa.column("owner_account_id", sa.String())
)
_SELECTIONS = sa.table("selections", sa.column("guider", sa.String()), sa.column("family_id", sa.String()))
_SHARED_GUIDER_ACCOUNT = f"{2:032x}"


def upgrade() -> None:
    with op.batch_alter_table("logbook_clients", schema=None) as batch_op:
        batch_op.add_column(sa.Column("family_id", sa.String(length=32), nullable=True))
        batch_op.create_index(op.f("ix_logbook_clients_family_id"), ["family_id"])
    sent = sa.exists().where(_SELECTIONS.c.family_id == _FAMILIES.c.id, _SELECTIONS.c.guider == _CLIENTS.c.guider)
    together = (_FAMILIES.c.owner_account_id == _SHARED_GUIDER_ACCOUNT) & _CLIENTS.c.guider.not_like("account %")
    own = sa.literal("account ").concat(_FAMILIES.c.owner_account_id) == _CLIENTS.c.guider
    means = sa.select(_FAMILIES.c.id).where(_FAMILIES.c.code == _CLIENTS.c.family, sent | together | own)
    op.execute(_CLIENTS.update().values(family_id=means.scalar_subquery()))


def downgrade() -> None:
    with op.batch_alter_table("logbook_clients", schema=None) as batch_op:
        batch_op.drop_index(op.f("ix_logbook_clients_family_id"))
        batch_op.drop_column("family_id")
