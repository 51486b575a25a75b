"""Ratings of recordings of shared reviews. What shows a family's film is never rated."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from pipeline.moments import FilmOf
from pipeline.training.rating.scale import Answer
from records.database import rows_changed
from records.errors import RecordsError, SelectionGone
from records.ledger.selections import lock_selection, visible_selection
from records.models import RatingRow, SelectionRow, utcnow


class NotARecording(RecordsError):
    """A rating was meant for a family's film."""

    code = "not_a_recording"
    for_guider = (
        "The rating scale is for a practitioner's recording of a shared review. This is a family's film, and a family "
        "is never rated."
    )


class RatingMissing(RecordsError):
    """Nobody of that code rated the recording."""

    code = "rating_missing"
    for_guider = "There is no rating by this rater."


def save_rating(session: Session, selection_id: str, rater: str, answers: Mapping[str, Answer]) -> None:
    """Keep a rater's answers instead of those she gave before.

    Raises: SelectionGone, NotARecording.
    """
    recording(lock_selection(session, selection_id), selection_id)
    query = select(RatingRow).where(RatingRow.selection_id == selection_id, RatingRow.rater == rater)
    row = session.scalars(query).one_or_none() or RatingRow(selection_id=selection_id, rater=rater)
    row.answers = dict(answers)
    row.saved_at = utcnow()
    session.add(row)


def erase_rating(session: Session, selection_id: str, rater: str) -> None:
    """Erase one rater's answers. Raises: RatingMissing."""
    gone = delete(RatingRow).where(RatingRow.selection_id == selection_id, RatingRow.rater == rater)
    if rows_changed(session, gone) != 1:
        raise RatingMissing(rater)


def ratings_of(session: Session, selection_id: str) -> dict[str, dict[str, Answer]]:
    """The answers of each rater of a recording, by the rater's code.

    Raises: SelectionGone, NotARecording.
    """
    recording(visible_selection(session, selection_id), selection_id)
    rows = session.scalars(select(RatingRow).where(RatingRow.selection_id == selection_id).order_by(RatingRow.rater))
    return {row.rater: row.answers for row in rows}


def recording(row: SelectionRow | None, selection_id: str) -> SelectionRow:
    """The selection, if it is of a recording of a shared review. Raises: SelectionGone, NotARecording."""
    if row is None:
        raise SelectionGone(selection_id)
    if row.shape.of != FilmOf.REVIEW_RECORDING:
        raise NotARecording(selection_id)
    return row
