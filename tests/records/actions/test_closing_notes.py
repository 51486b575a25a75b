"""The words of a review: who saves last, and what erasing leaves."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import func, select

from pipeline.closing_notes import ReviewWords
from records.actions.closing_notes import WordsChanged, find_words, save_words
from records.actions.erase import erase_selection
from records.database import Database
from records.models import WordsRow
from records.settings import Settings
from records.storage.open import open_storage
from tests.records.cast import add_selection


def said(plan: str) -> ReviewWords:
    return ReviewWords.model_validate(
        {"kind": "vigpack-words", "review": "a" * 32, "written_at": "2026-11-24T14:03:00Z", "plan": [plan]}
    )


def test_of_many_who_save_at_once_exactly_one_saves_unwarned(db: Database) -> None:
    selection_id = add_selection(db)

    def save(n: int) -> int:
        try:
            with db.session() as session:
                save_words(session, selection_id, said(str(n)), seen=None, over=False)
        except WordsChanged:
            return 0
        return 1

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(save, range(8))) == 1


def test_erasing_leaves_no_words(db: Database, settings: Settings) -> None:
    selection_id = add_selection(db)
    with db.session() as session:
        save_words(session, selection_id, said("Play"), seen=None, over=True)
    with db.reading() as session:
        found = find_words(session, selection_id)
        assert found is not None
        assert found.words.plan == ("Play",)
    assert erase_selection(db, open_storage(settings), settings, selection_id)
    with db.reading() as session:
        assert session.scalar(select(func.count()).select_from(WordsRow)) == 0
