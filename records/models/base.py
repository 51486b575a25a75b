"""The tables: selections, their moments, uploads, jobs, artifacts, the workers' heartbeats, and figures of them.

All times are UTC. Identifiers are random UUIDs in text, so that none can be guessed or counted.
"""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    MetaData,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


def new_id() -> str:
    """A random identifier: 32 lower-case hex digits."""
    return uuid.uuid4().hex


def utcnow() -> datetime:
    """Now, with its time zone."""
    return datetime.now(UTC)


class UtcDateTime(TypeDecorator[datetime]):
    """A time that is always UTC and aware; SQLite alone would forget the zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 SQLAlchemy names it
        if value is not None and value.tzinfo is None:
            raise ValueError("a time without a zone")
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Every table; constraint names are fixed so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: UtcDateTime, dict[str, Any]: JSON, list[str]: JSON}  # noqa: RUF012 SQLAlchemy's


class SelectionState(StrEnum):
    """Where a selection stands: waiting for bytes, being worked on, all there, or stopped by a failure."""

    RECEIVING = "receiving"
    PREPARING = "preparing"
    READY = "ready"
    FAILED = "failed"


class MomentState(StrEnum):
    """Where one moment stands."""

    AWAITING_UPLOAD = "awaiting_upload"
    QUEUED = "queued"
    RUNNING = "running"
    UNCONFIRMED = "unconfirmed"
    """Somebody is to be hidden in it, and a person has to look at every picture before it is ready."""
    READY = "ready"
    FAILED = "failed"


class JobState(StrEnum):
    """The life of a job: queued, perhaps put on hold, running under a lease, then one of three ends."""

    QUEUED = "queued"
    HELD = "held"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class UploadState(StrEnum):
    """The life of an upload: bytes are coming, or all are there and hashed."""

    RECEIVING = "receiving"
    COMPLETE = "complete"


class SelectionRow(Base):
    """What one guider chose from one film."""

    __tablename__ = "selections"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    state: Mapped[str] = mapped_column(String(16), default=SelectionState.RECEIVING)
    family: Mapped[str] = mapped_column(String(32), index=True)
    cycle: Mapped[int]
    preset: Mapped[str] = mapped_column(String(32))
    shape: Mapped[dict[str, Any]]
    """The selection as it came, in the shape of moments.toml."""
    film: Mapped[dict[str, Any]]
    """What the page said of the film (bytes, duration_ms, …); never its name."""
    outputs: Mapped[list[str]]
    """The kinds to make when every moment is ready."""
    recipes: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """What was chosen for a kind, by its name. Kinds that are not in ``outputs`` were asked for afterwards: they are
    made as well, and the selection is ready without them."""
    whole_film: Mapped[bool]
    """True when all moments are cut from one upload."""
    guider: Mapped[str | None] = mapped_column(String(64))
    """A random code that the page makes once in each browser. It shares out the workers' time and says nothing of who
    she is; accounts will take its place."""
    review_on: Mapped[date | None]
    """The day of the shared review, where the guider said it."""
    ready_at: Mapped[datetime | None]
    """When the last of its outputs was finished."""
    erasing_at: Mapped[datetime | None]
    """Set when erasing began: from then on nobody sees it and nothing is added; healing ends what a crash left."""

    moments: Mapped[list[MomentRow]] = relationship(
        back_populates="selection", order_by="MomentRow.position", cascade="all, delete-orphan", passive_deletes=True
    )


class MomentRow(Base):
    """One clip or still of a selection."""

    __tablename__ = "moments"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    selection_id: Mapped[str] = mapped_column(ForeignKey("selections.id", ondelete="CASCADE"), index=True)
    position: Mapped[int]
    """From 0, in the order of the review: clips first, then stills."""
    kind: Mapped[str] = mapped_column(String(8))
    """clip or still."""
    moment: Mapped[dict[str, Any]]
    """The clip or still in the shape of moments.toml, on the film's clock."""
    cut: Mapped[dict[str, Any] | None]
    """The same moment on the clock of its own upload (in and out, or at, in ms); None: the upload is the whole film."""
    upload_id: Mapped[str | None] = mapped_column(ForeignKey("uploads.id", ondelete="SET NULL"))
    state: Mapped[str] = mapped_column(String(20), default=MomentState.AWAITING_UPLOAD)
    facts: Mapped[dict[str, Any] | None]
    """Of the finished file: in_ms and out_ms on the film's clock, width_px, height_px, fps, duration_ms, peaks,
    gain_db, cpu_s, and warnings in plain words."""

    selection: Mapped[SelectionRow] = relationship(back_populates="moments")


class UploadRow(Base):
    """Bytes on their way in (tus 1.0). ``offset_bytes`` counts only what is safely on disk."""

    __tablename__ = "uploads"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    selection_id: Mapped[str] = mapped_column(ForeignKey("selections.id", ondelete="CASCADE"), index=True)
    moment_id: Mapped[str | None] = mapped_column(String(32))
    """None: the whole film of the selection."""
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    expires_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(16), default=UploadState.RECEIVING)
    length_bytes: Mapped[int] = mapped_column(BigInteger)
    offset_bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    holder: Mapped[str | None] = mapped_column(String(64))
    """The request that may write now; a newer request takes over by putting its own token here."""
    sha256: Mapped[str | None] = mapped_column(String(64))
    storage_key: Mapped[str | None] = mapped_column(String(200))
    """Where the complete file is stored."""
    starts_ms: Mapped[int | None]
    """Where its own 0 lies on the film's clock, within a millisecond; 0 where it is the whole film."""
    held_ms: Mapped[int | None]
    """Up to where on its own clock no picture is missing; None until a worker has looked into it."""


class JobRow(Base):
    """One piece of work, and the truth about it; the message in the queue is only its id.

    queued → running (claimed by UPDATE … WHERE state, then rows == 1; a lease that progress renews) → done, failed or
    cancelled. A lease that runs out returns the row to queued until its attempts are spent; a job that spent them all
    stays failed, with its reason, until a person asks for it again (quarantine). IT may put a queued job on hold.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        Index("ix_jobs_state_priority", "state", "priority", "created_at"),
        Index("ix_jobs_started_at", "started_at"),
        # One job for each moment and each kind of output, whatever is retried or completed twice.
        Index("uq_jobs_moment_id", "moment_id", unique=True),
        Index(
            "uq_jobs_output",
            "selection_id",
            "kind",
            unique=True,
            sqlite_where=text("moment_id IS NULL"),
            postgresql_where=text("moment_id IS NULL"),
        ),
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
    review_on: Mapped[date | None]
    """The selection's."""
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
    error_code: Mapped[str | None] = mapped_column(String(64))
    error_sentence: Mapped[str | None] = mapped_column(Text)
    """For the guider."""
    error_detail: Mapped[str | None] = mapped_column(Text)
    """For IT; without personal data."""


class ArtifactRow(Base):
    """A finished file that is in storage, complete and hashed."""

    __tablename__ = "artifacts"
    __table_args__ = (UniqueConstraint("selection_id", "kind", "name"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    selection_id: Mapped[str] = mapped_column(ForeignKey("selections.id", ondelete="CASCADE"), index=True)
    moment_id: Mapped[str | None] = mapped_column(ForeignKey("moments.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(32))
    """clip, still, or a kind of output."""
    name: Mapped[str] = mapped_column(String(100))
    """The name it is handed out under: 01.mp4, review-pack.zip, picture-notes.pdf."""
    storage_key: Mapped[str] = mapped_column(String(200), unique=True)
    media_type: Mapped[str] = mapped_column(String(100))
    bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(default=utcnow)


class ArtworkRow(Base):
    """A photograph of what a child made, kept with a selection and erased with it."""

    __tablename__ = "artwork"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    selection_id: Mapped[str] = mapped_column(ForeignKey("selections.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    words: Mapped[str] = mapped_column(String(500), default="")
    """The child's own."""
    storage_key: Mapped[str] = mapped_column(String(200), unique=True)
    bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    width_px: Mapped[int]
    height_px: Mapped[int]


class HidingRow(Base):
    """That somebody is to be hidden in a moment. While this is there, the moment is made with a cover or not at all."""

    __tablename__ = "hidings"

    moment_id: Mapped[str] = mapped_column(ForeignKey("moments.id", ondelete="CASCADE"), primary_key=True)
    selection_id: Mapped[str] = mapped_column(ForeignKey("selections.id", ondelete="CASCADE"), index=True)
    marks: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    """What the guider marked, in the shape of pipeline.marks.Mark."""
    pictures: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    """What is covered on each picture, and where it lies in the files to look at; empty before and afterwards."""
    revision: Mapped[str] = mapped_column(String(32), default=new_id)
    """Another one with each asking, so that what was made for an earlier one is not taken for this one."""
    confirmed_sha256: Mapped[str | None] = mapped_column(String(64))
    """Of the file that a person looked at, picture by picture."""
    confirmed_at: Mapped[datetime | None]


class WithheldRow(Base):
    """A file of a moment in which somebody is hidden, which nobody has confirmed yet: it is not handed out."""

    __tablename__ = "withheld"

    moment_id: Mapped[str] = mapped_column(ForeignKey("moments.id", ondelete="CASCADE"), primary_key=True)
    part: Mapped[str] = mapped_column(String(16), primary_key=True)
    """See records/actions/hide.py."""
    selection_id: Mapped[str] = mapped_column(ForeignKey("selections.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    storage_key: Mapped[str] = mapped_column(String(200), unique=True)
    media_type: Mapped[str] = mapped_column(String(100))
    bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))


class WordsRow(Base):
    """What was written on the closing cards of a review; the last who saved won."""

    __tablename__ = "words"

    selection_id: Mapped[str] = mapped_column(ForeignKey("selections.id", ondelete="CASCADE"), primary_key=True)
    words: Mapped[dict[str, Any]]
    """In the shape of pipeline.player.words.ReviewWords."""
    revision: Mapped[str] = mapped_column(String(32))
    """Another one with each saving."""
    saved_at: Mapped[datetime]


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


class ClockRow(Base):
    """When a recurring duty is due next, so that one worker of many does it."""

    __tablename__ = "clocks"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    due_at: Mapped[datetime] = mapped_column(default=utcnow)
    ended_at: Mapped[datetime | None]
    """When the duty was last done to its end."""


class EndingRow(Base):
    """How many jobs of a kind ended so in a quarter of an hour; no job, no selection and no family is named."""

    __tablename__ = "endings"

    quarter: Mapped[datetime] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(32), primary_key=True)
    outcome: Mapped[str] = mapped_column(String(16), primary_key=True)
    code: Mapped[str] = mapped_column(String(64), primary_key=True)
    """Of the reason; empty where nothing failed."""
    ready_ms: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    """From the complete upload to ready, rounded up to two digits; 0 where it did not become ready."""
    jobs: Mapped[int]


class SampleRow(Base):
    """How the service was at one minute; None: that could not be known."""

    __tablename__ = "samples"

    at: Mapped[datetime] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(String(16))
    """well, warn or bad."""
    since: Mapped[datetime]
    """Since when it had been in that state without a gap."""
    waiting: Mapped[int | None]
    running: Mapped[int | None]
    oldest_waiting_s: Mapped[float | None]
    workers: Mapped[int | None]
    disk_free_bytes: Mapped[int | None] = mapped_column(BigInteger)


class ErasureRow(Base):
    """That something was erased or taken back; see records/erasure_register.py. No word of it, only its id."""

    __tablename__ = "erasures"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    at: Mapped[datetime] = mapped_column(default=utcnow)
    kind: Mapped[str] = mapped_column(String(16))
    target: Mapped[str] = mapped_column(String(32))
    stored: Mapped[bool] = mapped_column(default=False, index=True)
    """Whether the entry is in the store as well."""


class AuditRow(Base):
    """Something that somebody did. Triggers refuse every change and deletion (step 0007)."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(default=utcnow)
    who: Mapped[str] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(32))
    target: Mapped[str] = mapped_column(String(200))
    detail: Mapped[str] = mapped_column(String(200), default="")
