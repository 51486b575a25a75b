"""The closing cards of a pack opened from the disk: written on, saved into a file, opened again."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect

from pipeline.closing_notes import ReviewWords
from pipeline.outputs.kinds import KINDS
from tests.end_to_end.reader import Reader
from tests.footage import RUNNER
from tests.pipeline.outputs.prepared_by_hand import WORKING_POINT, drawn_still, prepared_from

TOGETHER = "packs"


def opened(reading: Callable[..., Reader], folder: Path) -> Reader:
    """A pack of one still, at its first closing card."""
    if not (folder / "review-pack").exists():
        prepared = prepared_from(drawn_still(folder / "a.jpg"))
        KINDS["review_pack"].make(prepared, KINDS["review_pack"].recipe(), folder, RUNNER)
    reader: Reader = reading(folder / "review-pack")
    reader.press("PageDown", "PageDown")
    return reader


def save(reader: Reader) -> Path:
    with reader.page.expect_download() as saved:
        reader.button("Save into a file").click()
    expect(reader.page.get_by_role("status").last).to_contain_text("Saved as our-words-")
    return Path(saved.value.path())


def test_what_was_written_is_in_the_file_and_can_be_opened_again(
    reading: Callable[..., Reader], tmp_path: Path
) -> None:
    reader = opened(reading, tmp_path)
    reader.page.get_by_role("textbox").fill("Mum waits.\n\n  Ella rolls the ball back. \n")
    reader.press("PageDown", "PageDown")
    reader.page.get_by_role("textbox").fill("Play </script> each evening w p 1")
    file = save(reader)
    words = ReviewWords.model_validate_json(file.read_bytes())
    assert words.review == json.loads((tmp_path / "review-pack" / "pack.json").read_bytes())["review"]
    assert words.strengths == ("Mum waits.", "Ella rolls the ball back.")
    assert words.working_points == (WORKING_POINT,)
    assert words.plan == ("Play </script> each evening w p 1",)
    again = opened(reading, tmp_path)
    again.page.get_by_role("textbox").fill("They both laugh.")
    again.page.get_by_label("A file of saved words").set_input_files(file)
    expect(again.page.get_by_role("textbox")).to_have_value("They both laugh.\nMum waits.\nElla rolls the ball back.")
    again.page.get_by_label("A file of saved words").set_input_files(tmp_path / "a.jpg")
    expect(again.page.get_by_text("This file holds no words that were saved from a review.")).to_be_visible()


def test_words_that_are_not_saved_outlive_a_reload_and_are_not_closed_unasked(
    reading: Callable[..., Reader], tmp_path: Path
) -> None:
    reader = opened(reading, tmp_path)
    asked: list[str] = []
    reader.page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    reader.page.reload()
    assert asked == []  # nothing was written
    reader.press("PageDown", "PageDown")
    reader.page.get_by_role("textbox").fill("Mum waits.")
    reader.page.evaluate("sessionStorage.clear()")  # Chromium loses it now and then
    reader.page.reload()
    assert asked == ["beforeunload"]
    reader.press("PageDown", "PageDown")
    expect(reader.page.get_by_role("textbox")).to_have_value("Mum waits.")
    expect(reader.page.get_by_text("Not saved yet.")).to_be_visible()
    save(reader)
    reader.page.reload()
    assert asked == ["beforeunload"]


def test_more_than_can_be_saved_is_told_and_stays(reading: Callable[..., Reader], tmp_path: Path) -> None:
    reader = opened(reading, tmp_path)
    reader.page.get_by_role("textbox").fill("\n".join(str(n) for n in range(21)))
    reader.button("Save into a file").click()
    expect(reader.page.get_by_text("Strengths: up to 20 lines can be saved; there are 21.")).to_be_visible()
    reader.page.get_by_role("textbox").fill("x" * 501)
    reader.button("Save into a file").click()
    expect(reader.page.get_by_text("Strengths: a line can have up to 500 letters.")).to_be_visible()
