"""A store and a database, which belong together or do not."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from records.actions.complete_job import finish
from records.actions.erase import artifact_folder, resume_erasures
from records.database import Database
from records.ledger.store_identity import (
    LABEL_KEY,
    StoreMatch,
    compare_store,
)
from records.models import ArtifactRow, JobRow, StoreIdentityRow, new_id
from records.settings import Settings
from records.storage.contract import Storage
from records.storage.open import open_storage
from records.uploads.cleanup import expire_uploads
from records.uploads.partial_file import incoming_folder
from tests.effects import open_alone
from tests.records.cast import K_207, add_selection, complete_upload, take
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
        resume_erasures(self.db, self.storage, self.settings)
        recover_lost_jobs(self.db, self.storage, self.settings)
        sweep(self.db, self.storage, self.settings)
        expire_uploads(self.db, self.storage, self.settings)
        sweep_scratch(self.db, self.storage, self.settings)

    def match(self) -> StoreMatch:
        return compare_store(self.db, self.storage).match

    def alerts(self) -> dict[str, str]:
        found = health(self.db, self.settings, self.storage).verdict
        return {alert.code: alert.level for alert in found.alerts if alert.code.startswith("store")}


MakeDatabase = Callable[[], str]
Copy = Callable[[str], str]


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
