"""Who agreed to what: what each person of a family said to each purpose, the forms of it, and each output's purpose.

Families that are there go on as before for a while (VIGPACK_CONSENT_GRACE_DAYS), which begins now.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

_PURPOSES = {
    "picture_notes": "picture_notes",
    "booklet": "picture_notes",
    "strip": "picture_notes",
    "phone_pictures": "picture_notes",
    "supervision_pack": "supervision",
    "rating_scale": "supervision",
    "intervision_pack": "intervision",
}
"""Of each kind of output whose purpose is not the film's own."""
_FAMILIES = sa.table(
    "families",
    sa.column("id", sa.String()),
    sa.column("people", sa.JSON()),
    sa.column("grace_from", sa.DateTime(timezone=True)),
)
_SELECTIONS = sa.table("selections", sa.column("id", sa.String()), sa.column("shape", sa.JSON()))
_OUTPUTS = sa.table(
    "outputs",
    sa.column("selection_id", sa.String()),
    sa.column("kind", sa.String()),
    sa.column("purpose", sa.String()),
)


def upgrade() -> None:
    op.create_table(
        "consent_forms",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("family_id", sa.String(length=32), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("storage_key", sa.String(length=200), nullable=False),
        sa.Column("media_type", sa.String(length=100), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["family_id"], ["families.id"], name=op.f("fk_consent_forms_family_id_families"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_forms")),
        sa.UniqueConstraint("storage_key", name=op.f("uq_consent_forms_storage_key")),
    )
    op.create_index(op.f("ix_consent_forms_family_id"), "consent_forms", ["family_id"])
    op.create_table(
        "consents",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("family_id", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("purpose", sa.String(length=32), nullable=False),
        sa.Column("said", sa.String(length=16), nullable=False),
        sa.Column("basis", sa.String(length=32), nullable=False),
        sa.Column("given_by", sa.String(length=40), nullable=False),
        sa.Column("said_on", sa.Date(), nullable=False),
        sa.Column("own_words", sa.String(length=500), nullable=False),
        sa.Column("form_id", sa.String(length=32), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(length=32), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["family_id"], ["families.id"], name=op.f("fk_consents_family_id_families"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["form_id"], ["consent_forms.id"], name=op.f("fk_consents_form_id_consent_forms"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consents")),
    )
    op.create_index(op.f("ix_consents_family_id"), "consents", ["family_id"])
    op.create_index(
        "uq_consents_newest",
        "consents",
        ["person_id", "purpose"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.add_column("families", sa.Column("grace_from", sa.DateTime(timezone=True), nullable=True))
    op.add_column("moments", sa.Column("people", sa.JSON(), nullable=True))
    op.add_column("outputs", sa.Column("purpose", sa.String(length=32), nullable=True))
    connection = op.get_bind()
    for family_id, people in connection.execute(sa.select(_FAMILIES.c.id, _FAMILIES.c.people)).all():
        named = [{"id": uuid.uuid4().hex, **person} for person in people]
        change = _FAMILIES.update().where(_FAMILIES.c.id == family_id)
        connection.execute(change.values(people=named, grace_from=datetime.now(UTC)))
    connection.execute(_OUTPUTS.update().values(purpose="shared_review"))
    for selection_id, shape in connection.execute(sa.select(_SELECTIONS.c.id, _SELECTIONS.c.shape)).all():
        if shape.get("of") == "review_recording":
            of_recording = _OUTPUTS.update().where(_OUTPUTS.c.selection_id == selection_id)
            connection.execute(of_recording.values(purpose="supervision"))
    for kind, purpose in _PURPOSES.items():
        connection.execute(_OUTPUTS.update().where(_OUTPUTS.c.kind == kind).values(purpose=purpose))
    with op.batch_alter_table("outputs", schema=None) as batch_op:
        batch_op.alter_column("purpose", existing_type=sa.String(length=32), nullable=False)


def downgrade() -> None:
    with op.batch_alter_table("outputs", schema=None) as batch_op:
        batch_op.drop_column("purpose")
    with op.batch_alter_table("moments", schema=None) as batch_op:
        batch_op.drop_column("people")
    with op.batch_alter_table("families", schema=None) as batch_op:
        batch_op.drop_column("grace_from")
    op.drop_table("consents")
    op.drop_table("consent_forms")
