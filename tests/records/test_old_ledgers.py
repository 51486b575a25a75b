"""Ledgers that earlier versions left: whatever step they stand at, they come to today's tables and lose no row."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import Dialect, MetaData, inspect, select

from records.accounts.principal import SHARED_GUIDER_ACCOUNT
from records.database import open_database
from records.ledger.outputs import Source, outputs_of, sources_of
from records.migrations.migrate import changing_tables, is_current, migrate
from records.models import Base
from records.models.jobs import NO_REVIEW
from records.models.sealed import SealedJson, SealedText
from records.settings import Settings
from tests.records.old_ledger import make_old_ledger
from tests.records.old_rows import STEPS, OldFiles, draw_old_files, ident
from tests.servers import PostgresServer

Rows = dict[str, dict[tuple[Any, ...], dict[str, Any]]]
_REPLACED = {"selections": {"outputs", "recipes"}, "audit": {"id", "who"}}
"""Columns whose content has moved into tables of its own; see tests of these."""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> OldFiles:
    return draw_old_files(tmp_path_factory.mktemp("old"))


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings of a service without any table."""
    data = tmp_path / "data"
    data.mkdir()
    if request.param == "sqlite":
        return Settings(data_dir=data)
    server: PostgresServer = request.getfixturevalue("postgres_server")
    return Settings(data_dir=data, database_url=server.url(server.create_database()))


def rows_of(settings: Settings) -> Rows:
    """Every row, by its table and its primary key, as the tables stand."""
    db, metadata = open_database(settings), MetaData()
    with db.snapshot() as connection:
        metadata.reflect(connection)
        found = {
            name: {
                tuple(row[column.name] for column in table.primary_key): _read(name, dict(row), db.engine.dialect)
                for row in connection.execute(select(table)).mappings()
            }
            for name, table in metadata.tables.items()
            if name != "alembic_version"
        }
    db.dispose()
    return found


def _read(table: str, row: dict[str, Any], dialect: Dialect) -> dict[str, Any]:
    """What is sealed by now, opened and as it was before; a job without a review has none, as it was written before."""
    if table == "jobs" and row.get("review_on") == NO_REVIEW:
        row["review_on"] = None
    known = Base.metadata.tables.get(table)
    for column in () if known is None else known.columns:
        kind, value = column.type, row.get(column.name)
        if isinstance(kind, (SealedJson, SealedText)) and isinstance(value, str):
            text = SealedText(kind.about, kind.key_kind, kind.by).process_result_value(value, dialect)
            row[column.name] = json.loads(text) if isinstance(kind, SealedJson) else text
    return row


@pytest.mark.parametrize("step", STEPS)
def test_every_row_of_an_earlier_step_is_there_after_migrating(empty: Settings, files: OldFiles, step: str) -> None:
    make_old_ledger(empty, files, step)
    before = rows_of(empty)
    assert before["selections"]
    migrate(empty)
    db = open_database(empty)
    assert is_current(db)
    db.dispose()
    after = rows_of(empty)
    for table, rows in before.items():
        assert after[table].keys() >= rows.keys(), table
        for key, row in rows.items():
            kept = {name: value for name, value in row.items() if name not in _REPLACED.get(table, ())}
            assert_holds(after[table][key], kept, table)


def assert_holds(found: Any, before: Any, where: str) -> None:
    """All that was said before is said; what later versions say beside it is for them."""
    if isinstance(before, dict):
        for name, value in before.items():
            assert_holds(found.get(name), value, f"{where}.{name}")
    elif isinstance(before, list):
        assert len(found) == len(before), where
        for one, was in zip(found, before, strict=True):
            assert_holds(one, was, where)
    else:
        assert found == before, where


@pytest.mark.parametrize("step", ["0001", "0010"])
def test_every_selection_comes_under_a_family_of_all_who_shared_the_service(
    empty: Settings, files: OldFiles, step: str
) -> None:
    make_old_ledger(empty, files, step)
    migrate(empty)
    after = rows_of(empty)
    families = {row["id"]: row for row in after["families"].values()}
    assert {row["code"] for row in families.values()} >= {"K-104", "K-207", "K-400"}
    assert len({row["code"] for row in families.values()}) == len(families)
    assert {row["owner_account_id"] for row in families.values()} == {SHARED_GUIDER_ACCOUNT}
    for row in after["selections"].values():
        assert families[row["family_id"]]["code"] == row["family"]
        assert families[row["family_id"]]["opened_at"] <= row["created_at"]
    with changing_tables(empty) as (connection, config):
        [column] = [one for one in inspect(connection).get_columns("selections") if one["name"] == "family_id"]
        assert not column["nullable"]
        command.downgrade(config, "0019")
    assert "family_id" not in next(iter(rows_of(empty)["selections"].values()))


def test_outputs_and_what_they_may_show_are_told_from_recipes_jobs_and_files(empty: Settings, files: OldFiles) -> None:
    ids = make_old_ledger(empty, files).selections
    before = rows_of(empty)
    migrate(empty)
    db = open_database(empty)
    with db.reading() as session:
        told = {name: list(outputs_of(session, selection_id)) for name, selection_id in ids.items()}
        shown = {one.kind: sources_of(session, one) for one in told["film"]}
        film, asked = told["film"], told["asked"]
    db.dispose()
    assert [(one.kind, one.awaited) for one in film] == [
        ("review_pack", True),
        ("picture_notes", True),
        ("supervision_pack", False),
        ("booklet", False),
    ]
    recipes = before["selections"][ids["film"],]["recipes"]
    assert {one.kind: one.recipe for one in film} == {"review_pack": {}, **recipes}
    assert all(one.made_at and one.made_at > one.asked_at for one in film)
    assert [(one.kind, one.made_at is None) for one in asked] == [("review_pack", False), ("booklet", True)]
    clip, still = (Source(ids["film"], moment_id=ident("film", str(position))) for position in (0, 1))
    recording, earlier = ids["recording"], ids["before"]
    assert shown == {
        "review_pack": {clip, still},
        "picture_notes": {clip, still},
        "supervision_pack": {
            clip, still, Source(recording), Source(recording, moment_id=ident("recording", "0"))
        },
        "booklet": {
            clip, still, Source(ids["film"], artwork_id=ident("film", "clay")),
            Source(earlier), Source(earlier, moment_id=ident("before", "0")),
            Source(earlier, artwork_id=ident("before", "drawing")),
        },
    }  # fmt: skip


def test_going_back_a_step_gives_recipes_back(empty: Settings, files: OldFiles) -> None:
    make_old_ledger(empty, files)
    before = rows_of(empty)["selections"]
    migrate(empty)
    with changing_tables(empty) as (_, config):
        command.downgrade(config, "0013")
    assert {key: (row["outputs"], row["recipes"]) for key, row in rows_of(empty)["selections"].items()} == {
        key: (row["outputs"], row["recipes"]) for key, row in before.items()
    }
