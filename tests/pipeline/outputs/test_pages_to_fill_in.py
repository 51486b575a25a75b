"""The pages that families fill in by hand: the diary sheet and the child's own pages."""

from __future__ import annotations

from pathlib import Path

import pikepdf
import pymupdf
import pytest

from pipeline.errors import PipelineError
from tests.pipeline.outputs.prepared_by_hand import drawn_clip, drawn_still, prepared_from
from tests.pipeline.outputs.printed_pages import alternatives, elements, made, numbers_on, said, text_of


@pytest.mark.parametrize("statements", [1, 3, 6])
def test_the_diary_is_one_page_with_a_box_for_every_statement_and_day(tmp_path: Path, statements: int) -> None:
    long = "We enjoyed a moment together, at home or outside or on the bus or wherever we happened to be"
    prepared = prepared_from(drawn_clip(tmp_path / "a.mp4", frames=5))
    [path] = made("diary_sheet", prepared, tmp_path / "out", statements=[long[:90]] * statements)
    with pikepdf.open(path) as pdf:
        assert len(pdf.pages) == 1
        found = [str(element.S) for element in elements(pdf)]
    assert found.count("/Table") == 1
    assert found.count("/TH") == 8
    assert found.count("/TD") == 8 * statements
    text = text_of(path)
    assert all(day in text for day in ("Monday", "Wednesday", "Sunday", "anything else"))
    with pymupdf.open(path) as pages:
        right = max(word[2] for word in pages[0].get_text("words"))
    assert right < 841.9 - 45
    assert "K-104" not in text


def test_the_diary_says_what_is_still_in_english(tmp_path: Path) -> None:
    assert remarks(tmp_path, "diary_sheet", language="pl") == ["The statements and the days are still in English."]
    assert remarks(tmp_path, "diary_sheet") == []
    assert remarks(tmp_path, "child_voice", language="pl") == [
        "The four ways to answer and the questions are still in English."
    ]


def remarks(folder: Path, kind: str, **chosen: object) -> list[str]:
    """The remarks on a recipe, whatever the moments are."""
    return said(kind, prepared_from(drawn_still(folder / "any.jpg")), **chosen)


def test_a_week_has_seven_days(tmp_path: Path) -> None:
    with pytest.raises(PipelineError) as told:
        remarks(tmp_path, "diary_sheet", days=["Monday"])
    assert told.value.for_guider.startswith("Diary sheet: “days”")


def test_a_child_may_draw_point_say_or_skip_at_every_question(tmp_path: Path) -> None:
    stills = [drawn_still(tmp_path / f"{n}.jpg", number=n, caption=f"Words {n}") for n in range(1, 8)]
    [path] = made("child_voice", prepared_from(*stills), tmp_path / "out", questions=["What did you like?", "And now?"])
    with pymupdf.open(path) as pages:
        texts = [page.get_text() for page in pages]
    assert len(texts) == 4
    assert all(way in text for text in texts[:2] for way in ("Draw", "Point", "Say", "Skip"))
    assert all(way in text for text in texts[2:] for way in ("Point", "Say", "Skip"))
    assert numbers_on(path) == list(range(1, 8))
    assert alternatives(path) == [f"Words {n}" for n in range(1, 8)]


def test_a_child_may_be_asked_without_pictures_or_with_pictures_alone(tmp_path: Path) -> None:
    prepared = prepared_from(drawn_still(tmp_path / "a.jpg"))
    [asked] = made("child_voice", prepared, tmp_path / "asked", pictures=False, questions=["Well?"])
    [shown] = made("child_voice", prepared, tmp_path / "shown", questions=[])
    assert (numbers_on(asked), numbers_on(shown)) == ([], [7])
    assert made("child_voice", prepared, tmp_path / "none", questions=[], pictures=False) == []


def test_an_older_child_writes_and_sees_no_faces_and_words_of_the_guiders_own_stay(tmp_path: Path) -> None:
    prepared = prepared_from(drawn_still(tmp_path / "a.jpg"))
    [older] = made("child_voice", prepared, tmp_path / "older", age="older", pictures=False, skip_hint="Fine with us.")
    [younger] = made("child_voice", prepared, tmp_path / "younger", pictures=False)
    said_older, said_younger = text_of(older), text_of(younger)
    assert all(word in said_older for word in ("Draw", "Choose", "Write", "Skip", "Fine with us.", "do well together"))
    assert all(word in said_younger for word in ("Draw", "Point", "Say", "Skip", "like doing together"))
    assert ("\U0001f642" in said_younger, "\U0001f642" in said_older) == (True, False)
