"""Ratings of recordings of shared reviews. What shows a family's film is never rated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline.moments import FilmOf
from pipeline.rating_scale import Answer
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


class RaterTaken(RecordsError):
    """Somebody else gave the answers of this rater."""

    code = "rater_taken"
    for_guider = "Somebody else rates by this code here, and alone changes those answers. Please take another code."


class RatingMissing(RecordsError):
    """Nobody of that code rated the recording."""

    code = "rating_missing"
    for_guider = "There is no rating by this rater."


def save_rating(
    session: Session,
    account_id: str,
    selection_id: str,
    rater: str,
    answers: Mapping[str, Answer],
    *,
    may_work: bool,
) -> None:
    """Keep a rater's answers instead of those she gave before.

    ``may_work``: whether the account works on the recording, and not only sees it.
    Raises: SelectionGone, NotARecording, RaterTaken.
    """
    recording(lock_selection(session, selection_id), selection_id)
    row = _row(session, selection_id, rater) or RatingRow(selection_id=selection_id, rater=rater, account_id=account_id)
    if not may_change(row.account_id, account_id, may_work=may_work):
        raise RaterTaken(rater)
    row.answers = dict(answers)
    row.saved_at = utcnow()
    session.add(row)


def erase_rating(
    session: Session, account_id: str, selection_id: str, rater: str, *, may_work: bool, is_own: bool
) -> None:
    """Erase one rater's answers; ``is_own``: the recording is the account's own, and so all that is written of it.

    Raises: RatingMissing, RaterTaken.
    """
    row = _row(session, selection_id, rater)
    if row is None:
        raise RatingMissing(rater)
    if not (is_own or may_change(row.account_id, account_id, may_work=may_work)):
        raise RaterTaken(rater)
    session.delete(row)


def may_change(given_by: str | None, account_id: str, *, may_work: bool) -> bool:
    """Whether an account changes answers that ``given_by`` gave; None: nobody knows any more who."""
    return given_by == account_id or (given_by is None and may_work)


@dataclass(frozen=True)
class Given:
    """One rater's answers."""

    answers: dict[str, Answer]
    account_id: str | None


def ratings_of(session: Session, selection_id: str) -> dict[str, Given]:
    """The answers of each rater of a recording, by the rater's code.

    Raises: SelectionGone, NotARecording.
    """
    recording(visible_selection(session, selection_id), selection_id)
    rows = session.scalars(select(RatingRow).where(RatingRow.selection_id == selection_id).order_by(RatingRow.rater))
    return {row.rater: Given(row.answers, row.account_id) for row in rows}


def recording(row: SelectionRow | None, selection_id: str) -> SelectionRow:
    """The selection, if it is of a recording of a shared review. Raises: SelectionGone, NotARecording."""
    if row is None:
        raise SelectionGone(selection_id)
    if row.shape.of != FilmOf.REVIEW_RECORDING:
        raise NotARecording(selection_id)
    return row


def _row(session: Session, selection_id: str, rater: str) -> RatingRow | None:
    query = select(RatingRow).where(RatingRow.selection_id == selection_id, RatingRow.rater == rater)
    return session.scalars(query).one_or_none()
