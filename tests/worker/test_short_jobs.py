"""What is made in a second or two does not wait for what takes long, however much of that waits; and that comes too."""

from __future__ import annotations

import signal
from pathlib import Path

from sqlalchemy import func, select, update

from records.documents import ClipTimes
from records.ledger.scheduling import Priority
from records.models import JobRow, JobState
from tests.footage import numbered_film
from tests.records.cast import K_207, add_jobs, job_row
from tests.servers import wait_until
from tests.worker.service import Service, encoders_of

CLIPS = {**K_207, "clip": [{"in": 10 * n, "out": 10 * n + 500} for n in range(100)]}


def test_a_light_moment_is_ready_while_the_only_encoder_is_busy_and_300_jobs_wait(
    redis_service: Service, long_film: Path, tmp_path: Path
) -> None:
    service = redis_service
    _, [busy] = service.send_film(long_film, {**K_207, "clip": [{"in": 0, "out": 11_000}]})
    worker = service.start_worker(1, for_short=1)
    service.enqueue([busy])
    wait_until(lambda: encoders_of(worker), "the encoder is busy")
    for encoder in encoders_of(worker):
        encoder.send_signal(signal.SIGSTOP)
    waiting = [job for _ in range(3) for job in add_jobs(service.db, CLIPS)]
    with service.db.session() as session:  # a third of them as urgent as packs that somebody waits for
        session.execute(update(JobRow).where(JobRow.id.in_(waiting[::3])).values(priority=Priority.AWAITED_PACK))
    service.enqueue(waiting)
    film = numbered_film(tmp_path / "light.mp4", frames=150, fps="25")
    shape = {**K_207, "clip": [{"in": 1000, "out": 4000}]}
    selection_id, light = service.send_cut(film, shape, ClipTimes(in_ms=1000, out_ms=4000))
    service.enqueue([light])
    wait_until(lambda: job_row(service.db, light).state == JobState.DONE, f"ready; see {service.settings.data_dir}")
    told = [(moment.state, moment.facts and moment.facts.picture) for moment in service.view(selection_id).moments]
    assert told == [("ready", "colours")]
    begun = select(func.count()).where(JobRow.id.in_(waiting), JobRow.started_at.is_not(None))
    with service.db.reading() as session:
        assert session.scalar(begun) == 0
    for encoder in encoders_of(worker):
        encoder.send_signal(signal.SIGCONT)

    def others_go_on() -> bool:
        with service.db.reading() as session:
            return (session.scalar(begun) or 0) > 1

    wait_until(others_go_on, "what waited is begun, though its messages were spent")
