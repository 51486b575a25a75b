"""A worker of its own role sees and changes rows of families for which a job is queued or running, and no others."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import delete, select, update

from pipeline.closing_notes import ReviewWords
from pipeline.errors import FilmUnreadable
from records.actions.complete_job import fail, requeue_expired
from records.actions.sweep import sweep_store
from records.audit.erasure_register import ErasureKind, note_erasure
from records.ledger.selections import retry_selection
from records.migrations.migrate import migrate
from records.migrations.worker_role import NOTHING, RIGHTS
from records.migrations.worker_rows import ROWS
from records.models import (
    ArtifactRow,
    ArtworkRow,
    Base,
    ConsentRow,
    HidingRow,
    JobRow,
    MomentRow,
    OutputRow,
    OutputSourceRow,
    SelectionRow,
    WithheldRow,
    WordsRow,
    utcnow,
)
from records.storage.contract import Storage
from tests.effects import open_alone
from tests.records.cast import add_jobs, job_row, take
from tests.records.finished import finish_job
from tests.worker.service import Service, as_worker
from worker.maintenance.recovery import recover_lost_jobs

WAITING, DONE = "K-104", "K-207"
OF_A_FAMILY = {"family_id", "selection_id", "moment_id", "output_id"}


def add_family(service: Service, code: str) -> str:
    """A family with a row in each table of ROWS, and the job of its one moment waiting; the job's id."""
    [job] = add_jobs(service.db, {"family": code, "clip": [{"in": 0, "out": 1000, "caption": "Ella looks up."}]})
    file: dict[str, Any] = {"bytes": 1, "sha256": "0"}
    made: dict[str, Any] = {**file, "media_type": "video/mp4", "name": "01.mp4"}
    with service.db.session() as session:
        moment = session.get_one(MomentRow, session.get_one(JobRow, job).moment_id)
        selection = session.get_one(SelectionRow, moment.selection_id)
        [output] = session.scalars(select(OutputRow).where(OutputRow.selection_id == selection.id))
        of_it = {"selection_id": selection.id}
        of_moment = {**of_it, "moment_id": moment.id}
        words = ReviewWords(kind="vigpack-words", review=selection.id, written_at=datetime.now(UTC))
        session.add_all(
            [
                ArtifactRow(**of_it, **made, kind="clip", storage_key=f"{code}/1"),
                ArtworkRow(**of_it, **file, storage_key=f"{code}/2", width_px=1, height_px=1),
                WithheldRow(**of_moment, **made, part="finished", storage_key=f"{code}/3"),
                HidingRow(**of_moment, marks=()),
                OutputSourceRow(output_id=output.id, selection_id=selection.id),
                WordsRow(**of_it, words=words, revision="1", saved_at=datetime.now(UTC)),
                ConsentRow(
                    family_id=selection.family_id,
                    person_id=code,
                    purpose="review",
                    said="agreed",
                    basis="consent",
                    said_on=date(2026, 1, 1),
                    recorded_by="somebody",
                ),
            ]
        )
    return job


def end(service: Service, job: str) -> None:
    """The job ends as done, with no other of its family waiting."""
    with service.db.session() as session:
        session.get_one(JobRow, job).state = "done"


@pytest.fixture
def two(role_service: Service) -> tuple[str, str]:
    """The jobs of a family that waits and of one whose job is done."""
    jobs = add_family(role_service, WAITING), add_family(role_service, DONE)
    end(role_service, jobs[1])
    return jobs


def ask(service: Service) -> psycopg.Connection[tuple[Any, ...]]:
    return psycopg.connect(as_worker(service.settings).replace("+psycopg", ""), autocommit=True)


def test_each_table_that_leads_to_a_family_has_its_rows_told_apart() -> None:
    leads = {name for name, table in Base.metadata.tables.items() if OF_A_FAMILY & set(table.c.keys())}
    readable = {name for name in leads if RIGHTS[name] != NOTHING}
    assert readable | {"families"} == set(ROWS) | {"jobs"}


def test_only_rows_of_families_that_wait_can_be_read(role_service: Service, two: tuple[str, str]) -> None:
    key = {"consents": "person_id", "hidings": "moment_id", "withheld": "moment_id", "output_sources": "output_id"}
    key["words"] = "selection_id"
    with ask(role_service) as connection:

        def seen() -> dict[str, int]:
            count = "SELECT count({}) FROM {}"
            found = {table: count.format(key.get(table, "id"), table) for table in ROWS}
            return {table: connection.execute(query.encode()).fetchall()[0][0] for table, query in found.items()}

        assert seen() == dict.fromkeys(ROWS, 1)
        rows = connection.execute("SELECT selection_id FROM moments").fetchall()
        assert rows == [(job_row(role_service.db, two[0]).selection_id,)]
        end(role_service, two[0])
        assert seen() == dict.fromkeys(ROWS, 0)


UNTOUCHED = [
    "UPDATE selections SET state = 'ready' WHERE id = %(done)s",
    "UPDATE moments SET state = 'queued' WHERE selection_id = %(done)s",
    "UPDATE jobs SET state = 'queued' WHERE selection_id = %(done)s",
    "DELETE FROM artifacts WHERE selection_id = %(done)s",
    "DELETE FROM output_sources WHERE selection_id = %(done)s",
]
REFUSED = [
    "UPDATE jobs SET selection_id = %(done)s WHERE selection_id = %(waiting)s",
    "UPDATE selections SET family_id = %(theirs)s WHERE id = %(waiting)s",
    "UPDATE moments SET selection_id = %(done)s WHERE selection_id = %(waiting)s",
    "INSERT INTO jobs (id, kind, selection_id, state, priority, guider, review_on, created_at, queued_at, attempts,"
    " progress, cancel_requested)"
    " VALUES ('1', 'reel', %(done)s, 'queued', 0, '', '0001-01-01', now(), now(), 0, 0, false)",
    "ALTER TABLE moments DISABLE ROW LEVEL SECURITY",
    "DROP POLICY worker_rows ON moments",
    "CREATE OR REPLACE FUNCTION family_has_work(asked varchar) RETURNS boolean LANGUAGE sql AS 'SELECT true'",
    "SET ROLE postgres",
    "UPDATE all_selections SET erasing_at = now()",
]


def test_what_is_hidden_can_neither_be_changed_nor_given_work(role_service: Service, two: tuple[str, str]) -> None:
    waiting, done = (job_row(role_service.db, job).selection_id for job in two)
    with role_service.db.reading() as session:
        theirs = session.get_one(SelectionRow, done).family_id
    ids = {"waiting": waiting, "done": done, "theirs": theirs}
    with ask(role_service) as connection:
        for statement in UNTOUCHED:
            assert connection.execute(statement.encode(), ids).rowcount == 0, statement
        for statement in REFUSED:
            with pytest.raises(InsufficientPrivilege):
                connection.execute(statement.encode(), ids)


def test_a_query_that_must_see_every_row_is_refused_rather_than_answered_in_part(
    role_service: Service, two: tuple[str, str]
) -> None:
    with ask(role_service) as connection:
        connection.execute("SET row_security = off")
        with pytest.raises(InsufficientPrivilege, match="row-level security"):
            connection.execute("SELECT storage_key FROM artifacts")
        files = connection.execute("SELECT count(*) FROM all_artifacts").fetchall()
        assert (len(two), files) == (2, [(2,)])


def test_a_sweep_with_it_deletes_strays_of_every_family_and_nothing_else(
    role_service: Service, two: tuple[str, str], tmp_path: Path
) -> None:
    """Rows that are hidden from it are not taken for none: their files would be gone."""
    job = job_row(role_service.db, two[1])
    folder = f"selections/{job.selection_id}"
    stray = [f"{folder}/jobs/{job.id}/{'a' * 32}/01.mp4", f"{folder}/artwork/stray.jpg", f"{folder}/uploads/stray"]
    kept = [f"{folder}/jobs/{job.id}/{'b' * 32}/{name}" for name in ("01.mp4", "02.mp4")] + [f"{folder}/artwork/1.jpg"]
    with role_service.db.session() as session:
        for row, key in zip((ArtifactRow, WithheldRow, ArtworkRow), kept, strict=True):
            session.scalars(select(row).where(row.selection_id == job.selection_id)).one().storage_key = key
        note_erasure(session, ErasureKind.SELECTION, "c" * 32)
    for key in [*stray, *kept]:
        put(role_service.storage, key, tmp_path)
    role = role_service.settings.model_copy(update={"database_url": as_worker(role_service.settings)})
    db = open_alone(role)
    recover_lost_jobs(db, role_service.storage, role)
    assert sweep_store(db, role_service.storage) == len(stray)
    db.dispose()
    assert sorted(role_service.storage.keys("selections/")) == sorted(kept)


def put(storage: Storage, key: str, folder: Path) -> None:
    file = folder / "file"
    file.write_bytes(b"moment")
    storage.put(file, key)


def test_with_it_a_job_fails_is_recovered_and_ends(role_service: Service, two: tuple[str, str]) -> None:
    """Each in one transaction that ends the last job of the family, after which there is no more to be seen of it."""
    job, _ = two
    role = role_service.settings.model_copy(update={"database_url": as_worker(role_service.settings)})
    db = open_alone(role)
    won = take(db, role, job)
    assert fail(db, won, FilmUnreadable("no moov atom"), role) is False
    assert moment_state(role_service, job) == "failed"
    with role_service.db.session() as session:
        retry_selection(session, won.selection_id)
        session.execute(delete(HidingRow))
        session.execute(delete(WithheldRow))
        session.execute(delete(ArtifactRow))
    take(db, role, job)
    with role_service.db.session() as session:
        session.execute(update(JobRow).where(JobRow.id == job).values(lease_until=utcnow() - timedelta(seconds=1)))
    assert requeue_expired(db, role) == (1, 0)
    with role_service.db.session() as session:
        session.execute(update(JobRow).where(JobRow.id == job).values(not_before=None))
    [pack] = finish_job(db, job, role)  # the last of its moments is ready
    assert moment_state(role_service, job) == "ready"
    assert finish_job(db, pack, role) == []
    db.dispose()
    with role_service.db.reading() as session:
        assert session.get_one(SelectionRow, won.selection_id).state == "ready"


def moment_state(service: Service, job: str) -> str:
    with service.db.reading() as session:
        return session.get_one(MomentRow, session.get_one(JobRow, job).moment_id).state


def test_policies_that_are_as_they_should_be_wait_for_nobody(
    role_service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each start migrates; changing a policy would wait for those who read its table, and all others behind it."""
    monkeypatch.setenv("PGOPTIONS", "-c lock_timeout=1s")
    with psycopg.connect(role_service.settings.database_url.replace("+psycopg", "")) as reader:
        reader.execute("SELECT FROM moments, selections, jobs")
        migrate(role_service.settings)
