"""The table that says which store belongs to this database."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from records.models.base import Base


class StoreIdentityRow(Base):
    """The one row that says which store belongs to this database, and whether sweeping it is stopped."""

    __tablename__ = "store_identity"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    """Always "store": two databases cannot be poured into one unnoticed."""
    id: Mapped[str] = mapped_column(String(32))
    """Random; the store carries the same (records/ledger/store_identity.py)."""
    begins_at: Mapped[datetime]
    """When this database's records begin: a file that is older cannot be one that it forgot."""
    labelled_at: Mapped[datetime | None]
    """When a store was given the id; from then on no other store is taken for it."""
    generation: Mapped[int] = mapped_column(default=0)
    """Grows whenever something was stored; a store with a higher number has seen a newer database than this one."""
    stored: Mapped[str] = mapped_column(String(200), default="")
    """What tells whether something was stored since the generation last grew."""
    stopped: Mapped[str | None] = mapped_column(String(16))
    """Why sweeping is stopped; None: it is not."""
    stopped_at: Mapped[datetime | None]
    strange_files: Mapped[int] = mapped_column(default=0)
    """Files of selections that this database never knew, as the last sweep counted them."""
    accepted_at: Mapped[datetime | None]
    """Set while a person has accepted the store as it is and no sweep has been through it since."""
