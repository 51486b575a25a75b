"""A store beside a database that is not its own: nothing is swept, on folder and S3, SQLite and PostgreSQL."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from records.actions.erase import erase_selection
from records.actions.sweep import sweep_attempts
from records.ledger.store_identity import (
    LABEL_KEY,
    StoreMatch,
)
from records.models import ErasureRow, JobRow, SelectionRow
from records.settings import Settings
from records.uploads.partial_file import incoming_folder
from tests.records.actions.pairs import (
    Copy,
    MakeDatabase,
    Pair,
    assert_nothing_goes,
    left_behind,
    stray_of,
    with_database,
)
from tests.records.cast import add_selection, job_row
from worker.maintenance.recovery import recover_lost_jobs


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
        # As a process had sealed it that was stopped before it could look at the key again.
        full.storage.write(iter([b"sealed before"]), f"selections/{erased}/uploads/{number:032}")
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
