"""What a worker's own database role may do: the least that its jobs and its recovery need. PostgreSQL alone has roles.

Every table has a line in RIGHTS, so that adding one means deciding it (a test compares). Rows are not told apart: a
worker also sweeps the store, and one that could not see a family's rows would take that family's files for rubbish.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, text

from records.errors import WorkerRoleMissing

READ, CHANGE, ALL, NOTHING = "SELECT", "SELECT, UPDATE, DELETE", "SELECT, INSERT, UPDATE, DELETE", ""
RIGHTS: Final = {
    "accounts": NOTHING,
    "alembic_version": READ,
    "api_tokens": NOTHING,
    "artifacts": ALL,
    "artwork": CHANGE,
    "audit": NOTHING,
    "clocks": ALL,
    "credentials": NOTHING,
    "endings": ALL,
    "erasures": "SELECT, INSERT",
    "external_identities": NOTHING,
    "external_sessions": NOTHING,
    "families": "SELECT, DELETE",
    "family_shares": "SELECT",
    "hand_overs": NOTHING,
    "hidings": CHANGE,
    "invitations": NOTHING,
    "jobs": ALL,
    "last_settings": NOTHING,
    "logbook_clients": NOTHING,
    "logbook_cycles": NOTHING,
    "logbook_hours": NOTHING,
    "logbooks": NOTHING,
    "login_states": NOTHING,
    "moments": CHANGE,
    "notices": NOTHING,
    "output_sources": ALL,
    "outputs": ALL,
    "passkeys": NOTHING,
    "pending_sign_ins": NOTHING,
    "ratings": NOTHING,
    "recovery_codes": NOTHING,
    "samples": NOTHING,
    "selections": CHANGE,
    "sessions": NOTHING,
    "spent_logout_tokens": NOTHING,
    "store_identity": "SELECT, INSERT, UPDATE",
    "uploads": CHANGE,
    "withheld": ALL,
    "words": READ,
    "workers": ALL,
}


def grant_worker_role(connection: Connection, role: str) -> None:
    """Give this role the rights above and no other on our tables. Raises: WorkerRoleMissing."""
    if connection.dialect.name != "postgresql":
        return
    asked = text("SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = :role")
    found = connection.execute(asked, {"role": role}).scalar_one_or_none()
    if found is None or found:
        raise WorkerRoleMissing(f"{role} is {'no role' if found is None else 'a role that may do everything'}")
    named = connection.dialect.identifier_preparer.quote(role)
    connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA public TO {named}")
    connection.exec_driver_sql(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {named}")
    connection.exec_driver_sql(f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {named}")
    for table, rights in RIGHTS.items():
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
