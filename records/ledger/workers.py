"""A worker's sign of life: its row, touched every few seconds by any of its processes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from importlib.metadata import version

from sqlalchemy import Exists, case, delete, exists, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from records.database import Database, clock_skew_s, rows_changed
from records.errors import WorkerMissing
from records.folders import FolderProblem
from records.ledger.scheduling import is_due
from records.models import JobRow, JobState, WorkerRow, utcnow
from records.settings import Settings

_FORGOTTEN = timedelta(days=1)
_LONGEST_REASON, _LONGEST_DECODING = 300, 600


def beat(
    db: Database,
    worker: str,
    started_at: datetime,
    folders: Sequence[FolderProblem] = (),
    jail: str | None = None,
    jail_missing_because: str = "",
    decoding: str = "",
) -> None:
    """Write that this worker, begun at that time, is alive now, which folders it cannot write, what its jail is, and by
    what it decodes films.

    Raises: DatabaseUnavailable.
    """
    same = WorkerRow.started_at == started_at
    skew_s = clock_skew_s(db)
    problems = tuple(folders)
    told = {
        "jail": jail,
        "jail_missing_because": jail_missing_because[:_LONGEST_REASON],
        "decoding": decoding[:_LONGEST_DECODING],
    }
    touch = update(WorkerRow).where(WorkerRow.name == worker)
    touch = touch.values(
        seen_at=utcnow(),
        version=version("vigpack"),
        jobs_done=case((same, WorkerRow.jobs_done), else_=0),
        left_at=case((same, WorkerRow.left_at), else_=None),
        skew_s=skew_s,
        started_at=started_at,
        folder_problems=problems,
        **told,
    )
    with db.session() as session:
        if rows_changed(session, touch) == 1:
            return
    try:
        with db.session() as session:
            session.add(
                WorkerRow(
                    name=worker,
                    version=version("vigpack"),
                    started_at=started_at,
                    skew_s=skew_s,
                    folder_problems=problems,
                    **told,
                )
            )
    except IntegrityError:  # another process of the same worker was first
        return


def say_goodbye(db: Database, worker: str) -> None:
    """Write that this worker ends in order: nobody need look for it. Raises: DatabaseUnavailable."""
    with db.session() as session:
        session.execute(update(WorkerRow).where(WorkerRow.name == worker).values(left_at=utcnow()))


def seen_since(settings: Settings, within_s: float | None = None) -> datetime:
    """Since when a worker must have been seen to count as alive: within four signs of life, or so many seconds."""
    return utcnow() - timedelta(seconds=MISSED_BEATS * settings.heartbeat_s if within_s is None else within_s)


def forget_workers(db: Database) -> None:
    """Drop the rows of workers not seen for a day. Raises: DatabaseUnavailable."""
    with db.session() as session:
        session.execute(delete(WorkerRow).where(WorkerRow.seen_at < utcnow() - _FORGOTTEN))


MISSED_BEATS = 4
"""A worker that has missed so many signs of life is silent."""


def is_draining(db: Database, worker: str) -> bool:
    """Whether this worker is to take no more jobs. Raises: DatabaseUnavailable."""
    with db.reading() as session:
        return bool(session.scalar(select(is_worker_draining(worker))))


def is_worker_draining(worker: str) -> Exists:
    return exists().where(WorkerRow.name == worker, WorkerRow.draining.is_(True))


def drain_worker(session: Session, name: str) -> None:
    """Let a worker take no more jobs, end those it has, and end. Started again under the same name it waits.

    Raises: WorkerMissing.
    """
    _set_draining(session, name, draining=True)


def undrain_worker(session: Session, name: str) -> None:
    """Let a drained worker work again: at once where it waits, else when it is started. Raises: WorkerMissing."""
    _set_draining(session, name, draining=False)


def _set_draining(session: Session, name: str, *, draining: bool) -> None:
    if rows_changed(session, update(WorkerRow).where(WorkerRow.name == name).values(draining=draining)) != 1:
        raise WorkerMissing(name)


def workers_of(db: Database, settings: Settings, machine: str, *, within_s: float | None = None) -> list[str]:
    """The names of this machine's workers that were seen of late, or within so long. Raises: DatabaseUnavailable."""
    ours = WorkerRow.name.startswith(f"{machine}:", autoescape=True)
    with db.reading() as session:
        return list(
            session.scalars(select(WorkerRow.name).where(ours, WorkerRow.seen_at >= seen_since(settings, within_s)))
        )


def work_of(db: Database, worker: str) -> tuple[int, int]:
    """How many jobs a worker has in hand, and how many it has done since it began. Raises: DatabaseUnavailable."""
    in_hand = select(func.count()).where(JobRow.state == JobState.RUNNING, JobRow.worker == worker)
    done = select(WorkerRow.jobs_done).where(WorkerRow.name == worker)
    with db.reading() as session:
        return session.scalar(in_hand) or 0, session.scalar(done) or 0


def has_overlooked_jobs(db: Database, waiting_s: float) -> bool:
    """Whether a job could have begun so long ago, and nobody took it. Raises: DatabaseUnavailable."""
    now = utcnow()
    since = func.coalesce(JobRow.not_before, JobRow.queued_at) < now - timedelta(seconds=waiting_s)
    with db.reading() as session:
        return session.scalar(select(JobRow.id).where(*is_due(JobRow, now), since).limit(1)) is not None


def has_worker_reported(session: Session, since: datetime) -> bool:
    """Whether any worker gave a sign of life since then."""
    return session.scalar(select(WorkerRow.name).where(WorkerRow.seen_at >= since).limit(1)) is not None


def drained_workers(session: Session, names: Sequence[str]) -> Sequence[str]:
    """Those of the named workers that take no more jobs."""
    return session.scalars(select(WorkerRow.name).where(WorkerRow.name.in_(names), WorkerRow.draining)).all()
