"""A service under test: its settings, its films, its worker processes, and what may never be left behind."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import select

from records.database import Database
from records.documents import ClipTimes
from records.models import ArtifactRow, JobRow, JobState, MomentRow, UploadRow, UploadState, new_id, utcnow
from records.settings import Settings
from records.storage.contract import Storage
from records.storage.open import open_storage
from records.views.selections import SelectionView, selection_view
from tests.effects import open_alone
from tests.loaded import start_loaded
from tests.records.cast import add_selection, complete_upload
from tests.servers import start, wait_until
from worker.broker import enqueue
from worker.command import worker_argv, worker_env

ROLE = "vigpack_worker"
"""A role of workers' own in PostgreSQL."""
QUICK = {"lease_s": 3, "heartbeat_s": 1, "recovery_s": 1, "retry_after_s": 0.2}
"""Settings with which recovery takes seconds."""


class Service:
    """One service in its folder. Its workers are real processes with the settings in their environment."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.db: Database = open_alone(settings)
        self.storage: Storage = open_storage(settings)
        self.workers: list[subprocess.Popen[bytes]] = []

    def send_film(self, film: Path, shape: dict[str, Any], **options: Any) -> tuple[str, list[str]]:
        """A new selection whose whole film has arrived, and the ids of its jobs, not yet sent to the queue."""
        selection_id = add_selection(self.db, shape, **options)
        return selection_id, complete_upload(self.db, selection_id, **self._store(film, selection_id))

    def send_cut(self, cut: Path, shape: dict[str, Any], times: ClipTimes) -> tuple[str, str]:
        """A new selection of one clip that has arrived as a cut of its own, at ``times`` in it, and its job's id."""
        selection_id = add_selection(self.db, shape, whole_film=False)
        with self.db.session() as session:
            [moment] = session.scalars(select(MomentRow).where(MomentRow.selection_id == selection_id))
            moment.cut, moment_id = times, moment.id
        stored = self._store(cut, selection_id)
        length_bytes = cut.stat().st_size
        [job] = complete_upload(self.db, selection_id, moment_id=moment_id, length_bytes=length_bytes, **stored)
        return selection_id, job

    def _store(self, file: Path, selection_id: str) -> dict[str, str]:
        """An upload with this file: first its row, as the API does, since a file without one is swept."""
        upload_id = new_id()
        with self.db.session() as session:
            session.add(
                UploadRow(
                    id=upload_id,
                    selection_id=selection_id,
                    state=UploadState.RECEIVING,
                    length_bytes=file.stat().st_size,
                    offset_bytes=0,
                    expires_at=utcnow() + timedelta(hours=1),
                )
            )
        stored = self.storage.put(file, f"selections/{selection_id}/uploads/{upload_id}")
        return {"upload_id": upload_id, "storage_key": stored.key, "sha256": stored.sha256}

    def enqueue(self, jobs: list[str]) -> None:
        for job in jobs:
            assert enqueue(job, self.settings, self.db)

    def start_worker(self, concurrency: int = 1, *, loaded: bool = True, for_short: int = 0) -> subprocess.Popen[bytes]:
        """A worker process, ``loaded`` or by Python's start; its words go to worker.log in the service's folder."""
        env = {name: value for name, value in os.environ.items() if not name.startswith("VIGPACK_")}
        for name, value in self.settings.model_dump(exclude_defaults=True).items():
            plain = value.get_secret_value() if hasattr(value, "get_secret_value") else value
            env[f"VIGPACK_{name.upper()}"] = str(plain)
        argv = worker_argv(concurrency, for_short)
        begin = start_loaded if loaded else start
        process = begin(argv, self.settings.data_dir / "worker.log", environment={**env, **worker_env()})
        self.workers.append(process)
        return process

    def view(self, selection_id: str) -> SelectionView:
        with self.db.reading() as session:
            seen = selection_view(session, selection_id)
        assert seen is not None
        return seen

    def wait_until_settled(self, selection_id: str, within_s: float = 60) -> SelectionView:
        wait_until(lambda: self.view(selection_id).settled, f"settled; see {self.settings.data_dir}", within_s)
        return self.view(selection_id)

    def log(self) -> str:
        """What the workers said."""
        return (self.settings.data_dir / "worker.log").read_text()

    def end(self) -> None:
        for process in self.workers:
            if process.poll() is None:
                process.kill()
                process.wait()
        self.db.dispose()


def as_worker(settings: Settings) -> str:
    """The database's address for a worker of a role of its own."""
    return settings.database_url.replace("postgres@", f"{ROLE}@")


@contextmanager
def running_service(settings: Settings) -> Iterator[Service]:
    """A service for the length of a block; its workers end with it."""
    service = Service(settings)
    try:
        yield service
    finally:
        service.end()


def encoders_of(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """The ffmpeg processes that encode a clip for a worker just now; not the short ones that measure its sound."""
    encoders = []
    with suppress(psutil.NoSuchProcess):
        for child in psutil.Process(process.pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                if "libx264" in child.cmdline():
                    encoders.append(child)
    return encoders


def wait_for_encoder(process: subprocess.Popen[bytes]) -> psutil.Process:
    """The ffmpeg that encodes for the worker: a job is in the middle."""
    found: list[psutil.Process] = []
    wait_until(lambda: found.extend(encoders_of(process)) or found, "a job in the middle")
    return found[0]


def pool_process(encoder: psutil.Process) -> psutil.Process:
    """The pool process for which this ffmpeg works: it has the jail made in which that runs."""
    return next(one for one in encoder.parents() if "pipeline.jail.zygote" not in one.cmdline())


def wait_until_gone(*processes: psutil.Process) -> None:
    _, alive = psutil.wait_procs(processes, timeout=60)
    assert not alive, f"still running: {alive}"


def assert_nothing_left_behind(service: Service) -> None:
    """Each moment and output once, every stored byte recorded, no job open, no folder of an attempt."""
    with service.db.reading() as session:
        jobs = list(session.execute(select(JobRow.state, JobRow.lease_token)))
        artifacts = set(session.scalars(select(ArtifactRow.storage_key)))
        uploads = set(session.scalars(select(UploadRow.storage_key)))
    assert {job.state for job in jobs} == {JobState.DONE}
    assert {job.lease_token for job in jobs} == {None}
    assert set(service.storage.keys("selections/")) == artifacts | uploads
    wait_until(lambda: not list(service.settings.scratch().iterdir()), "scratch is empty")
