"""Whether the audit is whole: each way in which the database's owner could forge it is found, with its place."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from records.audit.actions import Action
from records.audit.actor import NamedActor
from records.audit.checkpoints import Checkpoint, parse_checkpoints, public_key, read_checkpoints, write_checkpoint
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


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    kept = tmp_path_factory.mktemp("elsewhere")
    made = Settings(data_dir=tmp_path_factory.mktemp("audit"), audit_checkpoint_dir=kept)
    make_tables(made)
    db = open_database(made)
    for number in range(20):
        with db.session() as session:
            note(session, ADA, Action.VIEW, selection_id=f"{number:032x}", figures={"number": number})
    assert write_checkpoint(db, made) == 20
    db.dispose()
    return made


@pytest.fixture
def copy(settings: Settings, tmp_path: Path) -> Iterator[Database]:
    """The same audit in a database of its own."""
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
    found = verify(copy, points, public_key=public_key(settings))
    assert (found.lines, found.last, found.checkpoints, found.faults) == (20, 20, 1, ())
    with copy.session() as session:
        note(session, ADA, Action.SIGN_OUT)
    assert verify(copy, points, public_key=public_key(settings)).is_whole


@pytest.mark.parametrize("way", FORGERIES)
def test_each_forgery_is_found_with_its_place(
    copy: Database, settings: Settings, points: list[Checkpoint], way: str
) -> None:
    """As the owner of the database, who can take the triggers away."""
    statements, expected = FORGERIES[way]
    with copy.session() as session:
        for trigger in ("update", "delete", "replace"):
            session.execute(text(f"DROP TRIGGER audit_no_{trigger}"))
        for statement in statements:
            session.execute(text(statement))
    found = verify(copy, points, public_key=public_key(settings))
    assert [(fault.kind, fault.sequence) for fault in found.faults] == expected


def test_after_a_cut_end_new_lines_do_not_hide_it(copy: Database, settings: Settings, points: list[Checkpoint]) -> None:
    with copy.session() as session:
        session.execute(text("DROP TRIGGER audit_no_delete"))
        session.execute(text("DELETE FROM audit WHERE sequence > 10"))
    for _ in range(15):
        with copy.session() as session:
            note(session, ADA, Action.SIGN_OUT)
    found = verify(copy, points, public_key=public_key(settings))
    assert [(fault.kind, fault.sequence) for fault in found.faults] == [("differs", 20)]


def test_a_checkpoint_of_somebody_else_is_none(copy: Database, settings: Settings, points: list[Checkpoint]) -> None:
    forged = points[0].model_copy(update={"sequence": 10})
    found = verify(copy, [forged], public_key=public_key(settings))
    assert [(fault.kind, fault.sequence) for fault in found.faults] == [("forged", 10)]


def test_checkpoints_are_found_in_the_service_s_own_log(points: list[Checkpoint]) -> None:
    line = f'api-1  | {{"event": "audit_checkpoint", "level": "info", {points[0].model_dump_json()[1:]}\n'
    assert list(parse_checkpoints(["{}", "nothing", line])) == points


def test_lines_of_another_key_are_told_apart(copy: Database, settings: Settings) -> None:
    former = copy.audit_key()
    other = settings.model_copy(
        update={"database_url": str(copy.engine.url), "service_key": type(settings.token)("k" * 43)}
    )
    db = open_database(other)
    with db.session() as session:
        note(session, ADA, Action.SIGN_OUT)
    assert {fault.kind for fault in verify(db).faults} == {"other_key"}
    assert verify(db, former_keys=[former]).is_whole
    db.dispose()


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
    found = verify(db)
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
