"""Whether the audit is whole: each way in which the database's owner could forge it is found, with its place."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from records.audit.actions import Action
from records.audit.actor import NamedActor
from records.audit.checkpoints import Checkpoint, parse_checkpoints, read_checkpoints, write_checkpoint
from records.audit.log import note
from records.audit.verify import verify
from records.database import Database, open_database
from records.settings import Settings
from tests.databases import make_tables

ADA = NamedActor("ada", "session")
COLUMNS = "at, account_id, via, session_id, action, target, family_id, selection_id, moment_id, detail, key_name, code"
FORGERIES = {
    "edited": (["UPDATE audit SET account_id = 'noor' WHERE sequence = 7"], [("broken", 7)]),
    "two swapped": (
        [
            "UPDATE audit SET sequence = 99 WHERE sequence = 7",
            "UPDATE audit SET sequence = 7 WHERE sequence = 8",
            "UPDATE audit SET sequence = 8 WHERE sequence = 99",
        ],
        [("broken", 7), ("broken", 8), ("broken", 9)],
    ),
    "one taken out": (["DELETE FROM audit WHERE sequence = 7"], [("missing", 7)]),
    "one taken out, the others moved up": (
        [
            "DELETE FROM audit WHERE sequence = 19",
            "UPDATE audit SET sequence = 19 WHERE sequence = 20",
        ],
        [("broken", 19), ("cut", 20)],
    ),
    "one added": (
        [f"INSERT INTO audit (sequence, {COLUMNS}) SELECT 21, {COLUMNS} FROM audit WHERE sequence = 7"],  # noqa: S608 constants
        [("broken", 21)],
    ),
    "the last ten cut": (["DELETE FROM audit WHERE sequence > 10"], [("cut", 20)]),
    "begun anew": (["DELETE FROM audit"], [("cut", 20)]),
}


TRIGGERS = {"sqlite": ("audit_no_update", "audit_no_delete", "audit_no_replace"), "postgresql": ("audit_no_change",)}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    kept = tmp_path_factory.mktemp("elsewhere")
    made = Settings(data_dir=tmp_path_factory.mktemp("audit"), audit_checkpoint_dir=kept)
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres_server")
        name = server.create_database(request.getfixturevalue("migrated_template"))
        made = made.model_copy(update={"database_url": server.url(name)})
    else:
        make_tables(made)
    db = open_database(made)
    for number in range(20):
        with db.session() as session:
            note(session, ADA, Action.VIEW, selection_id=f"{number:032x}", figures={"number": number})
    assert write_checkpoint(db, made) == 20
    db.dispose()
    return made


@pytest.fixture
def copy(request: pytest.FixtureRequest, settings: Settings, tmp_path: Path) -> Iterator[Database]:
    """The same audit in a database of its own."""
    if settings.database_url:
        server = request.getfixturevalue("postgres_server")
        name = server.create_database(settings.database_url.rpartition("/")[2])
        made = open_database(settings.model_copy(update={"database_url": server.url(name)}))
        yield made
        made.dispose()
        server.drop_database(name)
        return
    source = open_database(settings)
    with source.session() as session:
        session.execute(text("SELECT 1"))
    path = tmp_path / "copy.sqlite3"
    with source.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.connection.driver_connection.execute(f"VACUUM INTO '{path}'")  # type: ignore[union-attr]
    source.dispose()
    made = open_database(settings.model_copy(update={"database_url": f"sqlite:///{path}"}))
    yield made
    made.dispose()


@pytest.fixture
def points(settings: Settings) -> list[Checkpoint]:
    assert settings.audit_checkpoint_dir is not None
    return read_checkpoints(settings.audit_checkpoint_dir / "audit-checkpoints.jsonl")


def test_what_nobody_touched_is_whole(copy: Database, settings: Settings, points: list[Checkpoint]) -> None:
    found = verify(copy, settings, points)
    assert (found.lines, found.last, found.checkpoints, found.faults) == (20, 20, 1, ())
    with copy.session() as session:
        note(session, ADA, Action.SIGN_OUT)
    assert verify(copy, settings, points).is_whole


def take_triggers_away(db: Database) -> None:
    with db.session() as session:
        dialect = session.get_bind().dialect.name
        for trigger in TRIGGERS[dialect]:
            session.execute(text(f"DROP TRIGGER {trigger}{' ON audit' if dialect == 'postgresql' else ''}"))


@pytest.mark.parametrize("way", FORGERIES)
def test_each_forgery_is_found_with_its_place(
    copy: Database, settings: Settings, points: list[Checkpoint], way: str
) -> None:
    """As the owner of the database, who can take the triggers away."""
    statements, expected = FORGERIES[way]
    take_triggers_away(copy)
    with copy.session() as session:
        for statement in statements:
            session.execute(text(statement))
    found = verify(copy, settings, points)
    assert [(fault.kind, fault.sequence) for fault in found.faults] == expected


def test_after_a_cut_end_new_lines_do_not_hide_it(copy: Database, settings: Settings, points: list[Checkpoint]) -> None:
    take_triggers_away(copy)
    with copy.session() as session:
        session.execute(text("DELETE FROM audit WHERE sequence > 10"))
    for _ in range(15):
        with copy.session() as session:
            note(session, ADA, Action.SIGN_OUT)
    found = verify(copy, settings, points)
    assert [(fault.kind, fault.sequence) for fault in found.faults] == [("differs", 20)]


def test_a_checkpoint_of_somebody_else_is_none(copy: Database, settings: Settings, points: list[Checkpoint]) -> None:
    forged = points[0].model_copy(update={"sequence": 10})
    found = verify(copy, settings, [forged])
    assert [(fault.kind, fault.sequence) for fault in found.faults] == [("forged", 10)]


def test_checkpoints_are_found_in_the_service_s_own_log(points: list[Checkpoint]) -> None:
    line = f'api-1  | {{"event": "audit_checkpoint", "level": "info", {points[0].model_dump_json()[1:]}\n'
    assert list(parse_checkpoints(["{}", "nothing", line])) == points


def with_keys(settings: Settings, db: Database, key: str, *former: str) -> Settings:
    """The same audit, with another service key."""
    keys = {"service_key": SecretStr(key), "former_service_keys": SecretStr(", ".join(former))}
    return settings.model_copy(update={"database_url": db.engine.url.render_as_string(False), **keys})


def sign_out(settings: Settings) -> None:
    db = open_database(settings)
    with db.session() as session:
        note(session, ADA, Action.SIGN_OUT)
    db.dispose()


def faults_of(settings: Settings, points: list[Checkpoint]) -> set[tuple[str, int]]:
    db = open_database(settings)
    found = verify(db, settings, points)
    db.dispose()
    return {(fault.kind, fault.sequence) for fault in found.faults}


def test_after_the_key_was_replaced_lines_and_checkpoints_of_the_former_are_checked_with_it(
    copy: Database, settings: Settings, points: list[Checkpoint]
) -> None:
    former = (settings.data_dir / "service-key").read_text().strip()
    sign_out(with_keys(settings, copy, "k" * 43))
    without = faults_of(with_keys(settings, copy, "k" * 43), points)
    assert {("other_key", 1), ("forged", 20)} <= without
    assert {kind for kind, _ in without} == {"other_key", "forged"}
    after = with_keys(settings, copy, "l" * 43, "k" * 43, former)
    sign_out(after)
    assert faults_of(after, points) == set()
    take_triggers_away(copy)
    with copy.session() as session:
        session.execute(text("UPDATE audit SET account_id = 'noor' WHERE sequence = 7"))
    assert faults_of(after, points) == {("broken", 7)}


def test_a_line_that_is_added_with_a_replaced_key_is_found(copy: Database, settings: Settings) -> None:
    """As somebody would, for whose sake it was replaced."""
    former = (settings.data_dir / "service-key").read_text().strip()
    after = with_keys(settings, copy, "k" * 43, former)
    sign_out(after)
    sign_out(with_keys(settings, copy, former))
    assert faults_of(after, []) == {("broken", 22)}


WRITER = """
import sys
from records.audit.actions import Action
from records.audit.actor import NamedActor
from records.audit.log import note
from records.database import open_database
from records.settings import load_settings
db = open_database(load_settings())
for number in range(200):
    with db.session() as session:
        note(session, NamedActor(sys.argv[1]), Action.VIEW, figures={"number": number})
"""


def test_two_processes_at_once_leave_one_whole_chain(
    any_settings: Settings, run_writer: Callable[[str, Settings], subprocess.Popen[bytes]]
) -> None:
    writers = [run_writer(name, any_settings) for name in ("one", "other")]
    assert [writer.wait(timeout=250) for writer in writers] == [0, 0]
    db = open_database(any_settings)
    found = verify(db, any_settings)
    assert (found.lines, found.last, found.faults) == (400, 400, ())
    db.dispose()


@pytest.fixture
def run_writer() -> Callable[[str, Settings], subprocess.Popen[bytes]]:
    def run(name: str, settings: Settings) -> subprocess.Popen[bytes]:
        given = {"VIGPACK_DATA_DIR": str(settings.data_dir), "VIGPACK_DATABASE_URL": settings.database_url}
        return subprocess.Popen([sys.executable, "-c", WRITER, name], env=given)

    return run


@pytest.fixture(params=["sqlite", "postgresql"])
def any_settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    if request.param == "postgresql":
        return Settings(data_dir=tmp_path, database_url=request.getfixturevalue("postgres_url"))
    made = Settings(data_dir=tmp_path)
    make_tables(made)
    return made
