"""The dump: every table of either database, and the same again from the other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    Float,
    Integer,
    Table,
    Text,
    func,
    insert,
    null,
    select,
    type_coerce,
    update,
)

from pipeline.closing_notes import ReviewWords
from pipeline.marks import Box, Covers, Mark
from pipeline.moments import Clip, Selection, Still
from pipeline.written import Written
from records.backup.dump import dump, load, tables_in
from records.backup.errors import BackupDamaged
from records.database import Database
from records.documents import (
    ClipTimes,
    CopyOut,
    CoveredPicture,
    ErasedCounts,
    FamilyPerson,
    MomentFacts,
    StatedCut,
    StatedFilm,
)
from records.folders import FolderProblem
from records.migrations.migrate import changing_tables
from records.models import Base
from records.models.base import Json, UtcDateTime
from records.models.sealed import SealedJson, SealedText
from records.settings import Settings
from tests.databases import make_tables
from tests.effects import open_alone
from tests.servers import PostgresServer

FILLED = [table for table in Base.metadata.sorted_tables if table.name != "clocks"]
"""The clocks' rows come from the migrations."""
NOT_BACKED_UP = {
    "sessions", "api_tokens", "external_sessions", "login_states", "spent_logout_tokens", "invitations",
    "pending_sign_ins", "last_settings", "copy_links",
}  # fmt: skip


def opened(settings: Settings) -> Database:
    make_tables(settings)
    return open_alone(settings)


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Settings]:
    settings = Settings(data_dir=tmp_path / "sqlite")
    db = opened(settings)
    _fill(db)
    yield settings
    db.dispose()


@pytest.fixture
def postgres(tmp_path: Path, postgres_server: PostgresServer) -> Settings:
    return Settings(data_dir=tmp_path / "pg", database_url=postgres_server.url(postgres_server.create_database()))


def _document(column: str, number: int) -> Any:
    """A value for a column that holds JSON, with what is hard to keep in it."""
    caption = 'Ella schaut auf – «da» 🙂\u2028"\\'
    times = ClipTimes(in_ms=number, out_ms=2**40)
    box = Box(x=0.1, y=0.1, width=0.1 + number / 10, height=1 / 3)
    return {
        "erasure_certificates.counts": ErasedCounts(selections=number, bytes=2**40, last_sent_on=date(2026, 2, 28)),
        "erasure_certificates.copies_out": (CopyOut(id="c" * 32, carrier="link", handed_out_on=date(2026, 2, 28)),),
        "families.people": (FamilyPerson(role="mother", initials="Äß"),),
        "subject_access.people": ("a" * 32,) * number,
        "selections.shape": Selection(family="K-104", helping_question=caption, stills=(Still(at_ms=number),)),
        "selections.film": StatedFilm(bytes=2**40, duration_ms=9, cuts={number: StatedCut(in_ms=0, pictures=number)}),
        "moments.moment": Clip(in_ms=number, out_ms=9, caption=caption),
        "moments.cut": times,
        "moments.people": ("b" * 32,) * number,
        "moments.facts": MomentFacts(in_ms=number, fps=30000 / 1001, peaks=(0, number), warnings=(caption,)),
        "outputs.recipe": {"title": caption, "earlier": ["a" * 32] * number, "share": 0.1, "none": None, "deep": [{}]},
        "outputs.made_before": (Written.CAPTION, Written.ORDER)[:number],
        "hidings.marks": (Mark(at_ms=number, covers=Covers.BOX, box=box),),
        "hidings.seen": ((0, number),),
        "hidings.pictures": (
            CoveredPicture(
                at_ms=number, covers=Covers.BOX, box=box, drawn=True, doubt="", uncovered=(0, number), covered=None
            ),
        ),
        "words.words": ReviewWords(
            kind="vigpack-words",
            review="a" * 32,
            written_at=datetime(2026, 11, 27, tzinfo=UTC),
            strengths=(caption,),
            plan=(str(number),),
        ),
        "ratings.answers": {"4.1": number, "5.2": "not_applicable"},
        "workers.folder_problems": (FolderProblem(path=f"/{number}", message=caption, remedy="chown"),),
    }[column]


def _value(column: Column[Any], number: int) -> Any:
    """Another value for each row, with what is hard to keep."""
    if column.foreign_keys:
        return next(iter(column.foreign_keys)).column.table.name[:8] + str(number)
    match column.type:
        case SealedJson():  # as it may lie there from before it was sealed
            return type_coerce(column.type._written(_document(str(column), number)), Text())
        case SealedText():
            return type_coerce(f"x{number}", Text())
        case Json():
            return _document(str(column), number)
        case UtcDateTime():
            return datetime(2026, 11, 27, 21, 30, number, 123456, tzinfo=UTC)
        case Date():
            return date(2026, 11, number + 1)
        case Boolean():
            return bool(number % 2)
        case Float():
            return 0.1 + number
        case Integer():
            return 2**40 + number if column.type.__class__.__name__ == "BigInteger" else number + 1
    return (column.table.name[:8] if column.primary_key else "x") + str(number)


_JSON_NULL = type_coerce(JSON.NULL, JSON())
"""As versions before the typed columns wrote it."""


def _is_json(column: Column[Any]) -> bool:
    return isinstance(column.type, Json)


def _fill(db: Database) -> None:
    """Two rows in each table; in the second all that may be empty is, and JSON that may be is JSON's own null."""
    with db.session() as session:
        for table in FILLED:
            session.execute(table.delete()) if table.name == "store_identity" else None  # the migrations make one
            for number in (0, 1):
                row = {column.name: _value(column, number) for column in table.columns}
                if number == 1:
                    row |= {c.name: null() for c in table.columns if c.nullable}
                session.execute(insert(table).values(row))
                if number == 1 and (own := {c.name: _JSON_NULL for c in table.columns if c.nullable and _is_json(c)}):
                    session.execute(update(table).where(*(c == row[c.name] for c in table.primary_key)).values(own))


def lines_of(settings: Settings) -> list[bytes]:
    db = open_alone(settings)
    try:
        with db.snapshot() as connection:
            return list(dump(connection, tables_in(connection)))
    finally:
        db.dispose()


def loaded(lines: list[bytes], settings: Settings) -> Settings:
    make_tables(settings)
    with changing_tables(settings) as (connection, _):
        load(connection, lines)
    return settings


def by_table(lines: list[bytes]) -> dict[str, Any]:
    """The rows, however the tables and their columns are ordered."""
    found: dict[str, list[dict[str, Any]]] = {}
    names: list[str] = []
    kinds: dict[str, str] = {}
    table = ""
    for line in map(json.loads, lines):
        if isinstance(line, list):
            row = dict(zip(names, line, strict=True))
            read = {name: json.loads(v) if kinds[name] == "json" and v else v for name, v in row.items()}
            found[table].append(read)
        elif "table" in line:
            table, kinds = line["table"], line["columns"]
            names = list(kinds)
            found[table] = []
    return {name: sorted(rows, key=json.dumps) for name, rows in found.items()}


def test_every_table_is_in_it_with_every_value_and_comes_back_from_the_other_database(
    sqlite: Settings, postgres: Settings, tmp_path: Path
) -> None:
    first = lines_of(sqlite)
    dumped = {table.name for table in FILLED} - NOT_BACKED_UP
    assert {name for name, rows in by_table(first).items() if len(rows) >= 2} >= dumped
    assert not NOT_BACKED_UP & set(by_table(first))
    second = lines_of(loaded(first, postgres))
    assert by_table(second) == by_table(first)
    third = lines_of(loaded(second, Settings(data_dir=tmp_path / "again")))
    assert by_table(third) == by_table(first)


def test_the_two_kinds_of_nothing_in_json_stay_apart(sqlite: Settings, postgres: Settings) -> None:
    moments: Table = Base.metadata.tables["moments"]
    db = open_alone(sqlite)
    with db.session() as session:
        row = {column.name: _value(column, 2) for column in moments.columns}
        row |= {"selection_id": "selectio0", "upload_id": None, "facts": null()}
        session.execute(insert(moments).values(row))
    db.dispose()
    db = open_alone(loaded(lines_of(sqlite), postgres))
    with db.reading() as session:
        assert session.scalar(select(func.count()).where(moments.c.facts.is_(null()))) == 1
    db.dispose()


def test_a_dump_that_breaks_off_is_refused_and_changes_nothing(sqlite: Settings, tmp_path: Path) -> None:
    lines = lines_of(sqlite)
    there = Settings(data_dir=tmp_path / "there")
    with pytest.raises(BackupDamaged, match="breaks off"):
        loaded(lines[:-1], there)
    db = open_alone(there)
    with db.reading() as session:
        assert session.scalar(select(func.count()).select_from(Base.metadata.tables["selections"])) == 0
    db.dispose()


def test_a_type_of_column_that_cannot_be_kept_is_no_silent_loss(sqlite: Settings) -> None:
    db = open_alone(sqlite)
    with db.session() as session:
        session.connection().exec_driver_sql("CREATE TABLE strange (id INTEGER PRIMARY KEY, span TIME)")
    db.dispose()
    with pytest.raises(TypeError, match=r"strange\.span"):
        lines_of(sqlite)
