from __future__ import annotations

import json
import multiprocessing
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, event, func, inspect, select, text, update

from pipeline.marks import Mark
from records.database import Database, open_database
from records.database_traces import scrub_if_needed
from records.errors import DatabaseEncodingWrong, DatabaseNewer, DatabaseUnavailable
from records.migrations.migrate import alembic_config, is_current, migrate, newest_step
from records.models import Base, ErasureRow, HidingRow, JobRow, MomentRow, UploadRow, UtcDateTime, WorkerRow
from records.settings import Settings
from tests.records.cast import add_jobs
from tests.servers import PostgresServer, free_port


def test_migrations_lead_to_the_tables_of_the_models(db: Database) -> None:
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": _same_type})
        assert compare_metadata(context, Base.metadata) == []


def _same_type(_context: object, _column: object, _meta: object, _found: object, ours: object) -> bool | None:
    return False if isinstance(ours, UtcDateTime) else None


def test_the_newest_step_is_the_head_that_alembic_finds() -> None:
    assert ScriptDirectory.from_config(alembic_config()).get_heads() == [newest_step()]


def test_a_migrated_database_is_current(db: Database) -> None:
    assert is_current(db)


def test_an_empty_database_is_not_current(tmp_path: Path) -> None:
    assert not is_current(open_database(Settings(data_dir=tmp_path)))


def _migrate_when_all_are_ready(databases: list[Settings], barrier: threading.Barrier) -> None:
    for settings in databases:
        barrier.wait(30)
        migrate(settings)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_several_processes_may_migrate_at_once(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    chosen = [Settings(data_dir=tmp_path / str(number)) for number in range(3)]
    if kind == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres_server")
        chosen = [Settings(data_dir=tmp_path, database_url=server.url(server.create_database()))]
    spawning = multiprocessing.get_context("spawn")
    barrier = spawning.Barrier(3)
    processes = [spawning.Process(target=_migrate_when_all_are_ready, args=(chosen, barrier)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(280)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert all(is_current(open_database(settings)) for settings in chosen)


def test_a_migration_that_fails_leaves_the_old_shape(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = Settings(data_dir=tmp_path)
    monkeypatch.setattr("records.migrations.versions.step_0001_first_tables.op.bulk_insert", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        migrate(chosen)
    assert inspect(open_database(chosen).engine).get_table_names() == []


def test_an_error_in_a_session_leaves_nothing(db: Database) -> None:
    def fail_after_adding() -> None:
        with db.session() as session:
            session.add(WorkerRow(name="w", version="1"))
            session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_after_adding()
    with db.reading() as session:
        assert session.scalar(select(func.count(WorkerRow.name))) == 0


def test_a_reading_session_cannot_write(db: Database) -> None:
    def write() -> None:
        with db.reading() as session:
            session.add(WorkerRow(name="w", version="1"))
            session.flush()

    with pytest.raises(Exception, match=r"read-?only"):
        write()


def test_a_session_after_a_reading_one_can_write(db: Database) -> None:
    with db.reading() as session:
        session.execute(text("SELECT 1"))
    with db.session() as session:
        session.add(WorkerRow(name="w", version="1"))


def test_writers_that_read_first_wait_for_one_another(db: Database) -> None:
    with db.session() as session:
        session.add(WorkerRow(name="w", version="1", jobs_done=0))

    def read_then_write(_: int) -> None:
        for _ in range(10):
            with db.session() as session:
                row = session.scalars(select(WorkerRow).with_for_update()).one()
                session.execute(update(WorkerRow).values(jobs_done=row.jobs_done + 1))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(read_then_write, range(8)))
    with db.reading() as session:
        assert session.scalars(select(WorkerRow.jobs_done)).one() == 80


def test_readers_do_not_wait_for_a_writer(db: Database) -> None:
    with db.session() as writing:
        writing.add(WorkerRow(name="w", version="1"))
        writing.flush()
        with db.reading() as reading:
            assert reading.scalar(select(func.count(WorkerRow.name))) == 0


def test_sqlite_keeps_what_was_committed_through_a_power_cut(tmp_path: Path) -> None:
    chosen = Settings(data_dir=tmp_path)
    migrate(chosen)
    with open_database(chosen).reading() as session:
        assert session.scalar(text("PRAGMA journal_mode")) == "wal"
        assert session.scalar(text("PRAGMA synchronous")) == 2
        assert session.scalar(text("PRAGMA foreign_keys")) == 1


def test_deleting_a_selection_takes_its_moments_and_jobs_along(db: Database) -> None:
    add_jobs(db)
    with db.session() as session:
        session.execute(text("DELETE FROM selections"))
    with db.reading() as session:
        for table in (MomentRow, UploadRow, JobRow):
            assert session.scalar(select(func.count(table.id))) == 0


def test_a_database_that_is_away_is_told_in_our_words(tmp_path: Path) -> None:
    away = f"postgresql+psycopg://postgres@127.0.0.1:{free_port()}/none"
    with pytest.raises(DatabaseUnavailable) as raised:
        open_database(Settings(data_dir=tmp_path, database_url=away)).ping()
    assert raised.value.retryable
    assert "SELECT" not in str(raised.value)


def test_other_accounts_of_the_machine_cannot_read_the_file(tmp_path: Path) -> None:
    chosen = Settings(data_dir=tmp_path)
    migrate(chosen)
    database = open_database(chosen)
    database.ping()
    assert {path.stat().st_mode & 0o077 for path in tmp_path.glob("vigpack.sqlite3*")} == {0}
    database.dispose()


def test_a_damaged_database_file_is_told_in_our_words(tmp_path: Path) -> None:
    chosen = Settings(data_dir=tmp_path)
    (tmp_path / "vigpack.sqlite3").write_bytes(b"not a database" * 100)
    with pytest.raises(DatabaseUnavailable):
        migrate(chosen)


def test_a_database_of_a_newer_version_is_left_alone(settings: Settings, db: Database) -> None:
    with db.session() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseNewer, match="9999"):
        migrate(settings)
    assert not is_current(db)


def test_times_come_back_with_their_zone(db: Database) -> None:
    with db.session() as session:
        session.add(WorkerRow(name="w", version="1"))
    with db.reading() as session:
        assert session.scalars(select(WorkerRow.seen_at)).one().utcoffset() is not None


def test_the_sqlite_library_is_new_enough_for_returning() -> None:
    assert sqlite3.sqlite_version_info >= (3, 35)


def test_json_is_read_as_the_type_it_was_written_from(db: Database) -> None:
    mark = Mark.model_validate({"at": 40, "covers": "box", "box": {"x": 0.1, "y": 0.2, "width": 0.3, "height": 0.4}})
    add_jobs(db)
    with db.session() as session:
        moment = session.scalars(select(MomentRow)).one()
        session.add(HidingRow(moment_id=moment.id, selection_id=moment.selection_id, marks=(mark,)))
    with db.reading() as session:
        assert session.scalars(select(HidingRow.marks)).one() == (mark,)
        stored = session.scalar(text("SELECT marks FROM hidings"))
    [plain] = json.loads(stored) if isinstance(stored, str) else stored
    assert plain == mark.model_dump(mode="json")


def test_a_database_that_cannot_hold_every_letter_is_refused_in_words(
    postgres_server: PostgresServer, tmp_path: Path
) -> None:
    with create_engine(postgres_server.url("postgres"), isolation_level="AUTOCOMMIT").connect() as connection:
        made = "CREATE DATABASE ascii ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
        connection.execute(text(made))
    with pytest.raises(DatabaseEncodingWrong, match="SQL_ASCII"):
        migrate(Settings(data_dir=tmp_path, database_url=postgres_server.url("ascii")))


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
def test_a_server_that_goes_away_while_tables_are_rewritten_is_an_outage(db: Database) -> None:
    with db.session() as session:
        session.add(ErasureRow(id="a", kind="family", target="x"))
    ended = []

    def end(connection: Connection, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith("VACUUM") and not ended:
            ended.append(statement)
            pid = connection.scalar(text("SELECT pg_backend_pid()"))
            with db.session() as other:
                other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})

    event.listen(db.engine, "before_cursor_execute", end)
    with pytest.raises(DatabaseUnavailable):
        scrub_if_needed(db)
    assert scrub_if_needed(db)  # the next round does it
    assert len(ended) == 1


def test_a_disk_without_room_is_known_from_what_could_not_be_written(postgres_url: str, tmp_path: Path) -> None:
    """PostgreSQL says so of the statement that needed room (53100); what fits into its pages may still be written."""
    db = open_database(Settings(data_dir=tmp_path, database_url=postgres_url))
    with db.session() as session:
        session.execute(text("SELECT 1"))
    assert not db.is_full
    no_room = "DO $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$"
    with pytest.raises(DatabaseUnavailable), db.session() as session:
        session.execute(text(no_room))
    assert db.is_full
    db.dispose()
