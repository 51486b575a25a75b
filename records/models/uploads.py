"""The table of uploads."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from records.clock import utcnow
from records.models.base import Base, new_id
from records.states import UploadState


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
