"""What an API process does by itself, and that nothing unforeseen ends it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import update

from api.background import keep_running_maintenance, run_maintenance
from api.dependencies import AppContext
from api.records_ready import RecordsReady
from records.actions.erase import mark_erased
from records.keys.ring import key_ring
from records.logs import configure_logging
from records.models import FamilyRow, JobRow, SelectionRow, UploadRow
from records.settings import Settings
from records.storage.contract import Stored
from records.storage.open import open_storage
from records.storage.seal_format import Readable
from records.storage.sealed import SealedStorage
from records.uploads.partial_file import partial_path
from records.uploads.uploads import Upload, Uploads
from tests.effects import open_alone
from tests.footage import JAIL, RUNNER
from tests.records.cast import K_207, add_selection


class Broken(SealedStorage):
    """A store that fails in a way nobody foresaw, for one upload or for some time."""

    def __init__(self, settings: Settings, failures: int = 1) -> None:
        super().__init__(open_storage(settings).inner, key_ring(settings))
        self._failures = failures

    def put_stream(self, source: Readable, size: int, key: str) -> Stored:
        if self._failures:
            self._failures -= 1
            raise RuntimeError("Ella looks up")
        return super().put_stream(source, size, key)


@pytest.fixture
def waiting(app_settings: Settings) -> AppContext:
    """Two uploads that are all here and were not handed on, and a store that fails the first time."""
    settings = app_settings.model_copy(update={"recovery_s": 1})
    db, storage = open_alone(settings), open_storage(settings)
    uploads = Uploads(db, Broken(settings), settings)
    for _ in range(2):
        upload = uploads.create(4, selection_id=add_selection(db, K_207))
        partial_path(settings, upload.id).write_bytes(b"film")
    with db.session() as session:
        session.execute(update(UploadRow).values(offset_bytes=4))
    return AppContext(settings, db, storage, uploads, RUNNER, JAIL)


def jobs(ctx: AppContext) -> int:
    with ctx.db.reading() as session:
        return session.query(JobRow).count()


@pytest.mark.logs_errors
def test_one_upload_that_cannot_be_handed_on_does_not_keep_others_waiting(
    waiting: AppContext, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging()
    assert run_maintenance(waiting) == 1
    assert run_maintenance(waiting) == 1
    said = capsys.readouterr()
    assert "RuntimeError" in said.err + said.out
    assert "Ella" not in said.err + said.out


class UnluckyOnce(Uploads):
    """Uploads that cannot be looked through the first time."""

    failures = 1

    def waiting_to_finish(self) -> list[Upload]:
        if self.failures:
            self.failures -= 1
            raise RuntimeError("Ella looks up")
        return super().waiting_to_finish()


@pytest.mark.logs_errors
def test_maintenance_goes_on_after_an_error_nobody_foresaw(waiting: AppContext) -> None:
    unlucky = UnluckyOnce(waiting.db, waiting.storage, waiting.settings)

    async def maintain_until_all_are_handed_on() -> None:
        ctx = replace(waiting, uploads=unlucky)
        maintenance = asyncio.create_task(keep_running_maintenance(ctx, ready := RecordsReady(ctx)))
        await asyncio.to_thread(ready.looked.wait, 60)
        async with asyncio.timeout(60):
            while jobs(waiting) < 2:  # noqa: ASYNC110 the database tells nobody
                await asyncio.sleep(0.05)
        maintenance.cancel()

    with ThreadPoolExecutor(1) as elsewhere:  # in this thread a browser of other tests may keep a loop running
        elsewhere.submit(asyncio.run, maintain_until_all_are_handed_on()).result()
    assert (unlucky.failures, jobs(waiting)) == (0, 2)


def test_an_erasure_that_a_crash_left_is_ended(app_settings: Settings) -> None:
    db, storage = open_alone(app_settings), open_storage(app_settings)
    selection_id = add_selection(db, K_207)
    with db.session() as session:
        mark_erased(session, selection_id)
    run_maintenance(AppContext(app_settings, db, storage, Uploads(db, storage, app_settings), RUNNER, JAIL))
    with db.reading() as session:
        assert session.query(SelectionRow).count() == session.query(FamilyRow).count() == 0


HANGING = """
import asyncio, time
from api.background import keep_beating

async def main():
    beating = asyncio.create_task(keep_beating(hung_after_s=1))
    await asyncio.sleep(0.1)
    time.sleep(60)  # not asyncio's: the loop stands still

asyncio.run(main())
"""


def test_a_process_whose_event_loop_stands_still_ends_to_be_started_anew() -> None:
    done = subprocess.run([sys.executable, "-c", HANGING], capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == 1
    assert "event_loop_hung" in done.stderr
