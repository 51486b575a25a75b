"""A pack of a spoken diary, opened from the disk: a calm card that plays, again and slower, and hides its words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from pipeline.moments import parse_selection
from pipeline.presets import preset
from pipeline.run.orders import SelectionOrder
from pipeline.run.prepare import prepare
from tests.end_to_end.reader import PHONE, Reader
from tests.footage import FFMPEG, spoken_recording
from tests.servers import wait_until

TOGETHER = "packs"

SELECTION = {
    "family": "K-104",
    "helping_question": "How can we enjoy playing together?",
    "clip": [{"in": 500, "out": 3500, "caption": "We laughed at bath time."}, {"in": 4000, "out": 6000}],
}

BOTH_CLOCKS = "() => [Number(document.querySelector('#time').value) / 20, performance.now() / 1000]"
"""Where the recording is and the page's clock, in seconds, at one instant."""


@pytest.fixture(scope="module")
def diary_pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    diary = spoken_recording(tmp_path_factory.mktemp("diary") / "diary.m4a")
    out = tmp_path_factory.mktemp("made") / "out"
    prepare(SelectionOrder(diary, parse_selection(SELECTION), preset(), FFMPEG, kinds=("review_pack",)), out)
    return out / "review-pack"


def place(page: Page) -> int:
    """Where the recording is, in twentieths of a second."""
    return int(page.locator("#time").input_value())


def until(page: Page, at_least: int) -> None:
    wait_until(lambda: place(page) >= at_least, f"it plays as far as {at_least}")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_voice_plays_on_a_card_again_and_slower(reading: Callable[..., Reader], diary_pack: Path, dark: bool) -> None:
    reader = reading(diary_pack, viewport=PHONE, touch=True, dark=dark)
    page = reader.page
    expect(page.get_by_text("There are 2 moments to listen to.")).to_be_visible()
    reader.button("Begin").click()
    card = page.locator("#stage .sound")
    expect(card).to_be_visible()
    ground = card.evaluate("(card) => getComputedStyle(card).backgroundColor.match(/[0-9]+/g).map(Number)")
    assert max(ground) > 40, "never a black rectangle"
    assert card.locator(".heard path").get_attribute("d").count("M") == 160  # type: ignore[union-attr]
    expect(page.locator("main")).not_to_contain_text("We laughed")
    for hidden in ("Zoom in", "Side by side"):
        expect(page.get_by_role("button", name=hidden)).to_be_hidden()
    expect(page.get_by_role("button", name="¼ speed")).to_be_hidden()

    reader.button("Play").click()
    until(page, 8)
    reader.button("½ speed").click()
    begun_s, started_s = page.evaluate(BOTH_CLOCKS)
    until(page, place(page) + 25)  # long enough that a slider which lags behind on a busy machine does not matter
    played_s, now_s = page.evaluate(BOTH_CLOCKS)
    assert played_s - begun_s < 0.75 * (now_s - started_s), "half a second takes a whole one"
    reader.button("Pause").click()
    stopped = place(page)
    page.wait_for_timeout(200)
    assert place(page) == stopped
    assert card.evaluate("(card) => Number(card.style.getPropertyValue('--heard'))") == pytest.approx(
        stopped / 59, abs=0.01
    )
    reader.button("Again").click()
    wait_until(lambda: place(page) < stopped, "it begins anew")
    reader.button("Pause").click()
    page.get_by_role("button", name="Step forward").click()
    reader.button("Show the words").click()
    expect(page.locator("main")).to_contain_text("We laughed at bath time.")
    reader.press("PageDown")
    expect(page.get_by_text("Moment 2 of 2", exact=True)).to_be_visible()
