"""Tables of hiding somebody: what was marked, and files that are withheld."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from pipeline.marks import Mark
from records.documents import CoveredPicture, Range
from records.models.base import Base, Json, new_id


class HidingRow(Base):
    """That somebody is to be hidden in a moment. While this is there, the moment is made with a cover or not at all."""

    __tablename__ = "hidings"

    moment_id: Mapped[str] = mapped_column(ForeignKey("moments.id", ondelete="CASCADE"), primary_key=True)
    selection_id: Mapped[str] = mapped_column(ForeignKey("selections.id", ondelete="CASCADE"), index=True)
    marks: Mapped[tuple[Mark, ...]] = mapped_column(Json(tuple[Mark, ...]))
    """What the guider marked."""
    pictures: Mapped[tuple[CoveredPicture, ...]] = mapped_column(Json(tuple[CoveredPicture, ...]), default=())
    """What is covered on each picture, and where it lies in the files to look at; empty before and afterwards."""
    even_in_doubt: Mapped[bool] = mapped_column(default=True)
    """Whether it is made although more boxes are wanted; else they are only followed."""
    seen: Mapped[tuple[Range, ...]] = mapped_column(Json(tuple[Range, ...]), default=())
    """Numbers of the pictures that somebody has looked at, of the file that is withheld now."""
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
