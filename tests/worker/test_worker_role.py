"""A worker with a database role of its own does all that workers do, and can neither read nor change anything else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import select, update

from records.actions.erase import mark_erased, resume_erasures
from records.errors import WorkerRoleMissing
from records.migrations.migrate import migrate
from records.migrations.worker_role import NOTHING, RIGHTS
from records.models import (
    Base,
    ClockRow,
    ConsentFormRow,
    FamilyRow,
    HandedOutCopyRow,
    JobRow,
    SelectionRow,
    utcnow,
)
from records.settings import Settings
from records.storage.open import open_storage
from tests.effects import open_alone
from tests.footage import numbered_film
from tests.helm import render
from tests.servers import PostgresServer, wait_until
from tests.worker.service import QUICK, Service, running_service
from worker.maintenance.recovery import RECOVERY, SWEEPING

ROLE = "vigpack_worker"
CLOSED_COLUMNS = [
    *[("consents", column) for column in ("given_by", "own_words", "form_id", "recorded_by")],
    *[("consent_forms", column) for column in ("sha256", "media_type")],
    *[("handed_out_copies", column) for column in ("to_whom", "reason", "by", "selection_id")],
]
"""Who said what in which words, and to whom something went; workers may read whether somebody agreed."""
SHAPE = {"family": "K-104", "clip": [{"in": 1000, "out": 2000, "caption": "Ella looks up."}], "still": [{"at": 1500}]}


@pytest.fixture(scope="module")
def role(postgres_server: PostgresServer) -> Iterator[str]:
    postgres_server.execute(f"CREATE ROLE {ROLE} LOGIN")
    yield ROLE
    postgres_server.execute(f"DROP ROLE {ROLE}")


@pytest.fixture
def service(tmp_path: Path, role: str, postgres_server: PostgresServer, postgres_url: str) -> Iterator[Service]:
    settings = Settings(
        data_dir=tmp_path / "data",
        database_url=postgres_url,
        worker_role=role,
        min_free_bytes=0,
        **{**QUICK, "sweep_s": 1},
    )
    migrate(settings)
    with running_service(settings) as made:
        yield made
    postgres_server.execute(f"DROP OWNED BY {role}", postgres_url.rpartition("/")[2])


def as_worker(settings: Settings) -> str:
    return settings.database_url.replace("postgres@", f"{ROLE}@")


def test_every_table_has_a_line() -> None:
    assert set(RIGHTS) == set(Base.metadata.tables) | {"alembic_version"}


def test_a_worker_of_its_own_role_prepares_a_film_recovers_and_sweeps(service: Service, tmp_path: Path) -> None:
    selection, jobs = service.send_film(numbered_film(tmp_path / "film.mp4"), SHAPE)
    owner = service.settings
    service.settings = owner.model_copy(update={"database_url": as_worker(owner)})
    assert "vigpack_worker@" in service.settings.database_url
    service.start_worker()
    service.settings = owner
    service.enqueue(jobs)
    view = service.wait_until_settled(selection)
    assert (view.state, [moment.state for moment in view.moments]) == ("ready", ["ready", "ready"])
    wait_until(lambda: has_swept(service), "its turn to sweep came and ended")
    assert "permission denied" not in service.log()


def test_the_query_that_scales_workers_counts_what_waits_and_what_runs(service: Service, tmp_path: Path) -> None:
    _, [first, second] = service.send_film(numbered_film(tmp_path / "film.mp4", frames=10), SHAPE)
    [scaled] = [one for one in render({}) if one["kind"] == "ScaledObject"]
    query = scaled["spec"]["triggers"][0]["metadata"]["query"]

    def counted() -> int:
        with psycopg.connect(as_worker(service.settings).replace("+psycopg", "")) as connection:
            return int(connection.execute(query.encode()).fetchall()[0][0])

    def change(job: str, **values: object) -> None:
        with service.db.session() as session:
            session.execute(update(JobRow).where(JobRow.id == job).values(**values))

    assert counted() == 2
    change(first, state="running")
    change(second, not_before=utcnow() + timedelta(minutes=1))
    assert counted() == 1
    change(first, state="done")
    assert counted() == 0


def test_a_worker_of_its_own_role_ends_an_erasure_that_a_crash_left(service: Service, tmp_path: Path) -> None:
    selection, _ = service.send_film(numbered_film(tmp_path / "film.mp4", frames=10), SHAPE)
    with service.db.session() as session:
        erased = session.get_one(SelectionRow, selection)
        family = erased.family_id
        form = f"families/{family}/forms/1.pdf"
        session.add_all(
            [
                ConsentFormRow(family_id=family, storage_key=form, media_type="application/pdf", bytes=1, sha256="0"),
                HandedOutCopyRow(
                    family_id=family,
                    selection_id=selection,
                    kind="pack",
                    carrier="plain",
                    purpose="shared_review",
                    by="somebody",
                    ended_at=utcnow(),
                    ended_how="back",
                ),
            ]
        )
        mark_erased(session, selection)
    role = service.settings.model_copy(update={"database_url": as_worker(service.settings)})
    db = open_alone(role)
    assert resume_erasures(db, open_storage(role), role) == 1
    db.dispose()
    with service.db.reading() as session:
        assert session.get(FamilyRow, family) is None
        assert session.scalars(select(HandedOutCopyRow)).all() == []


def has_swept(service: Service) -> bool:
    with service.db.reading() as session:
        clocks = {row.name: row.ended_at for row in session.scalars(select(ClockRow))}
    return all(clocks.get(name) for name in (RECOVERY, SWEEPING))


def test_it_cannot_read_accounts_audit_or_logbooks_nor_change_tables(service: Service) -> None:
    with psycopg.connect(as_worker(service.settings).replace("+psycopg", ""), autocommit=True) as connection:
        closed = [table for table, rights in RIGHTS.items() if rights == NOTHING]
        assert {"accounts", "sessions", "api_tokens", "audit", "ratings", "logbooks"} <= set(closed)
        assert {"retention_holds", "erasure_certificates", "copy_links"} <= set(closed)
        refused = [f"TABLE {table}" for table in closed]
        refused += [f"COPY {table} ({column}) TO STDOUT" for table, column in CLOSED_COLUMNS]
        refused += [f"TRUNCATE {table}" for table in closed]
        refused += ["DELETE FROM erasures", "UPDATE words SET revision = ''", "INSERT INTO selections DEFAULT VALUES"]
        refused += ["DROP TABLE jobs", "CREATE TABLE mine (a int)", "ALTER TABLE jobs ADD a int", "TRUNCATE jobs"]
        for statement in refused:
            with pytest.raises(InsufficientPrivilege):
                connection.execute(statement.encode())


def test_rights_that_somebody_gave_by_hand_are_taken_back(service: Service, postgres_server: PostgresServer) -> None:
    database = service.settings.database_url.rpartition("/")[2]
    postgres_server.execute(f"GRANT SELECT ON accounts TO {ROLE}", database)
    migrate(service.settings)
    with (
        psycopg.connect(as_worker(service.settings).replace("+psycopg", "")) as connection,
        pytest.raises(InsufficientPrivilege),
    ):
        connection.execute("SELECT * FROM accounts")


@pytest.mark.parametrize("name", ["nobody_here", "postgres"])
def test_a_role_that_is_not_there_or_may_do_everything_is_refused(postgres_url: str, tmp_path: Path, name: str) -> None:
    with pytest.raises(WorkerRoleMissing):
        migrate(Settings(data_dir=tmp_path, database_url=postgres_url, worker_role=name))
