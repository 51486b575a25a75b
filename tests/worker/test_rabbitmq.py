"""The same service with a quorum queue of RabbitMQ as its bell."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from api.diagnostics.checks import check_queue
from records.models import SelectionState
from records.settings import Settings
from tests.databases import make_tables
from tests.rabbitmq import RabbitServer, rabbitmq_program, running_rabbitmq
from tests.records.cast import K_104
from tests.worker.service import QUICK, Service, assert_nothing_left_behind, running_service
from worker.broker import QUEUE, enqueue, make_celery, queue_length

TOGETHER = "rabbitmq"

pytestmark = pytest.mark.skipif(
    rabbitmq_program() is None, reason="no RabbitMQ here (on Debian and Ubuntu: apt install rabbitmq-server)"
)


@pytest.fixture(scope="module")
def rabbit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitServer]:
    with running_rabbitmq(tmp_path_factory.mktemp("rabbitmq")) as server:
        yield server


@pytest.fixture
def rabbit_service(rabbit: RabbitServer, tmp_path: Path) -> Iterator[Service]:
    settings = Settings(data_dir=tmp_path / "data", broker_url=rabbit.url, **QUICK)
    make_tables(settings)
    with make_celery(settings).connection_for_write() as connection:
        connection.default_channel.queue_delete(QUEUE)
    with running_service(settings) as service:
        yield service


def test_with_rabbitmq_a_film_becomes_a_pack(rabbit_service: Service, short_film: Path) -> None:
    selection_id, jobs = rabbit_service.send_film(short_film, K_104)
    assert queue_length(rabbit_service.settings) == 0
    rabbit_service.enqueue(jobs)
    assert queue_length(rabbit_service.settings) == len(jobs)
    told = check_queue(rabbit_service.settings)
    assert (told.state, told.found) == ("ok", "RabbitMQ, a quorum queue with 3 messages")
    rabbit_service.start_worker()
    assert rabbit_service.wait_until_settled(selection_id).state == SelectionState.READY
    assert_nothing_left_behind(rabbit_service)


def test_a_rabbitmq_that_is_killed_and_comes_back_costs_time_and_nothing_else(
    rabbit_service: Service, rabbit: RabbitServer, short_film: Path
) -> None:
    rabbit_service.start_worker()
    selection_id, jobs = rabbit_service.send_film(short_film, K_104)
    rabbit.kill()
    assert not enqueue(jobs[0], rabbit_service.settings, rabbit_service.db)
    assert queue_length(rabbit_service.settings) is None
    assert check_queue(rabbit_service.settings).state == "bad"
    rabbit.start()
    assert rabbit_service.wait_until_settled(selection_id, within_s=120).state == SelectionState.READY
    assert_nothing_left_behind(rabbit_service)


def test_a_queue_of_another_kind_is_told(rabbit_service: Service) -> None:
    with make_celery(rabbit_service.settings).connection_for_write() as connection:
        connection.default_channel.queue_declare(QUEUE, durable=True, auto_delete=False)
    assert queue_length(rabbit_service.settings) is None
    assert check_queue(rabbit_service.settings).state == "bad"
