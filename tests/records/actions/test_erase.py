from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import func, select

from records.accounts.principal import SERVICE
from records.actions.complete_job import finish
from records.actions.erase import artifact_folder, erase_selection, resume_erasures
from records.actions.sweep import sweep_attempts, sweep_store
from records.database import Database
from records.errors import LeaseLost, SelectionGone
from records.keys.errors import KeyGone
from records.ledger.jobs import Claim, claim_next, renew
from records.models import ArtifactRow, JobRow, MomentRow, SelectionRow, UploadRow, new_id
from records.settings import Settings
from records.storage.contract import Storage, StorageUnavailable
from records.storage.open import open_storage
from records.uploads.partial_file import incoming_folder, partial_path
from records.views.selection_list import list_selections
from records.views.selections import selection_view
from tests.records.cast import K_104, add_jobs, add_selection, complete_upload, job_row, take


@pytest.fixture
def storage(settings: Settings) -> Storage:
    return open_storage(settings)


def put(storage: Storage, key: str, folder: Path) -> str:
    """The key, now that something is stored under it."""
    path = folder / new_id()
    path.write_bytes(key.encode())
    storage.put(path, key)
    return key


def stored(storage: Storage) -> list[str]:
    """Every key of a selection."""
    return list(storage.keys("selections/"))


def sent_film(db: Database, storage: Storage, folder: Path) -> list[str]:
    """The moment jobs of a selection whose film is in storage."""
    selection_id, upload_id = add_selection(db, K_104), new_id()
    key = put(storage, f"selections/{selection_id}/uploads/{upload_id}", folder)
    return complete_upload(db, selection_id, upload_id=upload_id, storage_key=key)


def published(storage: Storage, claim: Claim, folder: Path) -> ArtifactRow:
    key = put(storage, artifact_folder(claim.selection_id, claim.job_id, claim.token) + "01.mp4", folder)
    return ArtifactRow(kind="clip", name="01.mp4", storage_key=key, media_type="video/mp4", bytes=10, sha256="0" * 64)


def test_erasing_leaves_neither_row_nor_byte(
    settings: Settings, db: Database, storage: Storage, tmp_path: Path
) -> None:
    first, *_ = sent_film(db, storage, tmp_path)
    won = take(db, settings, first)
    finish(db, won, [published(storage, won, tmp_path)])
    with db.session() as session:
        upload = UploadRow(selection_id=won.selection_id, length_bytes=9, expires_at=job_row(db, first).created_at)
        session.add(upload)
    incoming_folder(settings)
    partial_path(settings, upload.id).write_bytes(b"half")

    assert erase_selection(db, storage, settings, won.selection_id)

    assert stored(storage) == []
    assert not partial_path(settings, upload.id).exists()
    with db.reading() as session:
        for table in (SelectionRow, MomentRow, UploadRow, JobRow, ArtifactRow):
            assert session.scalar(select(func.count(table.id))) == 0


def test_erasing_one_selection_leaves_the_others_whole(
    settings: Settings, db: Database, storage: Storage, tmp_path: Path
) -> None:
    erased, kept = (sent_film(db, storage, tmp_path)[0] for _ in range(2))
    kept_id = job_row(db, kept).selection_id
    erase_selection(db, storage, settings, job_row(db, erased).selection_id)
    with db.reading() as session:
        assert [row.id for row in list_selections(session, SERVICE, limit=9)[0]] == [kept_id]
    assert [key.split("/")[1] for key in stored(storage)] == [kept_id]


def test_erasing_what_is_not_there_says_so(settings: Settings, db: Database, storage: Storage) -> None:
    assert not erase_selection(db, storage, settings, "0" * 32)


def test_the_running_job_of_an_erased_selection_can_publish_nothing(
    settings: Settings, db: Database, storage: Storage, tmp_path: Path
) -> None:
    won = take(db, settings, sent_film(db, storage, tmp_path)[0])
    late = published(storage, won, tmp_path)
    erase_selection(db, storage, settings, won.selection_id)
    with pytest.raises(KeyGone):
        published(storage, won, tmp_path)
    storage.write(iter([b"was under way when the key went"]), late.storage_key)
    with pytest.raises(LeaseLost):
        renew(db, won)
    with pytest.raises(LeaseLost):
        finish(db, won, [late])
    assert sweep_attempts(db, storage, won.selection_id, won.job_id) == 1
    assert stored(storage) == []


class _Unplugged:
    """A store that goes away at its first deletion, as an unplugged disk does."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def __getattr__(self, name: str) -> object:
        return getattr(self._storage, name)

    def delete(self, key: str) -> None:
        raise StorageUnavailable(key)


def test_an_interrupted_erasure_is_out_of_sight_and_ended_by_recovery(
    settings: Settings, db: Database, storage: Storage, tmp_path: Path
) -> None:
    (first, *_) = sent_film(db, storage, tmp_path)
    selection_id = job_row(db, first).selection_id
    with pytest.raises(StorageUnavailable):
        erase_selection(db, _Unplugged(storage), settings, selection_id)  # type: ignore[arg-type]
    with db.reading() as session:
        assert selection_view(session, selection_id) is None
        assert list_selections(session, SERVICE, limit=9) == ([], None)
    assert claim_next(db, "w", settings) is None
    with pytest.raises(SelectionGone):
        complete_upload(db, selection_id)

    assert resume_erasures(db, storage, settings) == 1

    assert stored(storage) == []
    assert resume_erasures(db, storage, settings) == 0


def test_sweeping_takes_what_dead_attempts_left_and_nothing_else(
    settings: Settings, db: Database, storage: Storage, tmp_path: Path
) -> None:
    first, second, third = sent_film(db, storage, tmp_path)
    done = take(db, settings, first)
    finish(db, done, [published(storage, done, tmp_path)])
    running = take(db, settings, second)
    published(storage, running, tmp_path)
    dead_key = artifact_folder(done.selection_id, third, new_id()) + "01.jpg"
    put(storage, dead_key, tmp_path)
    before = set(stored(storage))

    assert sweep_store(db, storage) == 1

    assert before - set(stored(storage)) == {dead_key}


def test_an_earlier_attempt_at_a_finished_job_is_cleared_away(
    settings: Settings, db: Database, storage: Storage, tmp_path: Path
) -> None:
    (job,) = add_jobs(db)
    won = take(db, settings, job)
    put(storage, artifact_folder(won.selection_id, job, new_id()) + "01.mp4", tmp_path)
    kept = published(storage, won, tmp_path)
    finish(db, won, [kept])
    assert sweep_attempts(db, storage, won.selection_id, job) == 1
    assert stored(storage) == [kept.storage_key]
