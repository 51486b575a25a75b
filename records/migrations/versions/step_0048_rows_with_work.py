"""What PostgreSQL needs to show workers of a role of their own only rows that a job names (migrations/worker_role.py).

Functions that tell whether something has work, and views that show of every row that it is there, and its file's name.
Both look with their owner's eyes.
"""

from __future__ import annotations

from alembic import op

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None

_VIEWS = {
    "artifacts": "storage_key",
    "artwork": "selection_id, storage_key, created_at",
    "jobs": "state, lease_token, queued_at, finished_at",
    "selections": "id, erasing_at",
    "uploads": "id, state, storage_key",
    "withheld": "storage_key",
}
# A job that this very transaction ended counts too: what it made is recorded after that.
_FUNCTIONS = {
    "family_has_work": """
        RETURN EXISTS (
            SELECT FROM selections s JOIN jobs j ON j.selection_id = s.id
            WHERE s.family_id = asked
            AND (j.state IN ('queued', 'running') OR j.xmin = pg_current_xact_id_if_assigned()::xid)
        );""",
    "selection_has_work": """
        RETURN EXISTS (SELECT FROM selections s WHERE s.id = asked AND family_has_work(s.family_id));""",
    "output_has_work": """
        RETURN EXISTS (SELECT FROM outputs o WHERE o.id = asked AND selection_has_work(o.selection_id));""",
    "hold_selection": """
        PERFORM FROM selections s WHERE s.id = asked AND s.erasing_at IS NULL FOR UPDATE;
        RETURN FOUND;""",
}


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for table, columns in _VIEWS.items():
        op.execute(f"CREATE VIEW all_{table} AS SELECT {columns} FROM {table}")  # noqa: S608 ours
    for name, body in _FUNCTIONS.items():
        looks = "VOLATILE" if name == "hold_selection" else "STABLE"
        op.execute(
            f"CREATE OR REPLACE FUNCTION {name}(asked varchar) RETURNS boolean LANGUAGE plpgsql {looks} COST 1000 "
            f"SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$ BEGIN {body} END $$"
        )
        op.execute(f"REVOKE ALL ON FUNCTION {name}(varchar) FROM PUBLIC")


def downgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for table in _VIEWS:
        op.execute(f"DROP VIEW all_{table}")
    for name in _FUNCTIONS:
        op.execute(f"DROP FUNCTION {name}(varchar) CASCADE")  # with the policies that ask it
