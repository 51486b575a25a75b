from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import update

from records.database import Database
from records.models import JobRow, utcnow
from records.settings import Settings
from tests.records.cast import K_104, add_jobs, job_row
from tests.servers import RedisServer, wait_until
from tests.worker.service import Service
from worker.broker import QUEUE, enqueue, make_celery, queue_length, send
from worker.command import worker_argv
from worker.lease import LOOK_EVERY_S
from worker.maintenance.recovery import resend_lost


def every_message(redis: RedisServer) -> list[dict[str, object]]:
    client = redis.client()
    names = [name for name in client.keys(f"{QUEUE}*") if client.type(name) == b"list"]
    return [json.loads(raw) for name in names for raw in client.lrange(name, 0, -1)]


@pytest.fixture
def silent_server() -> Iterator[str]:
    """The address of a server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"


def test_a_message_carries_the_id_and_nothing_of_the_family(redis_service: Service, own_redis: RedisServer) -> None:
    (job,) = add_jobs(redis_service.db)
    redis_service.enqueue([job])
    (message,) = every_message(own_redis)
    assert message["content-type"] == "application/json"
    assert job in json.dumps(message["headers"])
    assert "K-207" not in json.dumps(message)
    assert job_row(redis_service.db, job).sent_at is not None


def test_the_queue_tells_its_length_over_all_priorities(service: Service) -> None:
    assert queue_length(service.settings) == 0
    jobs = add_jobs(service.db, K_104)
    service.enqueue(jobs)
    assert queue_length(service.settings) == len(jobs)


def test_with_redis_down_a_job_stays_queued_and_recovery_sends_it_later(
    redis_service: Service, own_redis: RedisServer
) -> None:
    db, settings = redis_service.db, redis_service.settings
    own_redis.kill()
    (job,) = add_jobs(db)
    assert not enqueue(job, settings, db)
    assert queue_length(settings) is None
    assert resend_lost(db, settings) == 0
    assert job_row(db, job).sent_at is None
    own_redis.start()
    assert resend_lost(db, settings) == 1
    assert queue_length(settings) == 1


def test_the_first_job_after_a_restart_of_redis_is_sent(redis_service: Service, own_redis: RedisServer) -> None:
    first, second, _ = add_jobs(redis_service.db, K_104)
    redis_service.enqueue([first])
    own_redis.kill()
    own_redis.start()
    redis_service.enqueue([second])
    assert queue_length(redis_service.settings) == 2


def test_a_silent_broker_holds_the_caller_up_for_seconds_only(folder_service: Service, silent_server: str) -> None:
    (job,) = add_jobs(folder_service.db)
    silent = folder_service.settings.model_copy(update={"broker_url": silent_server})
    began = time.monotonic()
    assert not enqueue(job, silent, folder_service.db)
    assert time.monotonic() - began < 40  # the client's own defaults hold on for about a minute


def test_a_job_that_is_not_queued_any_more_is_not_sent(service: Service) -> None:
    assert enqueue("0" * 32, service.settings, service.db)
    assert queue_length(service.settings) == 0


def test_recovery_sends_exactly_what_redis_lost(redis_service: Service, own_redis: RedisServer) -> None:
    db, settings = redis_service.db, redis_service.settings.model_copy(update={"recovery_s": 60})
    jobs = add_jobs(db, K_104)
    redis_service.enqueue(jobs)
    _make_long_ago(db)
    assert resend_lost(db, settings) == 0
    own_redis.client().flushall()
    assert resend_lost(db, settings) == len(jobs)
    _make_long_ago(db)
    assert resend_lost(db, settings) == 0
    assert queue_length(settings) == len(jobs)


def _make_long_ago(db: Database) -> None:
    """What was sent was sent an hour ago."""
    with db.session() as session:
        session.execute(update(JobRow).values(sent_at=utcnow() - timedelta(hours=1)))


def test_recovery_leaves_a_message_alone_that_was_sent_just_now(redis_service: Service, own_redis: RedisServer) -> None:
    settings = redis_service.settings.model_copy(update={"recovery_s": 60})
    redis_service.enqueue(add_jobs(redis_service.db))
    own_redis.client().flushall()
    assert resend_lost(redis_service.db, settings) == 0


def test_no_message_is_given_to_a_second_worker_while_the_longest_job_may_run(tmp_path: Path) -> None:
    conf = make_celery(Settings(data_dir=tmp_path, broker_url="redis://127.0.0.1:1/0")).conf
    assert conf.broker_transport_options["visibility_timeout"] > conf.task_time_limit > conf.task_soft_time_limit
    assert not conf.task_acks_late


def test_a_job_over_its_limit_is_ended_by_its_lease_before_celery_throws_into_it(tmp_path: Path) -> None:
    """Into whatever runs just then: it could be the note of how the job ended, which would be lost."""
    conf = make_celery(Settings(data_dir=tmp_path, job_limit_s=100)).conf
    assert 100 + 10 * LOOK_EVERY_S < conf.task_soft_time_limit < conf.task_time_limit


def test_a_worker_is_started_by_this_very_python() -> None:
    argv = worker_argv(2)
    assert argv[1:] == ["-P", "-m", "worker", "--concurrency", "2"]


def test_a_message_in_the_folder_is_whole_as_soon_as_it_can_be_seen(folder_service: Service) -> None:
    settings = folder_service.settings
    assert queue_length(settings) == 0
    seen: set[bytes] = set()
    sent = Event()

    def look() -> None:
        while not sent.is_set():
            seen.update(path.read_bytes() for path in (settings.data_dir / "messages").glob("*.msg"))

    with ThreadPoolExecutor(1) as pool:
        looking = pool.submit(look)
        for number in range(100):
            assert send(f"{number:032}", settings)
        sent.set()
        looking.result(60)
    assert len(seen) > 1
    assert all(json.loads(text) for text in seen)


def test_an_empty_file_in_the_folder_ends_no_worker_and_stops_none_from_starting(folder_service: Service) -> None:
    settings = folder_service.settings
    (job,) = add_jobs(folder_service.db)
    assert send(job, settings)
    exchange = settings.data_dir / "messages" / "control" / f"{QUEUE}.exchange"
    exchange.parent.mkdir()
    exchange.touch()
    (settings.data_dir / "messages" / f"0_0.{QUEUE}.msg").write_bytes(b"")
    worker = folder_service.start_worker()
    wait_until(lambda: queue_length(settings) == 0, "both messages taken")
    wait_until(lambda: "message_unreadable" in folder_service.log(), "a word of the empty one")
    assert send(job, settings)
    wait_until(lambda: queue_length(settings) == 0, "a later message taken")
    assert worker.poll() is None
    assert json.loads(exchange.read_text())
