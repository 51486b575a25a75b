"""How many clicks a guider's day on her own machine takes: numbers that accounts and sharing may not raise."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.web.desk import DeskService, Guider

TOGETHER = "desk_review"

CLICKS = {
    "from the address to a review that is shown": 9,
    "changing an end and preparing again": 3,
    "the page of notes to print": 1,
    "erasing": 2,
    "signing out": 3,
}
"""Typing is not counted, and choosing a file counts as the one click that opens the choice. A number grows only with
a sentence here that says for what."""


class Hand:
    """A mouse that counts."""

    def __init__(self) -> None:
        self.counted: dict[str, int] = {}
        self.journey = ""

    def begin(self, journey: str) -> None:
        self.journey = journey
        self.counted[journey] = 0

    def click(self, what: Locator) -> None:
        what.click()
        self.counted[self.journey] += 1


def tab_of(page: Page, hand: Hand, what: Locator) -> Page:
    with page.expect_popup() as opened:
        hand.click(what)
    return opened.value


def test_no_journey_on_one_machine_takes_more_clicks(
    desk_service: DeskService, context: BrowserContext, film: Path
) -> None:
    hand = Hand()
    guider = Guider(context.new_page(), desk_service.url, desk_service.address)
    page = guider.page

    hand.begin("from the address to a review that is shown")
    page.goto(guider.address)
    expect(guider.button("Choose a film")).to_be_visible()
    hand.counted[hand.journey] += 1  # the browser's own window, which nobody but a person opens
    guider.open(film)
    hand.click(guider.button("Starts here"))
    expect(page.get_by_text("A moment starts at")).not_to_have_count(0)
    hand.click(guider.button("One second forward"))
    hand.click(guider.button("Ends here"))
    expect(guider.cards("Clip")).to_have_count(1)
    hand.click(page.get_by_role("button", name=re.compile("^Still")))
    expect(guider.cards("Still")).to_have_count(1)
    hand.click(page.get_by_label("Family code"))
    page.keyboard.type("K-104")
    hand.click(page.get_by_role("button", name=re.compile("^Send ")))
    guider.wait_until_ready()
    review = tab_of(page, hand, page.get_by_role("link", name="Open the review"))
    hand.click(review.get_by_role("button", name="Begin"))
    expect(review.get_by_role("button", name="Play", exact=True)).to_be_visible()
    review.close()

    hand.begin("the page of notes to print")
    tab_of(page, hand, guider.button("Print the picture notes")).close()

    hand.begin("changing an end and preparing again")
    hand.click(guider.button("Change times for Clip 1"))
    hand.click(page.get_by_role("button", name=re.compile("later")).last)
    hand.click(guider.button("Prepare again"))
    expect(guider.button("Prepare again")).to_have_count(0)

    hand.begin("erasing")
    hand.click(page.get_by_role("button", name="Erase", exact=True))
    hand.click(guider.button("Erase it"))
    expect(page.get_by_role("heading", level=1)).not_to_contain_text("ready")

    hand.begin("signing out")
    hand.click(guider.button("Your account"))
    hand.click(guider.button("Sign out"))
    hand.click(page.get_by_role("dialog").get_by_role("button", name=re.compile("^Sign out")).first)
    expect(page.get_by_role("dialog")).to_contain_text("Please open vigpack once more")

    assert hand.counted == CLICKS
    assert guider.complaints == []
