from __future__ import annotations

import shutil
from datetime import timedelta

import pytest
from sqlalchemy import update

from records.database import Database
from records.errors import NoRoom, QueueFull
from records.models import JobRow, JobState, utcnow
from records.settings import Settings
from records.uploads.admission import check_queue, check_room
from records.uploads.partial_file import incoming_folder
from tests.records.cast import add_jobs


def marked(settings: Settings, most: int) -> Settings:
    return settings.model_copy(update={"most_waiting_jobs": most})


def test_nothing_new_is_taken_while_as_many_jobs_wait_as_may(db: Database, settings: Settings) -> None:
    add_jobs(db)
    add_jobs(db)
    with db.reading() as session:
        check_queue(session, marked(settings, 3))
        with pytest.raises(QueueFull, match="2 jobs wait"):
            check_queue(session, marked(settings, 2))


@pytest.mark.parametrize(
    "values",
    [
        {"state": JobState.RUNNING},
        {"state": JobState.HELD},
        {"state": JobState.DONE},
        {"not_before": utcnow() + timedelta(hours=1)},
    ],
)
def test_only_jobs_that_a_worker_could_take_now_count_as_waiting(
    db: Database, settings: Settings, values: dict[str, object]
) -> None:
    [job] = add_jobs(db)
    with db.session() as session:
        session.execute(update(JobRow).where(JobRow.id == job).values(**values))
    with db.reading() as session:
        check_queue(session, marked(settings, 1))


def test_what_is_to_come_counts_against_the_room_that_is_kept_free(settings: Settings) -> None:
    free = shutil.disk_usage(incoming_folder(settings)).free
    half = settings.model_copy(update={"min_free_bytes": free // 2})
    check_room(half)
    check_room(half, coming_bytes=free // 4)
    with pytest.raises(NoRoom, match="to keep"):
        check_room(half, coming_bytes=free // 4 * 3)
    with pytest.raises(NoRoom):
        check_room(settings.model_copy(update={"min_free_bytes": 2 * free}))
