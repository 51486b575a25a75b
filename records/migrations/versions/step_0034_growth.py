"""Indexes by which a claim, the queue's figures and the lists take as long with a million jobs as with a thousand."""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

_NO_REVIEW = date(1, 1, 1)


def upgrade() -> None:
    jobs = sa.table("jobs", sa.column("review_on", sa.Date()))
    op.execute(jobs.update().where(jobs.c.review_on.is_(None)).values(review_on=_NO_REVIEW))
    with op.batch_alter_table("jobs", schema=None) as batch_op:
        batch_op.alter_column("review_on", existing_type=sa.Date(), nullable=False)
        batch_op.drop_index("ix_jobs_state_priority")
        batch_op.create_index("ix_jobs_state_priority", ["state", "priority", "queued_at", "id"])
        batch_op.create_index("ix_jobs_state_finished_at", ["state", "finished_at"])
        turn = ["priority", "guider", "review_on", "queued_at", "id"]
        batch_op.create_index("ix_jobs_turn", turn, **_where("state = 'queued'"))
        batch_op.create_index("ix_jobs_sent_at", ["sent_at"], **_where("state = 'queued'"))
        batch_op.create_index("ix_jobs_not_before", ["not_before"], **_where("not_before IS NOT NULL"))
    op.create_index("ix_selections_created_at", "selections", ["created_at", "id"])
    op.create_index("ix_selections_erasing_at", "selections", ["erasing_at"], **_where("erasing_at IS NOT NULL"))


def downgrade() -> None:
    op.drop_index("ix_selections_erasing_at", table_name="selections", **_where("erasing_at IS NOT NULL"))
    op.drop_index("ix_selections_created_at", table_name="selections")
    with op.batch_alter_table("jobs", schema=None) as batch_op:
        batch_op.drop_index("ix_jobs_not_before", **_where("not_before IS NOT NULL"))
        batch_op.drop_index("ix_jobs_sent_at", **_where("state = 'queued'"))
        batch_op.drop_index("ix_jobs_turn", **_where("state = 'queued'"))
        batch_op.drop_index("ix_jobs_state_finished_at")
        batch_op.drop_index("ix_jobs_state_priority")
        batch_op.create_index("ix_jobs_state_priority", ["state", "priority", "created_at"])
        batch_op.alter_column("review_on", existing_type=sa.Date(), nullable=True)
    jobs = sa.table("jobs", sa.column("review_on", sa.Date()))
    op.execute(jobs.update().where(jobs.c.review_on == _NO_REVIEW).values(review_on=None))


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}
