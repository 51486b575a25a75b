"""What docs/operations.md tells IT to do about secrets, done: another password for the queue."""

from __future__ import annotations

from pathlib import Path

from records.models import SelectionState
from records.settings import Settings
from tests.databases import make_tables
from tests.footage import numbered_film
from tests.records.cast import K_104
from tests.servers import running_redis
from tests.worker.service import QUICK, running_service


def test_the_queue_gets_another_password_and_no_job_is_lost(tmp_path: Path) -> None:
    film = numbered_film(tmp_path / "film.mp4", frames=150, fps="25")
    (tmp_path / "redis").mkdir()
    with running_redis(tmp_path / "redis") as redis:
        settings = Settings(data_dir=tmp_path / "data", broker_url=redis.url, **QUICK)
        make_tables(settings)
        with running_service(settings) as service:
            selection_id, jobs = service.send_film(film, K_104)
            service.enqueue(jobs)
        redis.kill()
        redis.password = "another"
        redis.start()
        with running_service(settings.model_copy(update={"broker_url": redis.url})) as service:
            service.start_worker()
            assert service.wait_until_settled(selection_id).state == SelectionState.READY
