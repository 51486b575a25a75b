"""Jobs that ended, without the media work: for tests of what is told afterwards."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from sqlalchemy import update

from pipeline.errors import FilmUnreadable, PipelineError
from records.actions.complete_job import fail, finish
from records.database import Database
from records.documents import MomentFacts
from records.models import ArtifactRow, JobRow, MomentRow, new_id, utcnow
from records.settings import Settings
from tests.effects import woken_by
from tests.records.cast import take


def finish_job(
    db: Database, job_id: str, settings: Settings, *, took_s: float = 1, picture: str | None = None
) -> list[str]:
    """Claim it and finish it so long after it was asked for; the ids of the jobs that follow.

    picture: of a clip, how its picture came about.
    """
    with db.session() as session:
        asked_at = utcnow() - timedelta(seconds=took_s)
        session.execute(update(JobRow).where(JobRow.id == job_id).values(queued_at=asked_at))
    won = take(db, settings, job_id)
    with db.reading() as session:
        moment = session.get(MomentRow, won.moment_id) if won.moment_id else None
    file = ArtifactRow(
        kind=moment.kind if moment else "clip",
        name=f"{new_id()}.mp4",
        storage_key=f"x/{new_id()}",
        media_type="video/mp4",
        bytes=1,
        sha256="0",
    )
    return woken_by(db, partial(finish, db, won, [file], MomentFacts(in_ms=0, picture=picture)))


def give_up_job(db: Database, job_id: str, settings: Settings, error: PipelineError | None = None) -> None:
    """Claim it and fail it for good."""
    assert not fail(db, take(db, settings, job_id), error or FilmUnreadable("no moov atom"), settings)
