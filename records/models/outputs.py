"""Tables of the outputs of selections, and of what each of them shows."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from pipeline.written import Written
from records.clock import utcnow
from records.documents import Recipe
from records.keys.store import KeyKind
from records.models.base import Base, Json, new_id
from records.models.sealed import SealedJson
from records.models.selections import SelectionRow


class OutputRow(Base):
    """One kind of output of a selection: what was chosen for it, when it was asked for, and when it was made.

    Where it stands is its job's to say: there is none until every moment is ready.
    """

    __tablename__ = "outputs"
    __table_args__ = (UniqueConstraint("selection_id", "kind"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    selection_id: Mapped[str] = mapped_column(ForeignKey("selections.id", ondelete="CASCADE"))
    position: Mapped[int]
    """From 0, in the order in which they were asked for."""
    kind: Mapped[str] = mapped_column(String(32))
    purpose: Mapped[str] = mapped_column(String(32))
    """For what it is used, which those who can be seen or heard in it agreed to."""
    awaited: Mapped[bool]
    """The selection is ready only with it: it was asked for when the selection began."""
    recipe: Mapped[Recipe] = mapped_column(
        SealedJson("outputs.recipe", KeyKind.SELECTION, "selection_id", Recipe, dict)
    )
    asked_at: Mapped[datetime] = mapped_column(default=utcnow)
    """When it was last to be made, or made anew; later than ``made_at``: what is there is an older one."""
    made_at: Mapped[datetime | None]
    """When what is there was finished; None where nothing is."""
    made_before: Mapped[tuple[Written, ...]] = mapped_column(Json(tuple[Written, ...]), default=())
    """What was changed since what is there was made, of what it shows; records/ledger/made_before.py."""

    selection: Mapped[SelectionRow] = relationship(back_populates="outputs")
    sources: Mapped[list[OutputSourceRow]] = relationship(cascade="all, delete-orphan", passive_deletes=True)


class OutputSourceRow(Base):
    """What an output shows, or is to show: a moment, a photograph, or another selection that its recipe names.

    No foreign key leads to these: it would lock another selection's row while this one's is held, and the other one is
    held by the transaction that takes it back and waits for this one. That nothing stays that shows what is gone is
    records/actions/withdraw.py's to do.
    """

    __tablename__ = "output_sources"

    output_id: Mapped[str] = mapped_column(ForeignKey("outputs.id", ondelete="CASCADE"), primary_key=True)
    selection_id: Mapped[str] = mapped_column(String(32), primary_key=True, index=True)
    """The selection that it is from; with neither moment nor photograph: the recipe names it."""
    moment_id: Mapped[str] = mapped_column(String(32), primary_key=True, default="")
    """Empty where it is no moment."""
    artwork_id: Mapped[str] = mapped_column(String(32), primary_key=True, default="", index=True)
    """Empty where it is no photograph."""
