"""What was sent can be looked at before it is prepared."""

from __future__ import annotations

import base64
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.footage import numbered_film, read_number
from tests.mp4_boxes import Mp4
from tests.servers import wait_until
from tests.web.desk import DeskService, Guider

TOGETHER = "desk_review"

_NOTE_PICTURES = """() => {
    window.noted = [];
    const behind = new OffscreenCanvas(1, 1);
    const draw = CanvasRenderingContext2D.prototype.drawImage;
    CanvasRenderingContext2D.prototype.drawImage = function (...what) {
        draw.call(this, ...what);
        if (!this.canvas.closest?.('[aria-label^="First look at Clip"]')) return;
        const { width, height } = Object.assign(behind, { width: this.canvas.width, height: this.canvas.height });
        const copy = behind.getContext('2d', { willReadFrequently: true });
        copy.drawImage(this.canvas, 0, 0);
        const { data } = copy.getImageData(0, 0, width, height);
        window.noted.push([width, height, new Uint8Array(data.filter((_, n) => n % 4 === 1)).toBase64()]);
    };
}"""
"""Every picture that is ever drawn where the clip is seen."""


@pytest.fixture
def nothing_is_prepared(desk_service: DeskService) -> Iterator[None]:
    """The worker stands still, as where hundreds wait before."""
    assert desk_service.worker is not None
    desk_service.worker.send_signal(signal.SIGSTOP)
    yield
    desk_service.worker.send_signal(signal.SIGCONT)


def numbers_drawn(guider: Guider) -> list[int]:
    """The number on every picture that was drawn since they are noted."""
    return [
        read_number(np.frombuffer(base64.b64decode(grey), np.uint8).reshape(height, width))
        for width, height, grey in guider.page.evaluate("window.noted")
    ]


@pytest.mark.usefixtures("nothing_is_prepared")
def test_a_first_look_shows_what_is_in_the_moment_and_the_finished_clip_takes_over(
    guider: Guider, desk_service: DeskService, film: Path
) -> None:
    guider.open(film)
    guider.mark_clip(1, 2)
    guider.mark_still(4)
    guider.send()
    expect(guider.page.get_by_text("Waiting its turn")).to_have_count(2)
    guider.page.evaluate(_NOTE_PICTURES)
    guider.button("First look at Clip 1").click()
    look = guider.page.get_by_role("region", name="First look at Clip 1")
    expect(look.get_by_text("First look", exact=True)).to_be_visible()
    canvas = "[aria-label='First look at Clip 1'] canvas"
    wait_until(lambda: guider.number_on(canvas) == 50, "its last picture stands")
    expect(look.get_by_role("button", name="Play")).to_be_visible()
    numbers = numbers_drawn(guider)
    assert numbers[0] < 50
    assert all(25 <= number <= 50 for number in numbers), numbers
    guider.button("First look at Still 1").click()
    wait_until(lambda: guider.number_on("[aria-label='First look at Still 1'] canvas") == 100, "the still")
    assert desk_service.worker is not None
    desk_service.worker.send_signal(signal.SIGCONT)
    guider.wait_until_ready()
    expect(look.get_by_text("First look", exact=True)).to_have_count(0)
    wait_until(lambda: guider.number_on("[aria-label='First look at Clip 1'] video") == 50, "the same picture")
    look.get_by_role("button", name="Close").click()
    expect(guider.page.get_by_role("link", name=re.compile("^Watch Clip 1"))).to_be_focused()


@pytest.mark.usefixtures("nothing_is_prepared")
def test_a_first_look_at_a_film_whose_player_counts_otherwise_stays_within_the_moment(
    guider: Guider, tmp_path: Path
) -> None:
    """Shortened between two pictures and sent whole: Chromium's 0 is the first picture, not the edit's."""
    film = Mp4(numbered_film(tmp_path / "whole.mp4", frames=120, codec=("-c:v", "libx264", "-bf", "2", "-g", "30")))
    film.set_edits([(1.017, 2.9)])
    guider.open(film.write(tmp_path / "film.mp4"))
    guider.mark_clip(1, 2)
    guider.choose_way("Whole film")
    guider.send()
    guider.page.evaluate(_NOTE_PICTURES)
    guider.button("First look at Clip 1").click()
    canvas = "[aria-label='First look at Clip 1'] canvas"
    wait_until(lambda: guider.number_on(canvas) == 91, "its last picture stands")
    assert set(numbers_drawn(guider)) <= set(range(61, 92))
