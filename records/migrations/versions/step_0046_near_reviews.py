"""By which a claim sees whether a review is near for which something less urgent moves up."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None

_QUEUED = sa.text("state = 'queued'")


def upgrade() -> None:
    op.create_index(
        "ix_jobs_review_on", "jobs", ["review_on", "priority"], sqlite_where=_QUEUED, postgresql_where=_QUEUED
    )


def downgrade() -> None:
    op.drop_index("ix_jobs_review_on", table_name="jobs")
