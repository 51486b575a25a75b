"""The last review with a family: what the next cycle goes on from."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict
from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline.closing_notes import is_written
from pipeline.moments import FilmOf
from records.accounts.principal import Principal
from records.families.access import may_see
from records.models import SelectionRow, WordsRow


class LastReview(BaseModel):
    """What was asked in it, and what was written at its end."""

    model_config = ConfigDict(frozen=True)

    selection_id: str
    cycle: int
    helping_question: str
    working_points: list[str]
    """Those written in the review; where nothing was, those from before it."""
    plan: list[str]
    written_at: datetime | None
    """When the notes were saved; null where there are none."""


def last_review(session: Session, who: Principal, family_id: str) -> LastReview | None:
    """Of the family's films, not of recordings of reviews: the one of the latest cycle that they may see, and of that
    the newest.
    """
    query = (
        select(SelectionRow)
        .where(SelectionRow.family_id == family_id, SelectionRow.visible, may_see(who))
        .order_by(SelectionRow.cycle.desc(), SelectionRow.created_at.desc(), SelectionRow.id)
    )
    row = next((one for one in session.scalars(query) if one.shape.of == FilmOf.FAMILY_FILM), None)
    if row is None:
        return None
    notes = session.get(WordsRow, row.id)
    written = notes.words if notes is not None and is_written(notes.words) else None
    return LastReview(
        selection_id=row.id,
        cycle=row.cycle,
        helping_question=row.shape.helping_question,
        working_points=[point for point in (written or row.shape).working_points if point],
        plan=list(written.plan) if written else [],
        written_at=notes.saved_at if notes is not None and written else None,
    )
