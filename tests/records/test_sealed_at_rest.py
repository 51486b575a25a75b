"""What lies anywhere of a family can be read by nobody without the keys, and by nobody at all once they are gone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, TypeAdapter
from sqlalchemy import MetaData, String, select, text, update

from pipeline.closing_notes import ReviewWords
from records.accounts.principal import SHARED_GUIDER_ACCOUNT
from records.actions.erase import erase_selection
from records.actions.seal_files import seal_files
from records.backup.keys import backup_keys
from records.backup.make import make_backup
from records.backup.sealing import parse_recipients, write_new_key
from records.database import Database
from records.database_traces import scrub_if_needed, turn_over_log
from records.documents import FamilyPeople
from records.families.families import family_id_of
from records.keys.errors import KeyGone
from records.keys.families import destroy_family_key
from records.keys.health import find_key_problem
from records.keys.master import master_key_path, new_master_key
from records.keys.ring import KeyRing, key_ring
from records.migrations.migrate import migrate
from records.models import ArtworkRow, FamilyRow, FamilyShareRow, HandOverRow, LogbookClientRow, SelectionRow, WordsRow
from records.settings import Settings
from records.storage.open import open_storage
from tests.databases import make_tables
from tests.effects import open_alone
from tests.footage import numbered_film
from tests.records.cast import add_selection, complete_upload
from tests.records.old_ledger import make_old_ledger
from tests.records.old_rows import OldFiles, draw_old_files
from tests.servers import PostgresServer, S3Server, wait_until
from tests.worker.service import running_service

TOGETHER = "sealed_at_rest"
MARK = "Zaubermaus"
"""Stands in every word and in the film."""
SHAPE: dict[str, Any] = {
    "family": f"{MARK}-104",
    "helping_question": f"How can we enjoy {MARK} together?",
    "working_points": [f"Wait for {MARK}"],
    "clip": [{"in": 0, "out": 1000, "caption": f"{MARK} looks up."}],
}


@pytest.fixture(params=["sqlite", "postgresql"])
def given(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    settings = Settings(data_dir=tmp_path / "data", min_free_bytes=0)
    if request.param == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres_server")
        settings.database_url = server.url(server.create_database())
        bucket: S3Server = request.getfixturevalue("s3_server")
        settings.storage_url = f"s3://{bucket.bucket}/{tmp_path.name}"
        settings.s3_endpoint = bucket.endpoint
        settings.s3_access_key_id = bucket.access_key_id
        settings.s3_secret_access_key = SecretStr(bucket.secret_access_key)
    return settings


@pytest.fixture
def db(given: Settings) -> Iterator[Database]:
    make_tables(given)
    database = open_alone(given)
    yield database
    database.dispose()


@pytest.fixture
def outside(given: Settings, db: Database, request: pytest.FixtureRequest) -> list[Path]:
    """The folders of the database's server and of the bucket, where there are such; what is in them is on the disk."""
    if not given.database_url:
        return []
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("CHECKPOINT"))
        data = Path(connection.scalar(text("SHOW data_directory")) or "")
        oid = connection.scalar(text("SELECT oid FROM pg_database WHERE datname = current_database()"))
    bucket: S3Server = request.getfixturevalue("s3_server")
    return [data / "base" / str(oid), data / "pg_wal", bucket.folder]


def to_disk(db: Database) -> None:
    if db.engine.dialect.name == "postgresql":
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("CHECKPOINT"))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> OldFiles:
    return draw_old_files(tmp_path_factory.mktemp("old"))


def fill(db: Database, given: Settings, folder: Path) -> str:
    """The id of a selection with a film, and words wherever there can be some."""
    people = TypeAdapter(FamilyPeople).validate_python([{"role": MARK.lower(), "initials": "E"}])
    selection_id = add_selection(db, SHAPE, outputs=("review_pack",), recipes={"review_pack": {"title": MARK}})
    film = folder / "film"
    film.write_bytes(f"{MARK} in a film".encode() * 1000)
    stored = open_storage(given).put(film, f"selections/{selection_id}/uploads/a")
    film.unlink()
    complete_upload(db, selection_id, storage_key=stored.key, sha256=stored.sha256)
    words = ReviewWords(kind="vigpack-words", review=selection_id, written_at=datetime.now(UTC), plan=(f"Play {MARK}",))
    with db.session() as session:
        family = session.get_one(FamilyRow, session.get_one(SelectionRow, selection_id).family_id)
        family.people = people
        who = {"family_id": family.id, "by": SHARED_GUIDER_ACCOUNT, "reason": f"because of {MARK}"}
        session.add_all(
            [
                WordsRow(selection_id=selection_id, words=words, revision="1", saved_at=datetime.now(UTC)),
                ArtworkRow(
                    selection_id=selection_id, words=f"{MARK} and me", storage_key="x", bytes=1, sha256="0",
                    width_px=1, height_px=1,
                ),
                FamilyShareRow(account_id=SHARED_GUIDER_ACCOUNT, kind="colleague", **who),
                HandOverRow(from_account_id="a", to_account_id="b", **who),
                LogbookClientRow(guider="g", family=f"{MARK}-104", family_id=family.id),
                LogbookClientRow(guider="g", family=f"{MARK}-on-paper"),
            ]
        )  # fmt: skip
    return selection_id


def read_if_there(path: Path) -> bytes:
    """A file's bytes; a running service takes files away."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def places_with(mark: str, db: Database, *folders: Path) -> list[str]:
    """Every file and every row in which the mark can be read, however it is written."""
    marks = [mark.encode(), mark.lower().encode(), mark.encode("utf-16-le"), mark.encode().hex().encode()]
    found = []
    for path in (path for folder in folders for path in folder.rglob("*") if path.is_file()):
        content = read_if_there(path)
        found += [str(path) for one in marks if one in content]
    metadata = MetaData()
    with db.snapshot() as connection:
        metadata.reflect(connection)
        for table in metadata.sorted_tables:
            for row in connection.execute(select(table)):
                found += [f"{table.name}: {row}" for one in marks if one.decode("latin-1") in str(tuple(row))]
    return found


def test_no_word_and_no_film_can_be_read_anywhere_and_none_at_all_once_the_key_is_gone(
    given: Settings, db: Database, outside: list[Path], tmp_path: Path
) -> None:
    selection_id = fill(db, given, tmp_path)
    storage = open_storage(given)
    recipients = parse_recipients(write_new_key(tmp_path / "private"))
    make_backup(db, storage, tmp_path / "backups" / "monday", recipients, lambda _done: None)
    backup_keys(given, tmp_path / "keys" / "keys.age", recipients)
    to_disk(db)
    assert places_with(MARK, db, given.data_dir, tmp_path / "backups", tmp_path / "keys", *outside) == []

    (given.data_dir / "left").write_text(MARK)  # the search finds what there is
    assert places_with(MARK, db, given.data_dir) != []

    key = f"selections/{selection_id}/uploads/a"
    with db.reading() as session:  # and who has the keys reads everything
        row = session.get_one(SelectionRow, selection_id)
        assert (row.family, row.shape.helping_question) == (SHAPE["family"], SHAPE["helping_question"])
        assert row.moments[0].moment.caption == SHAPE["clip"][0]["caption"]
        assert {one.family for one in session.scalars(select(LogbookClientRow))} == {
            f"{MARK}-104", f"{MARK}-on-paper"
        }  # fmt: skip
        family_id = family_id_of(session, f"{MARK.upper()}-104")
    assert b"".join(storage.read(key, 0, 1 << 30)).startswith(MARK.encode())

    assert destroy_family_key(given, family_id)
    with pytest.raises(KeyGone):
        storage.read(key, 0, 1)
    with db.reading() as session:
        row = session.get_one(SelectionRow, selection_id)
        told = [row.family, row.shape.helping_question, row.moments[0].moment.caption]
        told += [session.get_one(FamilyRow, family_id).code, session.scalars(select(FamilyShareRow.reason)).one()]
    assert told == [""] * 5
    assert KeyRing(given).store.is_destroyed(family_id)


def test_what_a_worker_made_lies_nowhere_plain_and_once_erased_nowhere_at_all_running_and_stopped(
    given: Settings, db: Database, outside: list[Path], tmp_path: Path
) -> None:
    film = numbered_film(tmp_path / "film.mp4", frames=30)
    sent = film.read_bytes() + b"\x00\x00\x40\x08free" + (MARK.encode() * 2000)[:0x4000]  # a box that players skip
    film.write_bytes(sent)
    shape = {**SHAPE, "still": [{"at": 500, "caption": f"{MARK} waits"}]}
    folders = [given.data_dir, *outside]

    def found(*marks: bytes) -> set[str]:
        paths = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
        return {path.parent.name for path in paths if any(mark in read_if_there(path) for mark in marks)}

    with running_service(given) as service:
        selection_id, jobs = service.send_film(film, shape, outputs=("review_pack", "picture_notes"))
        service.start_worker()
        service.enqueue(jobs)
        seen = service.wait_until_settled(selection_id, within_s=180)
        files = [one.artifacts for one in seen.moments] + [one.artifacts for one in seen.outputs]
        assert [len(one) for one in files] == [1, 1, 1, 1]
        wait_until(lambda: not any(given.scratch().rglob("*")), "the worker to leave its scratch")
        with db.snapshot() as connection:
            sealed = connection.scalar(text("SELECT moment FROM moments").columns(moment=String())) or ""
        upload = next(key for key in service.storage.keys(f"selections/{selection_id}/") if "/uploads/" in key)
        marks = sealed[-40:].encode(), b"".join(service.storage.as_stored(upload).blocks)[4000:4100]
        to_disk(db)
        assert places_with(MARK, db, *folders) == []
        assert found(sent[2000:2040]) == set()
        assert found(*marks) >= ({"pg_wal"} if given.database_url else {"data"})
        assert erase_selection(db, service.storage, given, selection_id)
        assert scrub_if_needed(db)
        if given.database_url:  # other tests may have left it in more files than are overwritten at once
            with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                for _ in range(len(list(outside[1].iterdir())) // 8):
                    assert turn_over_log(connection)
        assert found(*marks, MARK.encode()) == set()
    assert found(*marks, MARK.encode(), sent[2000:2040]) == set()


def test_a_sealed_column_is_never_written_plain_or_compared(db: Database) -> None:
    selection_id = add_selection(db, SHAPE)
    for statement in (
        update(SelectionRow).where(SelectionRow.id == selection_id).values(family="K-1"),
        select(FamilyRow.id).where(FamilyRow.code == "K-1"),
    ):
        with pytest.raises(Exception, match="is sealed"), db.session() as session:  # SQLAlchemy's wraps ours
            session.execute(statement)


def test_words_and_files_from_before_are_sealed_and_read_as_before(given: Settings, files: OldFiles) -> None:
    given.storage_url = ""  # its files lie in a folder
    given.data_dir.mkdir()
    make_old_ledger(given, files, "0010")
    migrate(given)
    db, storage = open_alone(given), open_storage(given)
    with db.reading() as session:
        visible = session.scalars(select(SelectionRow.id).where(SelectionRow.visible)).all()
    assert places_with("Ella ", db, given.data_dir / "nothing") == []
    if not given.database_url:
        assert not [path for path in given.data_dir.glob("vigpack.sqlite3*") if b"Ella " in path.read_bytes()]
    before = {key: b"".join(storage.read(key, 0, 1 << 30)) for key in storage.keys("selections/")}
    plain = [key for key in before if not storage.is_sealed(key)]
    assert plain
    assert seal_files(db, storage, given) == len([key for key in plain if key.split("/")[1] in visible])
    for selection_id in visible:
        for key in storage.keys(f"selections/{selection_id}/"):
            assert storage.is_sealed(key)
            assert b"".join(storage.read(key, 0, 1 << 30)) == before[key]
        assert not KeyRing(given).selection_key(selection_id).plain_before
    assert seal_files(db, storage, given) == 0
    with db.reading() as session:
        assert "Ella" in str([row.shape for row in session.scalars(select(SelectionRow))])
    db.dispose()


def test_what_is_wrong_with_the_keys_is_told_in_a_sentence(tmp_path: Path) -> None:
    given = Settings(data_dir=tmp_path / "data", backup_max_age_days=0)
    assert find_key_problem(given) is None
    key_ring(given).make_family("a" * 32)
    key_ring(given).service_key()
    path = master_key_path(given)
    text = path.read_text()
    assert find_key_problem(given) is None

    def code() -> str:
        found = find_key_problem(given)
        assert found is not None
        assert found.message.endswith(".")
        assert found.remedy
        return found.code

    path.chmod(0o644)
    assert code() == "master_key_open"
    path.write_text(new_master_key())
    assert code() == "master_key_wrong"
    path.unlink()
    assert code() == "master_key_missing"
    path.write_text(text)
    path.chmod(0o600)
    assert find_key_problem(given) is None
    given.backup_max_age_days = 1e-9
    assert code() == "keys_not_backed_up"
    backup_keys(given, tmp_path / "keys.age", parse_recipients(write_new_key(tmp_path / "private")))
    assert find_key_problem(given) is None
