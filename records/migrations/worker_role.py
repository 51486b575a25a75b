"""What database roles may do that do not own the tables: a worker's, and the service's. PostgreSQL alone has roles.

A worker's may do the least that its jobs and its recovery need.

Every table has a line in RIGHTS, so that adding one means deciding it (a test compares). Of some tables only columns
are given: whether somebody agreed, not who wrote what down or the child's own words about it. Of tables in ROWS it has
the rows of families for which a job is queued or running, and of the others nothing but what records/every_row.py
tells. Whose turn it is depends on all jobs: each can be read, without the reason for a failure, which names people.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlalchemy import Connection, text

from records.errors import ServiceRoleUnfit, WorkerRoleMissing
from records.migrations.worker_rows import FOR_EVERYBODY, restrict_rows, roles_restricted
from records.models import JobRow

READ, CHANGE, REPLACE, NOTHING = "SELECT", "SELECT, UPDATE", "SELECT, INSERT, DELETE", ""
ALL = "SELECT, INSERT, UPDATE, DELETE"
_ALL_BUT_REASONS: Final = ", ".join(
    column.name for column in JobRow.__table__.c if column.name not in {"error_sentence", "error_detail"}
)
RIGHTS: Final = {
    "accounts": NOTHING,
    "alembic_version": READ,
    "api_tokens": NOTHING,
    "artifacts": REPLACE,
    "artwork": READ,
    "audit": NOTHING,
    "clocks": ALL,
    "copy_links": NOTHING,
    "consent_forms": NOTHING,
    "consents": "SELECT (family_id, person_id, purpose, said, said_on, ended_at)",
    "credentials": NOTHING,
    "endings": ALL,
    "erasure_certificates": NOTHING,
    "erasures": "SELECT, UPDATE (stored)",
    "external_identities": NOTHING,
    "external_sessions": NOTHING,
    "families": READ,
    "family_retention": NOTHING,
    "family_shares": NOTHING,
    "hand_overs": NOTHING,
    "handed_out_copies": NOTHING,
    "hidings": CHANGE,
    "invitations": NOTHING,
    "jobs": f"SELECT ({_ALL_BUT_REASONS}), INSERT, UPDATE",
    "last_settings": NOTHING,
    "logbook_clients": NOTHING,
    "logbook_cycles": NOTHING,
    "logbook_hours": NOTHING,
    "logbooks": NOTHING,
    "login_states": NOTHING,
    "moments": CHANGE,
    "notices": NOTHING,
    "output_sources": REPLACE,
    "outputs": CHANGE,
    "passkeys": NOTHING,
    "pending_sign_ins": NOTHING,
    "ratings": NOTHING,
    "recovery_codes": NOTHING,
    "resets": NOTHING,
    "retention_holds": NOTHING,
    "samples": NOTHING,
    "selections": CHANGE,
    "sessions": NOTHING,
    "spent_logout_tokens": NOTHING,
    "store_identity": "SELECT, INSERT, UPDATE",
    "subject_access": NOTHING,
    "subject_access_decisions": NOTHING,
    "uploads": CHANGE,
    # Where a file lies that is withheld, sweeping asks of the view. A version that asked here would not see every row.
    "withheld": "SELECT (moment_id, part, selection_id), INSERT, DELETE",
    "words": READ,
    "workers": ALL,
}

_MAINTAIN_SINCE: Final = 170000
"""PostgreSQL's version from which a role may be let rewrite tables that are not its own, so that erasing leaves nothing
in their files (records/database_traces.py)."""
SERVICE_RIGHTS: Final = dict.fromkeys(RIGHTS, ALL) | {"alembic_version": READ, "audit": "SELECT, INSERT"}


def grant_worker_role(connection: Connection, role: str) -> None:
    """Give this role the rights above and no other on our tables, and the one in whose place it comes none.

    Raises: WorkerRoleMissing.
    """
    if connection.dialect.name != "postgresql":
        return
    if why := _unfit(connection, role):
        raise WorkerRoleMissing(why)
    for former in roles_restricted(connection) - {role}:
        _take_back(connection, former)  # the policies that bound it are about to bind this one
    _grant(connection, role, RIGHTS)
    restrict_rows(connection, role)


def grant_service_role(connection: Connection, role: str) -> None:
    """Let this role read and write rows of every table, of the audit only read and add, and nothing of the tables.

    Raises: ServiceRoleUnfit.
    """
    if why := _unfit(connection, role):
        raise ServiceRoleUnfit(why)
    _grant(connection, role, SERVICE_RIGHTS)
    if int(connection.execute(text("SHOW server_version_num")).scalar_one()) >= _MAINTAIN_SINCE:
        named = connection.dialect.identifier_preparer.quote(role)
        for table in (table for table, rights in SERVICE_RIGHTS.items() if rights == ALL):
            if connection.execute(text("SELECT to_regclass(:table)"), {"table": table}).scalar_one() is not None:
                connection.exec_driver_sql(f"GRANT MAINTAIN ON {table} TO {named}")


def _unfit(connection: Connection, role: str) -> str:
    """Why a role's rights could not be bounded; empty where they can."""
    asked = text(
        "SELECT rolsuper OR rolcreaterole OR rolbypassrls OR pg_has_role(rolname, current_user, 'MEMBER')"
        " FROM pg_roles WHERE rolname = :role"
    )
    found = connection.execute(asked, {"role": role}).scalar_one_or_none()
    if found is None:
        return f"{role} is no role"
    return f"{role} is a role that may do everything" if found else ""


def _take_back(connection: Connection, role: str) -> None:
    named = connection.dialect.identifier_preparer.quote(role)
    for what in ("TABLES", "SEQUENCES", "FUNCTIONS"):
        connection.exec_driver_sql(f"REVOKE ALL ON ALL {what} IN SCHEMA public FROM {named}")
    connection.exec_driver_sql(f"REVOKE USAGE ON SCHEMA public FROM {named}")


def _grant(connection: Connection, role: str, rights_of: Mapping[str, str]) -> None:
    named = connection.dialect.identifier_preparer.quote(role)
    connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA public TO {named}")
    connection.exec_driver_sql(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {named}")
    connection.exec_driver_sql(f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {named}")
    for what in FOR_EVERYBODY:
        connection.exec_driver_sql(f"GRANT {what} TO {named}")
    for table, rights in rights_of.items():
        there = connection.execute(text("SELECT to_regclass(:table)"), {"table": table}).scalar_one()
        if there is None or not rights:
            continue
        connection.exec_driver_sql(f"GRANT {rights} ON {table} TO {named}")
        if "INSERT" in rights:
            for sequence in _sequences(connection, table):
                connection.exec_driver_sql(f"GRANT USAGE ON SEQUENCE {sequence} TO {named}")


def _sequences(connection: Connection, table: str) -> list[str]:
    columns = text(
        "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(:t) AND attnum > 0 AND NOT attisdropped"
    )
    names = connection.execute(columns, {"t": table}).scalars().all()
    found = [
        connection.execute(text("SELECT pg_get_serial_sequence(:t, :c)"), {"t": table, "c": name}).scalar_one()
        for name in names
    ]
    return [str(sequence) for sequence in found if sequence]
