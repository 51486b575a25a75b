"""Tables of the jobs ledger."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from records.clock import utcnow
from records.folders import FolderProblem
from records.models.base import Base, Json, new_id
from records.states import JobState

NO_REVIEW = date(1, 1, 1)
"""In place of the day of a review that nobody named."""


def _partial(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    return Index(name, *columns, unique=unique, sqlite_where=text(where), postgresql_where=text(where))


class JobRow(Base):
    """One piece of work, and the truth about it; the message in the queue is only its id.

    queued → running (claimed by UPDATE … WHERE state, then rows == 1; a lease that progress renews) → done, failed or
    cancelled. A lease that runs out returns the row to queued until its attempts are spent; a job that spent them all
    stays failed, with its reason, until a person asks for it again (quarantine). IT may put a queued job on hold.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        # Lists and counts of a state; the last of it done.
        Index("ix_jobs_state_priority", "state", "priority", "queued_at", "id"),
        Index("ix_jobs_state_finished_at", "state", "finished_at"),
        Index("ix_jobs_started_at", "started_at"),
        # The next of each guider (records/ledger/scheduling.py), and what recovery looks for among what waits.
        _partial("ix_jobs_turn", "priority", "guider", "review_on", "queued_at", "id", where="state = 'queued'"),
        _partial("ix_jobs_review_on", "review_on", "priority", where="state = 'queued'"),
        _partial("ix_jobs_sent_at", "sent_at", where="state = 'queued'"),
        _partial("ix_jobs_not_before", "not_before", where="not_before IS NOT NULL"),
        # One job for each moment and each kind of output, whatever is retried or completed twice.
        Index("uq_jobs_moment_id", "moment_id", unique=True),
        _partial("uq_jobs_output", "selection_id", "kind", unique=True, where="moment_id IS NULL"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    kind: Mapped[str] = mapped_column(String(32))
    """moment, or a kind of output (review_pack, picture_notes, …)."""
    selection_id: Mapped[str] = mapped_column(ForeignKey("selections.id", ondelete="CASCADE"), index=True)
    moment_id: Mapped[str | None] = mapped_column(ForeignKey("moments.id", ondelete="CASCADE"))
    state: Mapped[str] = mapped_column(String(16), default=JobState.QUEUED)
    priority: Mapped[int] = mapped_column(default=5)
    """0 is the most urgent, 9 the least; see records/ledger/scheduling.py."""
    guider: Mapped[str] = mapped_column(
        String(64), default=lambda context: context.get_current_parameters()["selection_id"]
    )
    """Whose share it counts in: the selection's guider, or the selection itself where none is known."""
    review_on: Mapped[date] = mapped_column(default=NO_REVIEW)
    """The selection's; a day that is long over where none is known, so that an index tells the guider's jobs apart."""
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    queued_at: Mapped[datetime] = mapped_column(default=utcnow)
    """When it was last asked for: when it was made, or tried again by hand."""
    not_before: Mapped[datetime | None]
    """None: at once. After a failed attempt: when the next one may begin."""
    sent_at: Mapped[datetime | None]
    """When its id last went to the queue."""
    started_at: Mapped[datetime | None]
    """When its first attempt since queued_at began."""
    finished_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    lease_token: Mapped[str | None] = mapped_column(String(32))
    lease_until: Mapped[datetime | None]
    worker: Mapped[str | None] = mapped_column(String(200))
    progress: Mapped[float] = mapped_column(default=0.0)
    """0 to 1."""
    moved_at: Mapped[datetime | None]
    """When the attempt began, or its progress last grew: a lease can be kept by work that hangs."""
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    acknowledged_at: Mapped[datetime | None]
    """When IT took note that it was given up: it troubles nobody any more, and can still be tried again."""
    error_code: Mapped[str | None] = mapped_column(String(64))
    error_sentence: Mapped[str | None] = mapped_column(Text)
    """For the guider."""
    error_detail: Mapped[str | None] = mapped_column(Text)
    """For IT; without personal data."""


class WorkerRow(Base):
    """A worker's sign of life."""

    __tablename__ = "workers"

    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    version: Mapped[str] = mapped_column(String(32))
    started_at: Mapped[datetime] = mapped_column(default=utcnow)
    seen_at: Mapped[datetime] = mapped_column(default=utcnow)
    jobs_done: Mapped[int] = mapped_column(default=0)
    """Since started_at."""
    draining: Mapped[bool] = mapped_column(default=False)
    """It takes no more jobs, ends those it has, and ends; started again under the same name it waits."""
    left_at: Mapped[datetime | None]
    """When it ended in order; one that falls silent without this was killed, or hangs."""
    skew_s: Mapped[float | None]
    """By how much its clock is ahead of the database's; None where that is not known."""
    folder_problems: Mapped[tuple[FolderProblem, ...] | None] = mapped_column(Json(tuple[FolderProblem, ...]))
    """What it cannot write on its machine."""
    jail: Mapped[str | None] = mapped_column(String(16))
    """What keeps in what opens films there; None: an older version did not say."""
    jail_missing_because: Mapped[str | None] = mapped_column(String(300))
    decoding: Mapped[str | None] = mapped_column(String(600))
    """By what it decodes films, in words for IT; None or empty: it did not say so far."""


class ClockRow(Base):
    """When a recurring duty is due next, so that one worker of many does it."""

    __tablename__ = "clocks"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    due_at: Mapped[datetime] = mapped_column(default=utcnow)
    ended_at: Mapped[datetime | None]
    """When the duty was last done to its end."""
