"""A review pack opened from the disk in a real Chromium, as a family would open it."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from pipeline.moments import parse_selection
from pipeline.outputs.kinds import KINDS
from pipeline.presets import preset
from pipeline.run.orders import SelectionOrder
from pipeline.run.prepare import prepare
from tests.end_to_end.reader import LAPTOP, PHONE, RATES, Reader
from tests.footage import FFMPEG, RUNNER, numbered_film
from tests.pipeline.outputs.prepared_by_hand import QUESTION, WORKING_POINT, drawn_clip, drawn_still, prepared_from

TOGETHER = "packs"

HOSTILE = "</script><img src=x onerror=\"document.title='broken'\">\u202e \"quoted\" 'it' & 😀 [[review]] \u2028 أهلا"


def test_begins_with_the_helping_question_and_ends_with_the_closing_cards(reader: Reader) -> None:
    expect(reader.page.get_by_text(QUESTION)).to_be_visible()
    reader.press(*["PageDown"] * (len(RATES) + 2))
    for heading, said in (
        ("What already works?", ""),
        ("What do we want to build on?", WORKING_POINT),
        ("What will we try until next time?", ""),
    ):
        expect(reader.page.get_by_role("heading", name=heading)).to_be_focused()
        expect(reader.page.get_by_role("textbox", name=heading)).to_have_value(said)
        reader.press("PageDown")
    expect(reader.page.get_by_text(QUESTION)).to_be_hidden()
    reader.button("Look again from the start").click()
    expect(reader.page.get_by_text("Moment 1 of 6", exact=True)).to_be_visible()


def test_shows_the_first_frame_of_every_clip_before_anything_is_pressed(reader: Reader) -> None:
    for _ in RATES:
        reader.press("PageDown")
        reader.at_rest()
        reader.expect_number(0)


@pytest.mark.parametrize("place", range(len(RATES)), ids=RATES)
def test_steps_exactly_one_frame_forward_and_back(reader: Reader, place: int) -> None:
    reader.press(*["PageDown"] * (place + 1))
    reader.at_rest()
    for number in range(1, 8):
        reader.button("Step forward").click()
        reader.expect_number(number)
    for number in range(6, 2, -1):
        reader.press("ArrowLeft")
        reader.expect_number(number)


def test_many_quick_steps_are_all_counted(reader: Reader) -> None:
    reader.press("PageDown")
    reader.at_rest()
    reader.press(*["ArrowRight"] * 41)
    reader.press(*["ArrowLeft"] * 3)
    reader.expect_number(38)


def test_cannot_step_past_the_first_or_the_last_frame(reader: Reader) -> None:
    reader.press("PageDown")
    reader.at_rest()
    reader.press("ArrowLeft", "ArrowLeft")
    reader.expect_number(0)
    reader.press(*["ArrowRight"] * 65)
    reader.expect_number(59)
    reader.press("ArrowLeft")
    reader.expect_number(58)


def test_plays_and_pauses(reader: Reader) -> None:
    reader.press("PageDown")
    reader.at_rest()
    reader.button("Play").click()
    reader.until("v.currentTime > 0.4")
    reader.button("Pause").click()
    reader.at_rest()
    stopped_at = reader.number()
    assert 10 <= stopped_at < 60
    reader.page.wait_for_timeout(200)
    assert reader.number() == stopped_at


def test_a_step_while_it_plays_stops_it_on_the_frame_beside_the_one_seen(reader: Reader) -> None:
    reader.press("PageDown")
    reader.at_rest()
    reader.press("4", " ")
    reader.until("v.currentTime > 0.2")
    reader.press("ArrowRight")
    reader.at_rest()
    first = reader.number()
    reader.press("ArrowRight")
    reader.expect_number(first + 1)


@pytest.mark.parametrize(("key", "name", "rate"), [("2", "½ speed", 0.5), ("4", "¼ speed", 0.25)])
def test_slows_by_key_and_by_button(reader: Reader, key: str, name: str, rate: float) -> None:
    reader.press("PageDown")
    reader.at_rest()
    reader.press(key)
    expect(reader.button(name)).to_have_attribute("aria-pressed", "true")
    started = reader.page.evaluate("performance.now()")
    reader.press(" ")
    reader.until("v.currentTime > 0.15")
    took_s = (reader.page.evaluate("performance.now()") - started) / 1000
    assert took_s > 0.13 / rate * 0.9  # from the middle of the first frame
    reader.button("Normal speed").click()
    reader.until("v.playbackRate === 1")


def test_stays_on_the_last_frame_and_offers_to_play_again(reader: Reader) -> None:
    reader.press("PageDown")
    reader.at_rest()
    reader.press(*["ArrowRight"] * 52, " ")
    reader.until("v.ended")
    reader.expect_number(59)
    reader.button("Play again").click()
    reader.until("!v.paused && v.currentTime < 1")


def test_again_starts_from_the_first_frame(reader: Reader) -> None:
    reader.press("PageDown")
    reader.at_rest()
    reader.press(*["ArrowRight"] * 45)
    reader.expect_number(45)
    reader.button("Again").click()
    reader.until("!v.paused && v.currentTime > 0.05 && v.currentTime < 1.4")


def test_the_line_of_time_shows_any_frame(reader: Reader) -> None:
    reader.press("PageDown")
    reader.at_rest()
    reader.page.get_by_role("slider", name="Place in the clip").fill("33")
    reader.expect_number(33)


def test_words_stay_hidden_until_revealed_one_at_a_time_and_hide_on_the_next_moment(reader: Reader) -> None:
    reader.press("PageDown")
    visible = reader.page.locator("main")
    expect(visible).not_to_contain_text("Caption of clip 0")
    expect(visible).not_to_contain_text("Receiving initiatives")
    reader.page.get_by_role("button", name="Show the words").click()
    expect(visible).to_contain_text("Caption of clip 0")
    expect(visible).not_to_contain_text("Receiving initiatives")
    reader.page.get_by_role("button", name="Show the principle").click()
    expect(visible).to_contain_text("Receiving initiatives")
    reader.press("PageDown")
    expect(visible).not_to_contain_text("Caption of clip")
    expect(visible).not_to_contain_text("Receiving initiatives")


def test_a_still_has_its_place_and_its_words_without_controls_for_playing(reader: Reader) -> None:
    reader.press(*["PageDown"] * 6)
    reader.page.wait_for_function("() => document.querySelector('#stage img').complete")
    assert reader.number() == 77
    expect(reader.button("Play")).to_be_hidden()
    expect(reader.page.get_by_role("button", name="Show the principle")).to_be_hidden()
    reader.press("w")
    expect(reader.page.locator("main")).to_contain_text("Caption of the still")


def test_everything_can_be_done_with_the_keyboard_alone(reader: Reader) -> None:
    reader.press("Tab", "Tab", "Tab")
    expect(reader.button("Begin")).to_be_focused()
    reader.press("Enter")
    reader.at_rest()
    reader.press(" ")
    reader.until("v.currentTime > 0.2")
    reader.press(" ")
    reader.at_rest()
    reader.press("w", "p")
    expect(reader.page.locator("main")).to_contain_text("Caption of clip 0")
    expect(reader.page.locator("main")).to_contain_text("Receiving initiatives")
    reader.press("w")
    expect(reader.page.locator("main")).not_to_contain_text("Caption of clip 0")
    reader.press("r")
    reader.until("!v.paused")
    reader.press("f")
    reader.page.wait_for_function("() => document.fullscreenElement")
    reader.press("f")
    reader.page.wait_for_function("() => !document.fullscreenElement")
    reader.press("?")
    expect(reader.page.get_by_role("dialog", name="Help")).to_be_visible()
    reader.press("Escape")
    reader.press("PageDown", "PageUp", "PageUp")
    expect(reader.page.get_by_text(QUESTION)).to_be_visible()


def test_space_presses_the_button_that_has_the_focus_and_nothing_else(reader: Reader) -> None:
    reader.press("PageDown")
    reader.at_rest()
    reader.button("Step forward").focus()
    reader.press(" ", " ")
    reader.expect_number(2)
    reader.at_rest()


def test_keys_that_are_letters_can_be_switched_off(reader: Reader) -> None:
    reader.press("PageDown", "?")
    reader.page.get_by_role("checkbox").uncheck()
    reader.press("Escape", "w")
    expect(reader.page.locator("main")).not_to_contain_text("Caption of clip 0")


def test_where_the_focus_is_can_be_seen(reader: Reader) -> None:
    reader.press("PageDown", "Tab")
    outline = reader.page.evaluate("parseFloat(getComputedStyle(document.activeElement).outlineWidth)")
    assert outline >= 3


def test_a_tap_on_the_picture_plays_on_a_phone(reading: Callable[..., Reader], pack: Path) -> None:
    reader = reading(pack, viewport=PHONE, touch=True)
    reader.button("Begin").tap()
    reader.at_rest()
    reader.page.locator("#stage").tap()
    reader.until("v.currentTime > 0.2")


@pytest.mark.parametrize("viewport", [LAPTOP, PHONE, {"width": 320, "height": 640}], ids=["laptop", "phone", "small"])
def test_fits_the_screen_and_has_targets_big_enough_for_a_finger(
    reading: Callable[..., Reader], pack: Path, viewport: dict[str, int]
) -> None:
    reader = reading(pack, viewport=viewport)
    for _ in range(len(RATES) + 3):
        assert reader.page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
        small = reader.page.evaluate(
            "() => [...document.querySelectorAll('button')].filter(b => b.checkVisibility() && !b.closest('dialog'))"
            ".filter(b => b.offsetHeight < 44 || b.offsetWidth < 44).map(b => b.textContent)"
        )
        assert small == []
        reader.press("PageDown")


def test_all_controls_of_a_clip_are_on_a_laptops_and_a_phones_screen_without_scrolling(
    reading: Callable[..., Reader], pack: Path
) -> None:
    for viewport in (LAPTOP, PHONE):
        reader = reading(pack, viewport=viewport)
        reader.press("PageDown")
        reader.at_rest()
        for name in ("Play", "Again", "Step back", "Step forward", "This bit again", "½ speed", "Next moment"):
            expect(reader.button(name)).to_be_in_viewport(ratio=1)


def test_every_control_has_a_role_and_a_name(reader: Reader) -> None:
    reader.press("PageDown")
    reader.at_rest()
    tree = reader.page.locator("body").aria_snapshot()
    for line in (
        'heading "Moment 1 of 6: a clip"',
        'slider "Place in the clip"',
        'group "Playing"',
        'group "Speed"',
        'button "Normal speed" [pressed]',
        'navigation "Moments"',
    ):
        assert line in tree
    assert not re.search(r"- (button|slider|checkbox|dialog|img)\s*$", tree, re.MULTILINE)  # none without a name
    expect(reader.page.locator("video")).to_have_attribute("aria-label", "Clip, moment 1 of 6")


@pytest.mark.parametrize("viewport", [LAPTOP, PHONE], ids=["laptop", "phone"])
def test_the_longest_words_can_all_be_reached(
    reading: Callable[..., Reader], tmp_path: Path, viewport: dict[str, int]
) -> None:
    longest = "Mum waits. " * 45
    prepared = prepared_from(
        drawn_clip(tmp_path / "a.mp4", frames=5, caption=longest, principle="guiding"),
        helping_question=longest,
        working_points=(longest,) * 20,
    )
    KINDS["review_pack"].make(prepared, KINDS["review_pack"].recipe(), tmp_path, RUNNER)
    reader = reading(tmp_path / "review-pack", viewport=viewport)
    for name, keys in (("Begin", ["PageDown", "w", "p"]), ("Hide the words", ["PageDown"] * 3), ("Look again", [])):
        button = reader.page.get_by_role("button", name=name)
        button.scroll_into_view_if_needed()
        expect(button).to_be_in_viewport(ratio=0.98)  # a card may scroll by half a pixel
        button.click(trial=True)  # nothing lies over it
        reader.press(*keys)


def test_hostile_captions_are_only_text(reading: Callable[..., Reader], tmp_path: Path) -> None:
    shown = HOSTILE.replace("\u2028", "\n")  # a selection tidies its words; a finished moment is taken as it is
    prepared = prepared_from(
        drawn_still(tmp_path / "a.jpg", caption=HOSTILE), helping_question=HOSTILE, working_points=(HOSTILE,)
    )
    KINDS["review_pack"].make(prepared, KINDS["review_pack"].recipe(), tmp_path, RUNNER)
    reader = reading(tmp_path / "review-pack")
    assert reader.page.locator("#question").text_content() == shown
    reader.press("PageDown", "w")
    assert reader.page.locator("#words-text").text_content() == HOSTILE
    reader.press("PageDown", "PageDown")
    assert reader.page.get_by_role("textbox").input_value() == shown
    assert reader.page.title() == "Our review"


def test_without_question_and_working_points_the_cards_still_say_something(
    reading: Callable[..., Reader], tmp_path: Path
) -> None:
    prepared = prepared_from(drawn_still(tmp_path / "a.jpg"), helping_question="", working_points=())
    KINDS["review_pack"].make(prepared, KINDS["review_pack"].recipe(), tmp_path, RUNNER)
    reader = reading(tmp_path / "review-pack")
    expect(reader.page.get_by_role("heading", name="Welcome")).to_be_visible()
    reader.press("PageDown")
    expect(reader.page.get_by_role("button", name="Show the words")).to_be_hidden()
    reader.press("PageDown", "PageDown")
    expect(reader.page.get_by_role("textbox")).to_have_value("")


def test_says_what_to_do_when_the_films_are_not_beside_the_page(browser: Browser, pack: Path, tmp_path: Path) -> None:
    shutil.copy(pack / "index.html", tmp_path)  # as Windows does when a page is opened from inside a ZIP
    page = browser.new_page()
    page.goto((tmp_path / "index.html").as_uri())
    page.get_by_role("button", name="Begin").click()
    expect(page.get_by_role("alert")).to_contain_text("extract the whole ZIP")
    page.close()


def test_the_page_is_forbidden_to_reach_any_network(browser: Browser, pack: Path) -> None:
    hits = []

    class Listener(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            hits.append(self.path)
            self.send_response(200)
            self.end_headers()

    with HTTPServer(("127.0.0.1", 0), Listener) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page = browser.new_page()
        page.goto((pack / "index.html").as_uri())
        blocked = page.evaluate(
            "url => fetch(url, { mode: 'no-cors' }).then(() => 'reached', () => new Promise(done => {"
            " const image = new Image(); image.onload = image.onerror = () => done('blocked'); image.src = url; }))",
            f"http://127.0.0.1:{server.server_port}/",
        )
        page.close()
        server.shutdown()
    assert blocked == "blocked"
    assert hits == []


def test_a_pack_made_from_a_film_steps_through_the_very_frames_of_its_moment(
    reading: Callable[..., Reader], tmp_path: Path
) -> None:
    film = numbered_film(tmp_path / "film.mp4", frames=150, fps="30000/1001", width=640, height=360)
    shape = {"family": "K-207", "clip": [{"in": 1000, "out": 2500}], "still": [{"at": 2002}]}
    prepare(SelectionOrder(film, parse_selection(shape), preset(), FFMPEG), tmp_path / "out")
    reader = reading(tmp_path / "out" / "review-pack")
    reader.press("PageDown")
    reader.at_rest()
    reader.expect_number(30)  # the first frame at or after 1000 ms is shown at 1001 ms
    reader.press("ArrowRight", "ArrowRight")
    reader.expect_number(32)
    reader.press(*["ArrowRight"] * 60)
    reader.expect_number(74)  # the last before 2500 ms is shown at 2469 ms
    reader.press("ArrowLeft")
    reader.expect_number(73)
    reader.press("PageDown")
    reader.page.wait_for_function("() => document.querySelector('#stage img').complete")
    assert reader.number() == 60
