"""A worker with a database role of its own does all that workers do, and can neither read nor change anything else."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import select, update

from records.errors import WorkerRoleMissing
from records.migrations.migrate import migrate
from records.migrations.worker_role import NOTHING, RIGHTS
from records.models import ArtifactRow, Base, ClockRow, JobRow, UploadRow, utcnow
from records.settings import Settings
from tests.footage import numbered_film
from tests.helm import render
from tests.servers import PostgresServer, wait_until
from tests.worker.service import ROLE, Service, as_worker
from worker.maintenance.recovery import RECOVERY, SWEEPING

CLOSED_COLUMNS = [
    *[("consents", column) for column in ("given_by", "own_words", "form_id", "recorded_by")],
    *[("jobs", column) for column in ("error_sentence", "error_detail")],
    *[("withheld", column) for column in ("storage_key", "sha256")],
]
"""Who said what in which words, why something failed, and where a file lies that nobody may see yet."""
SHAPE = {"family": "K-104", "clip": [{"in": 1000, "out": 2000, "caption": "Ella looks up."}], "still": [{"at": 1500}]}


def test_every_table_has_a_line() -> None:
    assert set(RIGHTS) == set(Base.metadata.tables) | {"alembic_version"}


def test_a_worker_of_its_own_role_prepares_a_film_recovers_and_sweeps(role_service: Service, tmp_path: Path) -> None:
    selection, jobs = role_service.send_film(numbered_film(tmp_path / "film.mp4"), SHAPE)
    owner = role_service.settings
    role_service.settings = owner.model_copy(update={"database_url": as_worker(owner)})
    assert "vigpack_worker@" in role_service.settings.database_url
    role_service.start_worker()
    role_service.settings = owner
    role_service.enqueue(jobs)
    view = role_service.wait_until_settled(selection)
    assert (view.state, [moment.state for moment in view.moments]) == ("ready", ["ready", "ready"])
    wait_until(lambda: has_swept(role_service), "its turn to sweep came and ended")
    assert "permission denied" not in role_service.log()
    with role_service.db.reading() as session:
        named = {*session.scalars(select(ArtifactRow.storage_key)), *session.scalars(select(UploadRow.storage_key))}
    assert named == set(role_service.storage.keys("selections/"))
    assert len(named) == 4


def test_the_query_that_scales_workers_counts_what_waits_and_what_runs(role_service: Service, tmp_path: Path) -> None:
    _, [first, second] = role_service.send_film(numbered_film(tmp_path / "film.mp4", frames=10), SHAPE)
    [scaled] = [one for one in render({}) if one["kind"] == "ScaledObject"]
    query = scaled["spec"]["triggers"][0]["metadata"]["query"]

    def counted() -> int:
        with psycopg.connect(as_worker(role_service.settings).replace("+psycopg", "")) as connection:
            return int(connection.execute(query.encode()).fetchall()[0][0])

    def change(job: str, **values: object) -> None:
        with role_service.db.session() as session:
            session.execute(update(JobRow).where(JobRow.id == job).values(**values))

    assert counted() == 2
    change(first, state="running")
    change(second, not_before=utcnow() + timedelta(minutes=1))
    assert counted() == 1
    change(first, state="done")
    assert counted() == 0


def has_swept(role_service: Service) -> bool:
    with role_service.db.reading() as session:
        clocks = {row.name: row.ended_at for row in session.scalars(select(ClockRow))}
    return all(clocks.get(name) for name in (RECOVERY, SWEEPING))


def test_it_cannot_read_accounts_audit_or_logbooks_nor_change_tables(role_service: Service) -> None:
    with psycopg.connect(as_worker(role_service.settings).replace("+psycopg", ""), autocommit=True) as connection:
        closed = [table for table, rights in RIGHTS.items() if rights == NOTHING]
        assert {"accounts", "sessions", "api_tokens", "audit", "ratings", "logbooks"} <= set(closed)
        assert {"retention_holds", "erasure_certificates", "consent_forms", "handed_out_copies"} <= set(closed)
        refused = [f"TABLE {table}" for table in closed]
        refused += [f"COPY {table} ({column}) TO STDOUT" for table, column in CLOSED_COLUMNS]
        refused += [f"TRUNCATE {table}" for table in closed]
        refused += ["DELETE FROM erasures", "DELETE FROM families", "DELETE FROM selections", "DELETE FROM jobs"]
        refused += ["UPDATE words SET revision = ''", "INSERT INTO selections DEFAULT VALUES"]
        refused += ["DROP TABLE jobs", "CREATE TABLE mine (a int)", "ALTER TABLE jobs ADD a int", "TRUNCATE jobs"]
        for statement in refused:
            with pytest.raises(InsufficientPrivilege):
                connection.execute(statement.encode())


def test_rights_that_somebody_gave_by_hand_are_taken_back(
    role_service: Service, postgres_server: PostgresServer
) -> None:
    database = role_service.settings.database_url.rpartition("/")[2]
    postgres_server.execute(f"GRANT SELECT ON accounts TO {ROLE}", database)
    migrate(role_service.settings)
    with (
        psycopg.connect(as_worker(role_service.settings).replace("+psycopg", "")) as connection,
        pytest.raises(InsufficientPrivilege),
    ):
        connection.execute("SELECT * FROM accounts")


def test_a_role_that_another_takes_the_place_of_reads_nothing_any_more(
    role_service: Service, postgres_server: PostgresServer
) -> None:
    database, later = role_service.settings.database_url.rpartition("/")[2], f"{ROLE}_later"
    postgres_server.execute(f"CREATE ROLE {later} LOGIN")
    try:
        migrate(role_service.settings.model_copy(update={"worker_role": later}))
        for asked in ("SELECT * FROM selections", "SELECT * FROM words", "SELECT * FROM all_selections"):
            with (
                psycopg.connect(as_worker(role_service.settings).replace("+psycopg", "")) as connection,
                pytest.raises(InsufficientPrivilege),
            ):
                connection.execute(asked)
        migrate(role_service.settings)  # and back again
        with psycopg.connect(as_worker(role_service.settings).replace("+psycopg", "")) as connection:
            connection.execute("SELECT * FROM selections")
    finally:
        postgres_server.execute(f"DROP OWNED BY {later}", database)
        postgres_server.execute(f"DROP ROLE {later}")


@pytest.mark.parametrize("name", ["nobody_here", "postgres"])
def test_a_role_that_is_not_there_or_may_do_everything_is_refused(postgres_url: str, tmp_path: Path, name: str) -> None:
    with pytest.raises(WorkerRoleMissing):
        migrate(Settings(data_dir=tmp_path, database_url=postgres_url, worker_role=name))
