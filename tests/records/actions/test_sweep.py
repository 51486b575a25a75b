"""A store beside a database that is not its own: nothing is swept, on folder and S3, SQLite and PostgreSQL."""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from records.actions.accept_store import accept_store
from records.actions.complete_job import finish
from records.actions.erase import artifact_folder, erase_selection
from records.actions.sweep import sweep_attempts
from records.audit.log import newest
from records.database import Database
from records.ledger.store_identity import (
    LABEL_KEY,
    StoreMatch,
    compare_store,
    keep_in_step,
    may_sweep,
    settle_store,
)
from records.migrations.migrate import migrate
from records.models import ArtifactRow, ErasureRow, JobRow, SelectionRow, StoreIdentityRow, new_id
from records.settings import Settings
from records.storage.contract import Storage
from records.storage.open import open_storage
from records.uploads.cleanup import expire_uploads
from records.uploads.partial_file import incoming_folder
from tests.effects import open_alone
from tests.records.cast import K_104, K_207, add_selection, complete_upload, job_row, take
from tests.servers import PostgresServer
from worker.maintenance.recovery import recover_lost_jobs, sweep
from worker.monitoring.health import health
from worker.scratch import sweep_scratch


@dataclass
class Pair:
    """A database and a store."""

    settings: Settings
    db: Database = field(init=False)
    storage: Storage = field(init=False)

    def __post_init__(self) -> None:
        self.db, self.storage = open_alone(self.settings), open_storage(self.settings)

    def put(self, key: str, folder: Path) -> str:
        path = folder / new_id()
        path.write_bytes(key.encode())
        self.storage.put(path, key)
        return key

    def send(self, folder: Path, shape: dict[str, object] = K_207) -> list[str]:
        """The jobs of a new selection whose film is in the store."""
        selection_id, upload_id = add_selection(self.db, shape), new_id()
        key = self.put(f"selections/{selection_id}/uploads/{upload_id}", folder)
        return complete_upload(self.db, selection_id, upload_id=upload_id, storage_key=key)

    def make(self, job_id: str, folder: Path) -> None:
        """The job done, its file in the store."""
        won = take(self.db, self.settings, job_id)
        name = f"{job_id}.mp4"
        key = self.put(artifact_folder(won.selection_id, won.job_id, won.token) + name, folder)
        finish(
            self.db,
            won,
            [ArtifactRow(kind="clip", name=name, storage_key=key, media_type="video/mp4", bytes=10, sha256="0" * 64)],
        )

    def content(self) -> dict[str, bytes]:
        """Every file of a selection, by its key."""
        return {key: b"".join(self.storage.read(key, 0, 1 << 20)) for key in self.storage.keys("selections/")}

    def round(self) -> None:
        """Everything that sweeps by itself, as workers and the API do it."""
        recover_lost_jobs(self.db, self.storage, self.settings)
        sweep(self.db, self.storage)
        expire_uploads(self.db, self.storage, self.settings)
        sweep_scratch(self.db, self.storage, self.settings)

    def match(self) -> StoreMatch:
        return compare_store(self.db, self.storage).match

    def alerts(self) -> dict[str, str]:
        found = health(self.db, self.settings, self.storage).verdict
        return {alert.code: alert.level for alert in found.alerts if alert.code.startswith("store")}


MakeDatabase = Callable[[], str]
Copy = Callable[[str], str]


@pytest.fixture(params=["sqlite", "postgresql"])
def new_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MakeDatabase]:
    """Makes another database, migrated, with an id of its own; its address."""
    made: list[str] = []

    def make() -> str:
        if request.param == "sqlite":
            url = f"sqlite:///{tmp_path / f'{new_id()}.sqlite3'}"
        else:
            server: PostgresServer = request.getfixturevalue("postgres_server")
            made.append(server.create_database())
            url = server.url(made[-1])
        migrate(Settings(data_dir=tmp_path / "migrating", database_url=url))
        return url

    yield make
    for name in made:
        request.getfixturevalue("postgres_server").drop_database(name)


@pytest.fixture
def copied_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Copy]:
    """Makes a copy of a database as it is now, as a backup and its restore do; its address."""
    made: list[str] = []

    def copy(url: str) -> str:
        name = make_url(url).database
        assert name
        if url.startswith("sqlite"):
            there = tmp_path / f"{new_id()}.sqlite3"
            with closing(sqlite3.connect(name)) as source, closing(sqlite3.connect(there)) as target:
                source.backup(target)
            return f"sqlite:///{there}"
        server: PostgresServer = request.getfixturevalue("postgres_server")
        made.append(server.create_database(template=name))
        return server.url(made[-1])

    yield copy
    for name in made:
        request.getfixturevalue("postgres_server").drop_database(name)


@pytest.fixture(params=["folder", "s3"])
def base(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings that name a store and no database yet."""
    if request.param == "folder":
        return Settings(data_dir=tmp_path / "data", min_free_bytes=0)
    s3: Settings = request.getfixturevalue("s3_settings")
    return s3.model_copy(update={"min_free_bytes": 0})


@pytest.fixture
def full(base: Settings, new_database: MakeDatabase, tmp_path: Path) -> Pair:
    """A service with two selections, one of them ready, whose store carries its database's id."""
    pair = Pair(base.model_copy(update={"database_url": new_database()}))
    for shape in (K_104, K_207):
        first, *_ = pair.send(tmp_path, shape)
        pair.make(first, tmp_path)
    pair.round()
    assert pair.match() is StoreMatch.OURS
    pair.db.dispose()
    return pair


def with_database(pair: Pair, url: str) -> Pair:
    """The same store beside another database; with what an upload and an attempt left beside it."""
    there = Pair(pair.settings.model_copy(update={"database_url": url}))
    left_behind(there)
    return there


def left_behind(pair: Pair) -> list[Path]:
    """An unfinished upload and the folder of an attempt, as another service of these folders may have them."""
    folder = pair.settings.scratch() / ("a" * 32)
    folder.mkdir(parents=True, exist_ok=True)
    upload = incoming_folder(pair.settings) / ("b" * 32)
    upload.write_bytes(b"half")
    return [folder, upload]


def assert_nothing_goes(pair: Pair, match: StoreMatch, caplog: pytest.LogCaptureFixture, level: str = "bad") -> None:
    before, beside = pair.content(), left_behind(pair)
    assert before
    with caplog.at_level(logging.WARNING, "vigpack"):
        pair.round()
        pair.round()
    assert pair.content() == before
    assert all(path.exists() for path in beside)
    assert pair.match() is match
    assert pair.alerts() == {f"store_{match.value}": level}
    told = [record for record in caplog.records if record.getMessage() == "sweeping_stopped"]
    assert len(told) == 1, "said once, and not at each round"


def test_beside_an_empty_database(full: Pair, new_database: MakeDatabase, caplog: pytest.LogCaptureFixture) -> None:
    assert_nothing_goes(with_database(full, new_database()), StoreMatch.FOREIGN, caplog)


def test_beside_an_empty_database_when_the_store_carries_no_id_yet(
    full: Pair, new_database: MakeDatabase, caplog: pytest.LogCaptureFixture
) -> None:
    full.storage.delete(LABEL_KEY)
    there = with_database(full, new_database())
    assert_nothing_goes(there, StoreMatch.UNKNOWN, caplog)
    assert LABEL_KEY not in set(there.storage.keys())


def test_beside_a_foreign_database(
    full: Pair, new_database: MakeDatabase, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    url = new_database()
    elsewhere = Pair(Settings(data_dir=tmp_path / "elsewhere", database_url=url, min_free_bytes=0))
    elsewhere.make(*elsewhere.send(tmp_path), tmp_path)
    elsewhere.round()
    assert elsewhere.match() is StoreMatch.OURS
    assert_nothing_goes(with_database(full, url), StoreMatch.FOREIGN, caplog)


def test_beside_an_older_database(
    full: Pair, copied_database: Copy, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What came since lies in selections that it knows, so only the number tells."""
    url = copied_database(full.settings.database_url)
    with full.db.reading() as session:
        waiting = [job.id for job in session.query(JobRow).where(JobRow.state == "queued", JobRow.kind == "moment")]
    full.make(waiting[0], tmp_path)
    recover_lost_jobs(full.db, full.storage, full.settings)
    there = with_database(full, url)
    assert_nothing_goes(there, StoreMatch.OLDER, caplog)
    # A worker that does the same job anew lets what the first one made be.
    before = there.content()
    sweep_attempts(there.db, there.storage, job_row(there.db, waiting[0]).selection_id, waiting[0])
    assert there.content() == before


def test_beside_a_database_that_is_older_by_a_moment(
    full: Pair, copied_database: Copy, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The service ended before the number grew: what tells is a selection that was never there."""
    url = copied_database(full.settings.database_url)
    full.send(tmp_path)
    assert_nothing_goes(with_database(full, url), StoreMatch.STRANGE, caplog, level="warn")


def test_an_older_database_that_knows_every_file_is_taken_back(
    full: Pair, copied_database: Copy, tmp_path: Path
) -> None:
    url = copied_database(full.settings.database_url)
    jobs = full.send(tmp_path)
    recover_lost_jobs(full.db, full.storage, full.settings)
    erase_selection(full.db, full.storage, full.settings, job_row(full.db, jobs[0]).selection_id)
    there = with_database(full, url)
    assert there.match() is StoreMatch.OLDER
    there.round()
    assert there.match() is StoreMatch.OURS
    assert there.alerts() == {}


def test_the_right_database_ends_it(
    full: Pair, new_database: MakeDatabase, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert_nothing_goes(with_database(full, new_database()), StoreMatch.FOREIGN, caplog)
    stray = stray_of(full, tmp_path)
    full.round()
    assert stray not in full.content()
    assert full.alerts() == {}


def test_what_crashes_leave_is_swept_from_a_small_store_too(full: Pair, tmp_path: Path) -> None:
    kept = full.content()
    stray_of(full, tmp_path)
    erased = add_selection(full.db)
    erase_selection(full.db, full.storage, full.settings, erased)
    for number in range(len(kept) + 1):  # more than all the rest together
        full.put(f"selections/{erased}/uploads/{number:032}", tmp_path)
    left = left_behind(full)
    full.round()
    assert full.content() == kept
    assert not any(path.exists() for path in left)
    assert full.alerts() == {}


def test_erasing_works_beside_any_database(full: Pair, new_database: MakeDatabase, tmp_path: Path) -> None:
    before = full.content()
    there = with_database(full, new_database())
    job, *_ = there.send(tmp_path)
    there.make(job, tmp_path)
    there.round()
    selection_id = job_row(there.db, job).selection_id
    assert erase_selection(there.db, there.storage, there.settings, selection_id)
    assert there.content() == before
    with there.db.reading() as session:
        assert session.get(SelectionRow, selection_id) is None
        assert session.query(ErasureRow).where(ErasureRow.target == selection_id).count() == 1


def test_an_accepted_store_is_cleared_once_and_the_act_is_kept(
    full: Pair, new_database: MakeDatabase, tmp_path: Path
) -> None:
    there = with_database(full, new_database())
    there.make(*there.send(tmp_path), tmp_path)
    there.round()
    every = set(there.content())
    theirs = {key for key in every if job_count(there, key) == 0}
    found = accept_store(there.db, there.storage, "noor")
    assert (found.known_files, found.strange_files) == (len(every - theirs), len(theirs))
    with there.db.reading() as session:
        [line] = newest(session, 1)
    assert (line.who, line.action) == ("noor", "accept_store")
    assert line.detail == f"{len(theirs)} of {len(every)} files unknown"
    assert there.alerts() == {}
    there.round()
    assert set(there.content()) == every - theirs
    # Once: what comes from elsewhere afterwards is not swept.
    stranger = there.put(f"selections/{new_id()}/uploads/{new_id()}", tmp_path)
    there.round()
    assert stranger in there.content()
    # And the database that it belonged to no longer takes it for its own.
    assert full.match() is StoreMatch.FOREIGN


def test_a_store_from_before_these_ids_is_taken_and_keeps_all(full: Pair, tmp_path: Path) -> None:
    forget_ids(full)
    stray_of(full, tmp_path)
    before = full.content()
    assert full.match() is StoreMatch.NEW
    assert full.alerts() == {}
    full.round()
    assert full.match() is StoreMatch.OURS
    assert len(full.content()) == len(before) - 1


def test_a_store_that_lost_its_files_is_not_taken_for_a_new_one(full: Pair) -> None:
    """As where a disk is not mounted: at an upgrade, and afterwards."""
    for key in list(full.storage.keys()):
        full.storage.delete(key)
    full.round()
    assert full.alerts() == {"store_missing": "bad"}
    forget_ids(full)
    full.round()
    assert full.alerts() == {"store_missing": "bad"}
    assert list(full.storage.keys()) == []


def test_a_label_that_cannot_be_read_stops_sweeping(full: Pair, tmp_path: Path) -> None:
    (tmp_path / "label").write_bytes(b"{}")
    full.storage.put(tmp_path / "label", LABEL_KEY)
    stray = stray_of(full, tmp_path)
    full.round()
    assert stray in full.content()
    assert full.match() is StoreMatch.FOREIGN


def test_an_empty_store_takes_the_id_of_an_empty_database(base: Settings, new_database: MakeDatabase) -> None:
    pair = Pair(base.model_copy(update={"database_url": new_database()}))
    assert pair.match() is StoreMatch.NEW
    assert pair.alerts() == {}
    assert settle_store(pair.db, pair.storage).match is StoreMatch.OURS
    assert may_sweep(pair.db, pair.storage)


def test_the_number_grows_with_what_is_stored_and_not_with_time(full: Pair, tmp_path: Path) -> None:
    def number() -> int:
        with full.db.reading() as session:
            return session.query(StoreIdentityRow).one().generation

    before, label = number(), label_of(full)
    keep_in_step(full.db, full.storage)
    assert (number(), label_of(full)) == (before, label)
    full.send(tmp_path)
    keep_in_step(full.db, full.storage)
    assert number() == before + 1
    assert label_of(full) != label
    assert full.match() is StoreMatch.OURS


def test_an_unfinished_upload_from_before_this_database_stays(base: Settings, new_database: MakeDatabase) -> None:
    """A new database beside a new store, in the data folder of another."""
    pair = Pair(base.model_copy(update={"database_url": new_database()}))
    pair.round()
    old, new = incoming_folder(pair.settings) / ("c" * 32), incoming_folder(pair.settings) / ("d" * 32)
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (1e9, 1e9))
    pair.round()
    assert (old.exists(), new.exists()) == (True, False)


def label_of(pair: Pair) -> bytes:
    return b"".join(pair.storage.read(LABEL_KEY, 0, 4096))


def stray_of(pair: Pair, folder: Path) -> str:
    """What a dead attempt left of a job that is there."""
    with pair.db.reading() as session:
        job = session.query(JobRow).where(JobRow.state == "done").first()
        assert job
    return pair.put(artifact_folder(job.selection_id, job.id, new_id()) + "01.mp4", folder)


def job_count(pair: Pair, key: str) -> int:
    with pair.db.reading() as session:
        return session.query(JobRow).where(JobRow.selection_id == key.split("/")[1]).count()


def forget_ids(pair: Pair) -> None:
    """As it is when a service of before is brought to this version."""
    pair.storage.delete(LABEL_KEY)
    with pair.db.session() as session:
        row = session.query(StoreIdentityRow).one()
        row.labelled_at = row.stopped = row.stopped_at = None
        row.generation = 0
