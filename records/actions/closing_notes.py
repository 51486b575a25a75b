"""What was written at the end of a review: kept with its selection, and erased with it."""

from __future__ import annotations

from sqlalchemy.orm import Session

from pipeline.closing_notes import ReviewWords
from pipeline.written import Written
from records.errors import RecordsError, SelectionGone
from records.ledger.made_before import mark_made_before
from records.ledger.selections import lock_family, visible_selection
from records.models import WordsRow, new_id, utcnow


class WordsChanged(RecordsError):
    """Somebody has saved other words since they were last seen."""

    code = "words_changed"
    for_guider = "Somebody else has saved other words here meanwhile."


def find_words(session: Session, selection_id: str) -> WordsRow | None:
    """What was saved last; None where nothing ever was. Raises: SelectionGone."""
    visible_selection(session, selection_id)
    return session.get(WordsRow, selection_id)


def save_words(session: Session, selection_id: str, words: ReviewWords, *, seen: str | None, over: bool) -> WordsRow:
    """Keep the words; their new revision is in the row.

    ``seen`` is the revision that the writer had before her, None for none; ``over`` writes over whatever is there.
    Raises: SelectionGone; WordsChanged, and then nothing is saved.
    """
    selection = lock_family(session, selection_id)  # held, so that of two writers the second sees the first
    if selection is None:
        raise SelectionGone(selection_id)
    row = session.get(WordsRow, selection_id, populate_existing=True)
    if not over and (row.revision if row else None) != seen:
        raise WordsChanged
    if row is None:
        row = WordsRow(selection_id=selection_id)
        session.add(row)
    row.words = words
    row.revision = new_id()
    row.saved_at = utcnow()
    session.flush()
    mark_made_before(session, selection, {Written.NOTES})
    return row
