"""Tables of what happened: outcome counts, samples, settings, audit."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from records.clock import utcnow
from records.models.base import Base, new_id


class JobOutcomeCountRow(Base):
    """How many jobs of a kind ended so in a quarter of an hour; no job, no selection and no family is named."""

    __tablename__ = "endings"

    quarter: Mapped[datetime] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(32), primary_key=True)
    outcome: Mapped[str] = mapped_column(String(16), primary_key=True)
    code: Mapped[str] = mapped_column(String(64), primary_key=True)
    """Of the reason for a failure; of a clip that is done, how its picture came about; else empty."""
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


class LastSettingRow(Base):
    """A setting as it was when the API last began; records/audit/lifecycle.py."""

    __tablename__ = "last_settings"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    hashed: Mapped[str] = mapped_column(String(64))
    """With a key of the service's own, so that no secret can be guessed from it."""
    number: Mapped[float | None]
    """Where it is one, or yes or no."""


class AuditRow(Base):
    """Something that somebody did; records/audit/log.py. Triggers refuse every change and deletion (step 0018)."""

    __tablename__ = "audit"

    sequence: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    """From 1, without a gap."""
    at: Mapped[datetime] = mapped_column(index=True)
    account_id: Mapped[str] = mapped_column(String(64), index=True)
    via: Mapped[str] = mapped_column(String(32))
    session_id: Mapped[str] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(32))
    target: Mapped[str] = mapped_column(String(200))
    family_id: Mapped[str] = mapped_column(String(32), index=True)
    selection_id: Mapped[str] = mapped_column(String(32), index=True)
    moment_id: Mapped[str] = mapped_column(String(32))
    detail: Mapped[str] = mapped_column(String(1000))
    key_name: Mapped[str] = mapped_column(String(8))
    code: Mapped[str] = mapped_column(String(64))
    """Chains it to the line before (records/audit/chain.py); empty in lines from before there was a chain."""
