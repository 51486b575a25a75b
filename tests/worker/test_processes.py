"""Real worker processes, killed at the worst moments."""

from __future__ import annotations

import os
import signal
import socket
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
from sqlalchemy import text, update

from records.actions.erase import erase_selection
from records.ledger.workers import drain_worker, undrain_worker
from records.models import JobRow, SelectionState, utcnow
from tests.loaded import run_loaded
from tests.log_lines import events
from tests.records.cast import K_104, add_jobs, figures_of, take
from tests.servers import RedisServer, wait_until
from tests.worker.service import (
    Service,
    assert_nothing_left_behind,
    encoders_of,
    pool_process,
    wait_for_encoder,
    wait_until_gone,
)
from worker.monitoring.health import health

LONG: dict[str, Any] = {"family": "K-104", "clip": [{"in": 0, "out": 12_000}]}
BROKEN_OFF: dict[str, Any] = {"family": "K-104", "clip": [{"in": 0, "out": 8_000}]}
"""For what happens as soon as the encoder runs, and not only at the worker's next heartbeat."""
BOTH = ("review_pack", "picture_notes")


def assert_ready_once(service: Service, selection_id: str) -> None:
    seen = service.wait_until_settled(selection_id)
    assert seen.state == SelectionState.READY, seen.model_dump_json(indent=1)
    assert [len(moment.artifacts) for moment in seen.moments] == [1] * len(seen.moments)
    assert [len(output.artifacts) for output in seen.outputs] == [1] * len(seen.outputs)
    assert_nothing_left_behind(service)


def test_without_any_server_a_film_becomes_pack_and_notes(folder_service: Service, short_film: Path) -> None:
    folder_service.start_worker(2)
    selection_id, jobs = folder_service.send_film(short_film, K_104, outputs=BOTH)
    folder_service.enqueue(jobs)
    assert_ready_once(folder_service, selection_id)
    assert health(folder_service.db, folder_service.settings, folder_service.storage).workers_alive == 1


def test_a_worker_tells_of_a_scratch_folder_that_only_it_sees(folder_service: Service, tmp_path: Path) -> None:
    (tmp_path / "in the way").write_text("no folder")
    settings = folder_service.settings
    folder_service.settings = settings.model_copy(update={"scratch_dir": tmp_path / "in the way"})
    folder_service.start_worker()

    def told() -> list[str]:
        alerts = health(folder_service.db, settings, folder_service.storage).verdict.alerts
        return [alert.message for alert in alerts if alert.code == "folder_not_writable"]

    wait_until(told, "the worker has told")
    [sentence] = told()
    assert sentence.startswith(f"Worker {socket.gethostname()}:")
    assert f"{tmp_path}/in the way cannot be written" in sentence


NO_ROOM = """
CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql
AS $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$;
CREATE TRIGGER no_room BEFORE UPDATE ON jobs FOR EACH ROW EXECUTE FUNCTION no_room()
"""


def test_a_worker_tells_that_the_database_s_disk_is_full_while_the_api_can_write(redis_service: Service) -> None:
    """As on a real disk that was filled: what is small finds room in its table's pages; what is done to jobs, none."""
    [job] = add_jobs(redis_service.db)
    take(redis_service.db, redis_service.settings, job)
    with redis_service.db.session() as session:
        session.execute(update(JobRow).values(lease_until=utcnow() - timedelta(seconds=9)))
        session.execute(text(NO_ROOM))
    redis_service.start_worker()

    def told() -> list[str]:
        found = health(redis_service.db, redis_service.settings, redis_service.storage)
        return [alert.code for alert in found.verdict.alerts]

    wait_until(lambda: "database_full" in told(), "the worker has told", 60)
    assert not {"no_worker", "nothing_taken", "stalled"} & set(told())


def test_a_worker_logs_nothing_but_json_and_names_each_job_it_did(folder_service: Service, short_film: Path) -> None:
    folder_service.start_worker()
    selection_id, jobs = folder_service.send_film(short_film, K_104)
    folder_service.enqueue(jobs)
    folder_service.wait_until_settled(selection_id)
    wait_until(lambda: folder_service.log().count('"job_done"') == len(jobs) + 1, "the pack's job is logged too")
    done = [event for event in events(folder_service.log()) if event["event"] == "job_done"]
    assert set(jobs) < {event["job"] for event in done}
    assert all(event["attempt"] == 1 and event["seconds"] > 0 for event in done)
    assert not any(word in folder_service.log() for word in ("K-104", "Ella"))


def test_with_redis_and_postgresql_two_workers_share_the_work(redis_service: Service, short_film: Path) -> None:
    redis_service.start_worker()
    redis_service.start_worker()
    sent = [redis_service.send_film(short_film, K_104, outputs=BOTH) for _ in range(3)]
    for _, jobs in sent:
        redis_service.enqueue(jobs)
    for selection_id, _ in sent:
        redis_service.wait_until_settled(selection_id)
    for selection_id, _ in sent:
        assert_ready_once(redis_service, selection_id)
    assert health(redis_service.db, redis_service.settings, redis_service.storage).workers_alive == 2


@pytest.mark.logs_errors
@pytest.mark.parametrize("victim", ["worker", "pool process", "ffmpeg"])
def test_killing_a_part_in_mid_job_costs_time_and_nothing_else(
    redis_service: Service, long_film: Path, victim: str
) -> None:
    worker = redis_service.start_worker()
    selection_id, jobs = redis_service.send_film(long_film, BROKEN_OFF)
    redis_service.enqueue(jobs)
    encoder = wait_for_encoder(worker)
    assert encoder.nice() == min(19, psutil.Process().nice() + redis_service.settings.job_niceness)
    pool = pool_process(encoder)
    if victim == "worker":
        worker.kill()
        worker.wait()
        wait_until_gone(encoder, pool)
        redis_service.start_worker()
    elif victim == "pool process":
        pool.kill()
        wait_until_gone(encoder, pool)
    else:
        encoder.kill()
    assert_ready_once(redis_service, selection_id)


@pytest.mark.parametrize("loses", ["nothing", "everything"])
def test_redis_dying_in_mid_job_costs_time_and_nothing_else(
    redis_service: Service, own_redis: RedisServer, long_film: Path, short_film: Path, loses: str
) -> None:
    worker = redis_service.start_worker()
    running, jobs = redis_service.send_film(long_film, BROKEN_OFF)
    redis_service.enqueue(jobs)
    wait_for_encoder(worker)
    waiting, jobs = redis_service.send_film(short_film, K_104)
    redis_service.enqueue(jobs)
    own_redis.kill()
    if loses == "everything":
        for file in own_redis.folder.rglob("appendonly*"):
            if file.is_file():
                file.unlink()
    own_redis.start()
    for selection_id in (running, waiting):
        redis_service.wait_until_settled(selection_id)
    for selection_id in (running, waiting):
        assert_ready_once(redis_service, selection_id)


def test_a_job_that_finishes_while_redis_is_down_has_its_pack_made_later(
    redis_service: Service, own_redis: RedisServer, short_film: Path
) -> None:
    redis_service.start_worker()
    selection_id, jobs = redis_service.send_film(short_film, K_104)
    redis_service.enqueue(jobs)
    wait_until(lambda: "running" in {moment.state for moment in redis_service.view(selection_id).moments}, "running")
    own_redis.kill()
    wait_until(lambda: "ready" in {moment.state for moment in redis_service.view(selection_id).moments}, "finished")
    own_redis.start()
    assert_ready_once(redis_service, selection_id)


def test_killing_the_worker_without_any_server_costs_time_and_nothing_else(
    folder_service: Service, long_film: Path
) -> None:
    worker = folder_service.start_worker()
    selection_id, jobs = folder_service.send_film(long_film, BROKEN_OFF)
    folder_service.enqueue(jobs)
    encoder = wait_for_encoder(worker)
    worker.kill()
    worker.wait()
    wait_until_gone(encoder)
    folder_service.start_worker()
    assert_ready_once(folder_service, selection_id)


def test_erasing_a_selection_stops_its_running_job_and_keeps_nothing(folder_service: Service, long_film: Path) -> None:
    worker = folder_service.start_worker()
    selection_id, jobs = folder_service.send_film(long_film, LONG)
    folder_service.enqueue(jobs)
    encoder = wait_for_encoder(worker)
    assert erase_selection(folder_service.db, folder_service.storage, folder_service.settings, selection_id)
    wait_until_gone(encoder)
    wait_until(lambda: '"event": "lease_lost"' in folder_service.log(), "the attempt is given up")
    wait_until(lambda: not list(folder_service.settings.scratch().iterdir()), "scratch is empty")
    wait_until(lambda: not list(folder_service.storage.keys("selections/")), "storage is empty")


def test_a_job_that_takes_too_long_is_ended_in_words(folder_service: Service, long_film: Path) -> None:
    folder_service.settings = folder_service.settings.model_copy(update={"job_limit_s": 1})
    worker = folder_service.start_worker()
    twice = {**LONG, "clip": LONG["clip"] * 2}  # the first one is not alone, so it has one core and takes longer
    selection_id, jobs = folder_service.send_film(long_film, twice)
    folder_service.enqueue(jobs)
    error = folder_service.wait_until_settled(selection_id).moments[0].error
    assert error is not None
    assert error.code == "took_too_long"
    assert encoders_of(worker) == []


def test_a_stopped_worker_finishes_the_job_at_hand(folder_service: Service, long_film: Path) -> None:
    worker = folder_service.start_worker()
    selection_id, jobs = folder_service.send_film(long_film, BROKEN_OFF, outputs=())
    folder_service.enqueue(jobs)
    wait_for_encoder(worker)
    worker.send_signal(signal.SIGTERM)
    worker.wait(60)
    assert_ready_once(folder_service, selection_id)


def test_a_stopped_worker_leaves_no_process(folder_service: Service) -> None:
    worker = folder_service.start_worker(2, loaded=False)
    wait_until(lambda: health(folder_service.db, folder_service.settings).workers_alive, "a sign of life")
    pool = psutil.Process(worker.pid).children(recursive=True)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(60) == 0
    wait_until_gone(*pool)
    [left] = figures_of(folder_service.db, folder_service.settings).workers
    assert left.state == "left"


def test_a_worker_that_hangs_is_ended_and_the_next_one_does_its_work(folder_service: Service, short_film: Path) -> None:
    """First its parent stands still, which its pool notices; then all of it, which its health check does."""
    folder_service.settings = folder_service.settings.model_copy(update={"hung_after_s": 10, "worker_name": "moments"})
    worker = folder_service.start_worker()
    wait_until(lambda: health(folder_service.db, folder_service.settings).workers_alive, "it reports")
    worker.send_signal(signal.SIGSTOP)
    one_clip = {"family": "K-104", "clip": [{"in": 0, "out": 1000}]}
    selection_id, jobs = folder_service.send_film(short_film, one_clip, outputs=())
    folder_service.enqueue(jobs)
    assert worker.wait(60) == -signal.SIGKILL
    wait_until(lambda: '"event": "worker_hung"' in folder_service.log(), "why is told")

    again = folder_service.start_worker(loaded=False)
    assert_ready_once(folder_service, selection_id)
    everyone = [psutil.Process(again.pid), *psutil.Process(again.pid).children(recursive=True)]
    for process in everyone:
        process.suspend()
    check = [sys.executable, "-P", "-m", "cli", "worker", "--check", "--end-hung"]
    settings = {"DATA_DIR": str(folder_service.settings.data_dir), "HUNG_AFTER_S": "10", "HEARTBEAT_S": "1"}
    environment = {**os.environ, **{f"VIGPACK_{name}": value for name, value in settings.items()}}

    def ends_it() -> bool:
        asked = run_loaded(check, environment)
        return "It hung, and was ended" in asked.stderr

    wait_until(ends_it, "its health check ends it")
    assert again.wait(60) == -signal.SIGKILL
    wait_until_gone(*everyone)


def test_a_drained_worker_ends_its_job_and_waits_when_started_again_until_it_is_back(
    redis_service: Service, long_film: Path
) -> None:
    redis_service.settings = redis_service.settings.model_copy(update={"worker_name": "moments"})
    name = f"{socket.gethostname()}:moments"
    worker = redis_service.start_worker()
    selection_id, jobs = redis_service.send_film(long_film, {**LONG, "clip": LONG["clip"] * 2}, outputs=())
    redis_service.enqueue(jobs)
    wait_for_encoder(worker)
    with redis_service.db.session() as session:
        drain_worker(session, name)
    assert worker.wait(60) == 0
    assert sorted(moment.state for moment in redis_service.view(selection_id).moments) == ["queued", "ready"]

    again = redis_service.start_worker()
    wait_until(lambda: f"vigpack worker --undrain {name}" in redis_service.log(), "the drained worker waits")
    assert health(redis_service.db, redis_service.settings).workers_alive == 0
    assert again.poll() is None
    with redis_service.db.session() as session:
        undrain_worker(session, name)
    assert_ready_once(redis_service, selection_id)
