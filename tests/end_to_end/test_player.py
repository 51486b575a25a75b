"""What one can do with the player: this bit again, slower, closer, two at once, by touch, by keys and by switches."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from tests.axe import AXE, complaints_in_both_themes
from tests.end_to_end.reader import PHONE, SEEN, Reader, rounds
from tests.servers import wait_until

TOGETHER = "packs"

SHIFTS = "() => [...document.querySelectorAll('#stage video, #stage img')].map((one) => one.style.transform)"


@pytest.fixture
def reader(reading: Callable[..., Reader], long_pack: Path) -> Reader:
    """At the first moment."""
    reader: Reader = reading(long_pack)
    reader.press("PageDown")
    reader.at_rest()
    return reader


def go_to(reader: Reader, frame: int) -> None:
    reader.page.get_by_role("slider", name="Place in the clip").fill(str(frame))
    reader.expect_number(frame)


def test_this_bit_is_what_lies_around_the_picture_one_is_at(reader: Reader) -> None:
    go_to(reader, 100)
    reader.button("This bit again").click()
    reader.until("!v.paused && v.currentTime < 2")  # a second and a half before, and it came back there
    reader.button("Pause").click()
    reader.until("v.paused && !v.seeking && v.currentTime > 1.8 && v.currentTime < 4.9")
    reader.button("This bit again").click()
    expect(reader.button("Starts here")).to_be_hidden()
    go_to(reader, 145)
    reader.press(" ")
    reader.until("v.ended")


def test_only_the_pictures_of_this_bit_are_seen(reader: Reader) -> None:
    go_to(reader, 75)
    reader.press("l", " ")
    go_to(reader, 60)
    reader.button("Starts here").click()
    go_to(reader, 72)
    reader.press("]")
    reader.page.evaluate(f"() => {{ {SEEN} }}")
    reader.press(" ")
    reader.page.wait_for_function("() => seen.filter((n, i) => n < seen[i - 1]).length >= 3")
    reader.press(" ")
    seen = rounds(reader.page.evaluate("seen"))[:3]
    assert min(map(min, seen)) >= 60
    assert min(map(max, seen)) <= 73, seen  # a busy machine may turn back late, but not each time
    assert {61, 70} <= set().union(*seen)
    reader.button("The whole clip").click()
    go_to(reader, 146)
    reader.press(" ")
    reader.until("!v.paused && v.currentTime < 1")


def test_slow_motion_shows_every_picture_and_drops_none(reader: Reader) -> None:
    dropped = "document.querySelector('#stage video').getVideoPlaybackQuality().droppedVideoFrames"
    reader.press("4")
    tries: list[tuple[int, list[int]]] = []
    deadline = time.monotonic() + 60
    while (0, []) not in tries and time.monotonic() < deadline:  # a busy machine leaves some out, but not each time
        before = reader.page.evaluate(dropped)
        reader.page.evaluate(f"() => {{ {SEEN} }}")
        reader.press("r")
        reader.until("!v.paused && v.currentTime > 0.5")
        reader.press(" ")
        reader.at_rest()
        seen = reader.page.evaluate("seen")
        missing = sorted(set(range(15)) - set(seen))
        tries.append((reader.page.evaluate(dropped) - before, missing))
    assert (0, []) in tries, tries
    assert reader.page.evaluate("document.querySelector('#stage video').muted")


def test_a_face_can_be_looked_at_closer_by_buttons_and_keys(reader: Reader) -> None:
    expect(reader.button("Zoom out")).to_be_hidden()
    reader.button("Zoom in").click()
    assert reader.page.evaluate(SHIFTS) == ["translate(-25%, -25%) scale(1.5)"]
    reader.button("Look left").click()
    reader.press("Shift+ArrowDown")
    assert reader.page.evaluate(SHIFTS) == ["translate(-5%, -45%) scale(1.5)"]
    reader.press("Shift+ArrowDown", "Shift+ArrowLeft")  # never past the picture's edge
    assert reader.page.evaluate(SHIFTS) == ["translate(0%, -50%) scale(1.5)"]
    reader.press(*["+"] * 6)
    assert "scale(4)" in reader.page.evaluate(SHIFTS)[0]
    reader.press("ArrowRight", "ArrowRight")
    reader.at_rest()
    reader.button("Whole picture").click()
    reader.expect_number(2)  # it was stepped meanwhile, and is whole again
    reader.page.mouse.move(300, 200)
    reader.page.mouse.wheel(0, -300)
    expect(reader.button("Whole picture")).to_be_visible()
    reader.press("PageDown", "PageUp")
    assert reader.page.evaluate(SHIFTS) == [""]


def test_a_face_can_be_looked_at_closer_by_two_fingers_and_a_drag(
    reading: Callable[..., Reader], long_pack: Path
) -> None:
    reader = reading(long_pack, viewport=PHONE, touch=True)
    reader.button("Begin").tap()
    reader.at_rest()
    fingers = reader.page.context.new_cdp_session(reader.page)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        touches = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})

    touch("touchStart", (180, 150))
    touch("touchStart", (180, 150), (220, 150))
    for apart in range(20, 61, 10):
        touch("touchMove", (200 - apart, 150), (200 + apart, 150))
    touch("touchEnd")
    wait_until(lambda: "scale(3)" in reader.page.evaluate(SHIFTS)[0], "it is three times as large")
    [shift] = reader.page.evaluate(SHIFTS)
    touch("touchStart", (200, 150))
    touch("touchMove", (240, 150))
    touch("touchMove", (280, 150))
    touch("touchEnd")
    wait_until(lambda: reader.page.evaluate(SHIFTS) != [shift], "it was moved")
    assert reader.page.evaluate("document.querySelector('#stage video').paused")  # neither was a tap

    def plays_when_tapped() -> bool:
        """A tap that comes while a drag still glides only ends that, for the browser: then one taps again."""
        reader.page.locator("#stage").tap()
        try:
            reader.until("v.played.length > 0", within_s=3)
        except PlaywrightTimeout:
            return False
        return True

    wait_until(plays_when_tapped, "a tap plays")


def numbers(reader: Reader) -> list[int]:
    """The numbers on all pictures on the stage."""
    return [reader.number_in(window) for window in reader.page.locator("#stage .window").all()]


def every(reader: Reader, condition: str) -> None:
    """Wait for a condition on every video, v."""
    videos = "[...document.querySelectorAll('#stage video')]"
    reader.page.wait_for_function(f"() => {videos}.every((v) => {condition})")


def test_two_moments_are_stepped_and_played_as_one(reader: Reader) -> None:
    reader.button("Side by side").click()
    reader.page.wait_for_function(
        "() => [...document.querySelectorAll('#stage video')].every((v) => v.readyState >= 2)"
    )
    expect(reader.page.get_by_role("button", name="Show the words")).to_be_hidden()
    wait_until(lambda: numbers(reader) == [0, 0], "the first picture of both")
    reader.press(*["ArrowRight"] * 6)
    every(reader, "!v.seeking")
    wait_until(lambda: numbers(reader) == [6, 5], "a fifth of a second into both: 30 and 25 pictures a second")
    reader.button("Play").click()
    reader.page.wait_for_function(
        "() => [...document.querySelectorAll('#stage video')].every((v) => v.currentTime > 0.5)"
    )
    assert reader.page.evaluate("[...document.querySelectorAll('#stage video')].map((v) => v.muted)") == [False, True]
    reader.button("Pause").click()
    reader.button("Another one, after").click()
    expect(reader.page.locator("#stage img")).to_be_visible()  # the still: now the clip is played alone
    reader.press("ArrowRight")
    reader.at_rest()
    reader.press("s", "PageDown")
    reader.at_rest()
    assert not reader.page.evaluate("document.querySelector('#stage video').muted")


def test_a_clicker_and_a_finger_need_nothing_else(reading: Callable[..., Reader], long_pack: Path) -> None:
    reader = reading(long_pack, viewport=PHONE, touch=True)
    reader.press(*["PageDown"] * 6)
    expect(reader.page.get_by_role("heading", name="What will we try until next time?")).to_be_visible()
    reader.button("Look again from the start").tap()
    for name in ("Step forward", "Step forward", "Again", "Pause", "½ speed", "This bit again"):
        reader.button(name).tap()
    reader.until("!v.paused && v.playbackRate === 0.5")
    reader.button("Show the words").tap()
    expect(reader.page.locator("main")).to_contain_text("Ella looks up.")
    reader.button("Side by side").tap()
    reader.button("Next moment").tap()
    expect(reader.page.get_by_text("Moment 2 of 3", exact=True)).to_be_visible()


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.innerText.split('\\n')[0]"))


def test_one_switch_is_enough(reading: Callable[..., Reader], long_pack: Path) -> None:
    reader = reading(long_pack)
    reader.button("Help").click()
    reader.page.get_by_label("One switch").check()
    reader.page.get_by_label("The mark stays").select_option("3")
    reader.page.get_by_role("dialog").get_by_role("button", name="Close").click()
    clock = reader.page.clock
    clock.install(time=0)
    clock.pause_at(1000)  # from here on it moves only when it is told to
    reader.page.reload()  # who needs a switch needs it next time too
    clock.run_for(3000)
    expect(reader.button("Begin")).to_be_focused()
    assert reader.page.evaluate("parseFloat(getComputedStyle(document.activeElement).outlineWidth)") >= 6
    reader.press(" ")
    reader.at_rest()
    clock.run_for(3000)
    expect(reader.button("Play")).to_be_focused()
    reader.page.mouse.click(1200, 80)  # a switch that taps, beside every button
    reader.until("v.played.length > 0")
    clock.run_for(2900)
    reader.press("Enter")
    reader.until("v.paused")
    clock.run_for(3000)
    expect(reader.button("Again")).to_be_focused()
    reader.press(" ")
    reader.until("!v.paused")


def test_two_switches_move_and_choose(reading: Callable[..., Reader], long_pack: Path) -> None:
    reader = reading(long_pack)
    reader.button("Help").click()
    reader.page.get_by_label("Two switches").check()
    reader.press("Escape")
    while focused(reader.page) != "Begin":
        reader.press(" ")
    reader.press("Enter")
    reader.at_rest()
    names: list[str] = []
    while len(names) < 30 and (not names or names[-1] != "Next"):
        reader.press(" ")
        names.append(focused(reader.page))
    assert names[0] == "Play"
    assert {"Again", "Step forward", "¼ speed", "Show the words", "Zoom in", "Side by side"} <= set(names)
    assert "Step back" not in names  # there is nothing to step back to
    reader.press("Enter")
    expect(reader.page.get_by_text("Moment 2 of 3", exact=True)).to_be_visible()


@pytest.mark.skipif(not AXE.is_file(), reason="the page's packages are not installed: run make page")
def test_axe_finds_nothing_on_any_card(reading: Callable[..., Reader], long_pack: Path) -> None:
    reader = reading(long_pack)
    found = {"opening": complaints_in_both_themes(reader.page)}
    for name, keys in {
        "moment": ["PageDown"],
        "words": ["w", "p", "l", " ", "+"],
        "two": ["0", "s"],
        "still": ["PageDown", "PageDown", "w"],
        "strengths": ["PageDown"],
        "plan": ["PageDown", "PageDown"],
        "help": ["?"],
    }.items():
        reader.press(*keys)
        found[name] = complaints_in_both_themes(reader.page)
    assert {card: said for card, said in found.items() if said} == {}


DRAWN_NOW = """() => [...document.querySelectorAll("#stage svg path[stroke-linejoin]")]
    .filter((one) => one.checkVisibility()).length"""


def test_what_is_drawn_is_shown_when_somebody_asks_and_on_its_own_pictures_only(reader: Reader) -> None:
    def drawn_at(frame: int) -> int:
        go_to(reader, frame)
        return int(reader.page.evaluate(DRAWN_NOW))

    assert drawn_at(45) == yellow(reader) == 0
    reader.press("d")
    assert yellow(reader) > 500
    assert [drawn_at(frame) for frame in (29, 30, 59, 60, 89, 90, 91)] == [0, 1, 1, 0, 0, 1, 0]
    reader.button("0:01 Arrow to the bottom right").click()
    reader.expect_number(30)
    reader.press("+", "+")
    shifts = "() => [...document.querySelectorAll('#stage video, #stage svg')].map((one) => one.style.transform)"
    first, second = reader.page.evaluate(shifts)
    assert first == second != ""  # it stays on what it was drawn on
    reader.press("0", "d")
    assert drawn_at(45) == yellow(reader) == 0
    reader.press("d")
    reader.button("Next moment").click()
    reader.button("Previous moment").click()
    reader.button("Show the drawings").wait_for()  # the picture itself comes first each time


def test_a_spotlight_darkens_all_but_its_ellipse(reader: Reader) -> None:
    reader.press("PageDown", "PageDown")
    reader.button("Show the words").wait_for()
    before = stage_of(reader)
    reader.button("Show the drawings").click()
    reader.page.get_by_text("Spotlight in the middle").wait_for()
    after = stage_of(reader)
    height, width = before.shape[:2]
    scale = min(width / 640, height / 360)

    def around(x: float, y: float) -> tuple[slice, slice]:
        across, down = (
            int(side / 2 + (share - 0.5) * scale * of) for side, share, of in ((width, x, 640), (height, y, 360))
        )
        return slice(down - 9, down + 9), slice(across - 9, across + 9)

    assert (after[around(0.5, 0.5)] == before[around(0.5, 0.5)]).all()
    corner = around(0.1, 0.1)
    assert before[corner].mean() > 180
    assert after[corner].mean() == pytest.approx(0.4 * before[corner].mean(), abs=3)


def stage_of(reader: Reader) -> NDArray[np.uint8]:
    shot = cv2.imdecode(np.frombuffer(reader.page.locator("#stage").screenshot(), np.uint8), cv2.IMREAD_COLOR)
    assert shot is not None
    return shot.astype(np.uint8)


def yellow(reader: Reader) -> int:
    """How many pixels of the stage have the colour of what is drawn."""
    blue, green, red = (stage_of(reader)[:, :, n].astype(int) for n in range(3))
    return int(((red > 240) & (abs(green - 212) < 15) & (blue < 40)).sum())
