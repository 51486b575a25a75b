"""The review on the service, from the desk's button to the words that come home."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.axe import AXE, complaints
from tests.web.desk import Guider

TOGETHER = "desk_review"


def closing_card(review: Page, name: str) -> None:
    """Turn to the closing card of that name, from any card before it."""
    while not review.get_by_role("heading", name=name).is_visible():
        review.keyboard.press("PageDown")


def write(review: Page, text: str) -> None:
    closing_card(review, "What will we try until next time?")
    review.get_by_role("textbox").fill(text)
    review.get_by_role("button", name=re.compile("^Save")).first.click()


@pytest.mark.skipif(not AXE.is_file(), reason="the page's packages are not installed: run make page")
def test_words_come_home_from_the_service_and_from_a_pack_and_nobody_loses_any(
    guider: Guider, film: Path, tmp_path: Path
) -> None:
    guider.open(film)
    guider.mark_clip(1, 2)
    guider.page.get_by_label("Caption").fill("They both laugh.")
    guider.send()
    guider.wait_until_ready()

    review = guider.open_review()
    expect(review.locator("main")).not_to_contain_text("They both laugh.")
    review.get_by_role("button", name="Show the words").click()
    expect(review.locator("main")).to_contain_text("They both laugh.")
    assert complaints(review) == []
    other = guider.open_review()
    write(review, "Roll the ball each evening")
    expect(review.get_by_text("Saved.", exact=True)).to_be_visible()
    assert complaints(review) == []

    write(other, "Wait a little longer")
    expect(other.get_by_role("alert")).to_contain_text("Somebody else has saved other words here meanwhile.")
    other.get_by_role("button", name="Keep both").click()
    expect(other.get_by_text("Saved.", exact=True)).to_be_visible()
    review.reload()
    closing_card(review, "What will we try until next time?")
    expect(review.get_by_role("textbox")).to_have_value("Roll the ball each evening\nWait a little longer")

    taken = guider.take_plain(guider.button("Take the review pack"))
    zipfile.ZipFile(taken.path()).extractall(tmp_path)
    offline = guider.page.context.new_page()
    offline.goto((tmp_path / "review-pack" / "index.html").as_uri())
    closing_card(offline, "What will we try until next time?")
    offline.get_by_role("textbox").fill("Look at the book together")
    with offline.expect_download() as saved:
        offline.get_by_role("button", name="Save into a file").click()

    guider.page.reload()
    expect(guider.page.get_by_text("Roll the ball each evening")).to_be_visible()
    guider.page.get_by_label("A file of saved words").set_input_files(saved.value.path())
    expect(guider.page.get_by_role("alert").filter(has_text="Other words are already saved")).to_be_visible()
    assert complaints(guider.page) == []
    guider.button("Keep both").click()
    for line in ("Roll the ball each evening", "Wait a little longer", "Look at the book together"):
        expect(guider.page.get_by_role("listitem").filter(has_text=line)).to_be_visible()

    foreign = tmp_path / "foreign.json"
    foreign.write_text(re.sub(r'"review": "\w+"', f'"review": "{"0" * 32}"', Path(saved.value.path()).read_text()))
    guider.page.get_by_label("A file of saved words").set_input_files(foreign)
    guider.button("Only those of the file").click()
    expect(guider.page.get_by_text("These words were written in another review.")).to_be_visible()
    expect(guider.page.get_by_role("listitem").filter(has_text="Wait a little longer")).to_be_visible()
