"""Which rows a worker's role may see and change: those of families for which a job is queued or running.

By PostgreSQL's row-level security, which then tells every role apart that does not own the tables: all others get all
rows. What decides are the functions of step 0048.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, text

_OF_SELECTION: Final = "selection_has_work(selection_id)"
_OF_FAMILY: Final = "family_has_work(family_id)"
_WAITS_OR_RUNS: Final = f"state IN ('queued', 'running') OR {_OF_SELECTION}"
ROWS: Final = {
    "artifacts": _OF_SELECTION,
    "artwork": _OF_SELECTION,
    "consents": _OF_FAMILY,
    "families": "family_has_work(id)",
    "hidings": _OF_SELECTION,
    "moments": _OF_SELECTION,
    "output_sources": "output_has_work(output_id)",
    "outputs": _OF_SELECTION,
    "selections": _OF_FAMILY,
    "uploads": _OF_SELECTION,
    "withheld": _OF_SELECTION,
    "words": _OF_SELECTION,
}
"""Table → the condition for all that the role does with a row."""
_POLICIES: Final = {
    **{(table, "worker_rows"): f"FOR ALL TO {{role}} USING ({condition})" for table, condition in ROWS.items()},
    # All can be read, so that a claim uses their indexes; none can be made for a selection that has no work.
    ("jobs", "worker_adds"): f"FOR INSERT TO {{role}} WITH CHECK ({_OF_SELECTION})",
    ("jobs", "worker_changes"): f"FOR UPDATE TO {{role}} USING ({_WAITS_OR_RUNS}) WITH CHECK ({_OF_SELECTION})",
}
_EVERYBODY: Final = "everybody"
FOR_EVERYBODY: Final = (
    *(
        f"SELECT ON {view}"
        for view in ("all_artifacts", "all_artwork", "all_jobs", "all_selections", "all_uploads", "all_withheld")
    ),
    *(
        f"EXECUTE ON FUNCTION {name}(varchar)"
        for name in ("family_has_work", "selection_has_work", "output_has_work", "hold_selection")
    ),
)
"""What every role of ours gets beside its tables."""


def restrict_rows(connection: Connection, role: str) -> None:
    """Show this role only such rows. What is so already is left alone: a policy waits for all who use its table."""
    named = connection.dialect.identifier_preparer.quote(role)
    wanted = {
        (table, _EVERYBODY): "AS PERMISSIVE FOR ALL TO PUBLIC USING (true) WITH CHECK (true)" for table, _ in _POLICIES
    }
    wanted |= {key: f"AS RESTRICTIVE {policy.format(role=named)}" for key, policy in _POLICIES.items()}
    there = {(row.relname, row.polname): row.said for row in connection.execute(_POLICIES_THERE)}
    for (table, name), definition in wanted.items():
        if there.get((table, name)) == definition:
            continue
        if (table, name) in there:
            connection.exec_driver_sql(f"DROP POLICY {name} ON {table}")
        connection.exec_driver_sql(f"CREATE POLICY {name} ON {table} {definition}")
        quoted = definition.replace("'", "''")
        connection.exec_driver_sql(f"COMMENT ON POLICY {name} ON {table} IS '{quoted}'")
        connection.exec_driver_sql(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")


def roles_restricted(connection: Connection) -> set[str]:
    """The roles whose rows are restricted now: the worker's, or one that it had before."""
    return set(connection.execute(_ROLES_THERE).scalars())


_ROLES_THERE: Final = text(
    "SELECT DISTINCT r.rolname FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_roles r ON r.oid = ANY "
    "(p.polroles) WHERE c.relnamespace = 'public'::regnamespace AND NOT p.polpermissive"
)
_POLICIES_THERE: Final = text(
    "SELECT c.relname, p.polname, obj_description(p.oid, 'pg_policy') AS said FROM pg_policy p "
    "JOIN pg_class c ON c.oid = p.polrelid WHERE c.relnamespace = 'public'::regnamespace AND c.relrowsecurity"
)
