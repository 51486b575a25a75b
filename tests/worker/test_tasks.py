from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from pipeline.jail.jail import Task
from pipeline.outputs.kinds import KINDS
from pipeline.run.orders import MomentMade
from records.actions.complete_job import requeue_expired
from records.actions.erase import erase_selection
from records.actions.trim import trim_moment
from records.documents import ClipTimes
from records.ledger.store_identity import LABEL_KEY
from records.migrations.migrate import migrate
from records.models import JobRow, JobState, MomentRow, SelectionState, utcnow
from records.settings import Settings
from records.storage.contract import Storage, Stored
from tests.effects import effects_on, woken_by
from tests.footage import DECODERS, JAIL, RUNNER, numbers_in
from tests.records.cast import K_104, K_207, job_row, take
from tests.worker.service import QUICK, Service, assert_nothing_left_behind, running_service
from worker import tasks
from worker.broker import queue_length
from worker.context import WorkerContext
from worker.effects import carry_out_effects
from worker.maintenance.recovery import sweep
from worker.tasks import attempt, run_job


def context_of(service: Service, storage: Storage | None = None) -> WorkerContext:
    return WorkerContext(service.settings, service.db, storage or service.storage, RUNNER, "w", JAIL, DECODERS)


def do_all(service: Service, jobs: list[str]) -> None:
    """Do these jobs and what follows from them."""
    for job in jobs:
        claimed = take(service.db, service.settings, job)
        do_all(service, woken_by(service.db, partial(attempt, context_of(service), claimed)))


def fetched(service: Service, selection_id: str, name: str, folder: Path) -> Path:
    seen = service.view(selection_id)
    for artifact in [file for part in [*seen.moments, *seen.outputs] for file in part.artifacts]:
        if artifact.name == name:
            key = next(key for key in service.storage.keys("selections/") if key.endswith(f"/{name}"))
            service.storage.fetch(key, folder / name, sha256=artifact.sha256)
            return folder / name
    raise AssertionError(f"no {name} among the artifacts")


def test_a_moment_of_a_whole_film_has_exactly_its_frames(
    folder_service: Service, short_film: Path, tmp_path: Path
) -> None:
    selection_id, jobs = folder_service.send_film(short_film, K_104)
    do_all(folder_service, jobs)
    assert numbers_in(fetched(folder_service, selection_id, "01.mp4", tmp_path)) == list(range(25, 75))
    assert_nothing_left_behind(folder_service)


def test_a_moment_cut_by_the_page_keeps_the_films_clock_in_the_pack(
    folder_service: Service, short_film: Path, tmp_path: Path
) -> None:
    selection_id, jobs = folder_service.send_film(
        short_film, {"family": "K-104", "clip": [{"in": 61000, "out": 62000}]}
    )
    with folder_service.db.session() as session:
        session.execute(update(MomentRow).values(cut=ClipTimes(in_ms=1000, out_ms=2000)))
    do_all(folder_service, jobs)
    assert numbers_in(fetched(folder_service, selection_id, "01.mp4", tmp_path)) == list(range(25, 50))
    with zipfile.ZipFile(fetched(folder_service, selection_id, "review-pack.zip", tmp_path)) as pack:
        shape = json.loads(pack.read("review-pack/pack.json"))
    assert "61000" in json.dumps(shape)
    assert "62000" in json.dumps(shape)


def test_the_facts_of_a_finished_clip_are_kept(folder_service: Service, short_film: Path) -> None:
    selection_id, jobs = folder_service.send_film(short_film, K_104)
    do_all(folder_service, jobs)
    clip, _, still = folder_service.view(selection_id).moments
    assert clip.facts is not None
    assert still.facts is not None
    kept = clip.facts.model_dump(include={"in_ms", "out_ms", "width_px", "height_px", "fps", "duration_ms"})
    assert kept == {"in_ms": 1000, "out_ms": 3000, "width_px": 320, "height_px": 240, "fps": 25.0, "duration_ms": 2000}
    assert (still.facts.in_ms, still.facts.out_ms) == (5000, None)


def test_a_kind_that_a_selection_has_nothing_for_is_done_without_a_file(
    folder_service: Service, short_film: Path
) -> None:
    selection_id, jobs = folder_service.send_film(short_film, K_207, outputs=("picture_notes",))
    do_all(folder_service, jobs)
    seen = folder_service.view(selection_id)
    assert (seen.state, seen.outputs[0].artifacts) == (SelectionState.READY, [])


def test_what_is_no_film_fails_at_once_in_a_sentence(folder_service: Service, tmp_path: Path) -> None:
    page = tmp_path / "page.mp4"
    page.write_text("<html><body>Sign in to download</body></html>" * 100)
    selection_id, jobs = folder_service.send_film(page, K_207)
    do_all(folder_service, jobs)
    seen = folder_service.view(selection_id)
    assert (seen.state, seen.moments[0].attempts) == (SelectionState.FAILED, 1)
    assert seen.moments[0].error is not None
    assert seen.moments[0].error.code in {"not_a_film", "film_unreadable"}
    assert list(folder_service.settings.scratch().iterdir()) == []


def test_a_source_that_was_changed_in_storage_is_not_used(s3_settings: Settings, short_film: Path) -> None:
    chosen = s3_settings.model_copy(update=QUICK)
    migrate(chosen)
    with running_service(chosen) as service:
        selection_id, (job,) = service.send_film(short_film, K_207)
        key = next(iter(service.storage.keys("selections/")))
        other = service.settings.data_dir / "other.mp4"
        other.write_bytes(short_film.read_bytes()[::-1])
        service.storage.put(other, key)
        do_all(service, [job])
        error = service.view(selection_id).moments[0].error
    assert error is not None
    assert error.code == "storage_damaged"


def test_with_s3_the_whole_way_leaves_nothing_behind(s3_settings: Settings, short_film: Path, tmp_path: Path) -> None:
    chosen = s3_settings.model_copy(update=QUICK)
    migrate(chosen)
    with running_service(chosen) as service:
        selection_id, jobs = service.send_film(short_film, K_104, outputs=("review_pack", "picture_notes"))
        do_all(service, jobs)
        assert service.view(selection_id).state == SelectionState.READY
        assert numbers_in(fetched(service, selection_id, "02.mp4", tmp_path)) == list(range(100, 125))
        assert_nothing_left_behind(service)


@pytest.mark.parametrize(
    ("how", "code"), [("break_down", "unexpected"), ("disk_is_full", "no_space"), ("disk_is_full_in_words", "no_space")]
)
def test_an_unforeseen_error_is_recorded_without_its_text_and_a_full_disk_costs_no_attempt(
    folder_service: Service, short_film: Path, monkeypatch: pytest.MonkeyPatch, how: str, code: str
) -> None:
    monkeypatch.setattr("worker.jobs.moment.MAKE_MOMENT", Task(f"tests.worker.broken_work:{how}", MomentMade))
    _, jobs = folder_service.send_film(short_film, K_207)
    do_all(folder_service, jobs)
    row = job_row(folder_service.db, jobs[0])
    assert (row.state, row.error_code) == (JobState.QUEUED, code)
    assert row.attempts == (code == "unexpected")
    assert row.error_detail is not None
    assert "Error" in row.error_detail
    assert " at zygote.py:" in row.error_detail
    assert "Ella" not in row.error_detail + (row.error_sentence or "")


class _ErasingStorage:
    """A store to which the guider's erasing comes in the middle of publishing."""

    def __init__(self, service: Service, selection_id: str) -> None:
        self._service = service
        self._selection_id = selection_id

    def __getattr__(self, name: str) -> Any:
        return getattr(self._service.storage, name)

    def put(self, path: Path, key: str) -> Stored:
        service = self._service
        if key != LABEL_KEY:
            assert erase_selection(service.db, service.storage, service.settings, self._selection_id)
        return service.storage.put(path, key)


def test_a_selection_erased_while_its_moment_is_published_keeps_nothing(service: Service, short_film: Path) -> None:
    selection_id, (job, *_) = service.send_film(short_film, K_104)
    storage = _ErasingStorage(service, selection_id)
    claimed = take(service.db, service.settings, job)
    assert woken_by(service.db, partial(attempt, context_of(service, storage), claimed)) == []
    assert list(service.storage.keys("selections/")) == []


def test_an_attempt_after_a_killed_one_clears_what_that_had_stored(folder_service: Service, short_film: Path) -> None:
    _, (job,) = folder_service.send_film(short_film, K_207, outputs=())
    killed = take(folder_service.db, folder_service.settings, job)
    folder_service.storage.put(short_film, f"selections/{killed.selection_id}/jobs/{job}/{killed.token}/01.mp4")
    with folder_service.db.session() as session:
        session.execute(update(JobRow).values(lease_until=utcnow()))
    assert requeue_expired(folder_service.db, folder_service.settings.model_copy(update={"retry_after_s": 0})) == (1, 0)
    do_all(folder_service, [job])
    assert_nothing_left_behind(folder_service)


@pytest.fixture
def own_process(folder_service: Service, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """This process as one of the service's worker processes."""
    monkeypatch.setattr("worker.tasks.worker_context", lambda: context_of(folder_service))
    return folder_service


def test_a_message_that_comes_twice_or_for_nothing_is_ignored(own_process: Service, short_film: Path) -> None:
    _, (job,) = own_process.send_film(short_film, K_207, outputs=())
    run_job("0" * 32)
    run_job(job)
    run_job(job)
    assert job_row(own_process.db, job).attempts == 1
    assert_nothing_left_behind(own_process)


def test_the_jobs_that_follow_are_sent_after_the_last_moment(own_process: Service, short_film: Path) -> None:
    _, (job,) = own_process.send_film(short_film, K_207, outputs=tuple(KINDS))
    carry_out_effects(own_process.db, own_process.storage, own_process.settings)
    run_job(job)
    assert queue_length(own_process.settings) == len(KINDS)


def test_a_moment_prepared_again_from_other_ends_replaces_the_old_one(
    folder_service: Service, short_film: Path, tmp_path: Path
) -> None:
    selection_id, jobs = folder_service.send_film(short_film, K_104)
    do_all(folder_service, jobs)
    clip, *_ = folder_service.view(selection_id).moments
    with effects_on(folder_service.db) as effects, folder_service.db.session() as session:
        trim_moment(session, selection_id, clip.id, ClipTimes(in_ms=0, out_ms=6000), None)
    do_all(folder_service, effects.jobs)
    assert numbers_in(fetched(folder_service, selection_id, "01.mp4", tmp_path)) == list(range(150))
    with zipfile.ZipFile(fetched(folder_service, selection_id, "review-pack.zip", tmp_path)) as pack:
        (tmp_path / "packed.mp4").write_bytes(pack.read("review-pack/clips/01.mp4"))
        first, *_ = json.loads(pack.read("review-pack/pack.json"))["moments"]
    assert numbers_in(tmp_path / "packed.mp4") == list(range(150))
    assert (first["source_in_ms"], first["source_out_ms"]) == (0, 6000)
    assert_nothing_left_behind(folder_service)


def test_what_a_crash_left_of_the_old_one_is_swept_away(
    folder_service: Service, short_film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    selection_id, jobs = folder_service.send_film(short_film, K_207)
    do_all(folder_service, jobs)
    (clip,) = folder_service.view(selection_id).moments
    with effects_on(folder_service.db) as effects, folder_service.db.session() as session:
        trim_moment(session, selection_id, clip.id, ClipTimes(in_ms=0, out_ms=2000), None)
    monkeypatch.setattr(tasks, "sweep_attempts", lambda *_: 0)  # the process ends just after its last transaction
    before = set(folder_service.storage.keys("selections/"))
    do_all(folder_service, effects.jobs)
    assert before < set(folder_service.storage.keys("selections/"))
    sweep(folder_service.db, folder_service.storage, folder_service.settings)
    assert_nothing_left_behind(folder_service)
