"""A review open in a real Chromium, and what a family does with it."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import ConsoleMessage, Locator, Page

from tests.footage import read_number
from tests.servers import wait_until

LAPTOP = {"width": 1366, "height": 768}
PHONE = {"width": 390, "height": 844}
RATES = ("30", "30000/1001", "25", "60", "24000/1001")


SEEN = """
  const video = document.querySelector('#stage video');
  window.seen = [];
  const note = (_, { mediaTime }) => { seen.push(Math.round(mediaTime * 30)); video.requestVideoFrameCallback(note); };
  video.requestVideoFrameCallback(note);
"""
"""Remembers each picture of a clip of 30 a second that is shown from now on."""


def rounds(seen: list[int]) -> list[list[int]]:
    """The pictures seen, split where it came back to an earlier one."""
    turns = [n for n, (one, other) in enumerate(pairwise(seen), 1) if other < one]
    return [seen[start:end] for start, end in pairwise([0, *turns, len(seen)])]


def number_on(shot: NDArray[np.uint8], width: int, height: int) -> int:
    """The number of a picture of that shape, as large as it can be in the middle of a window."""
    scale = min(shot.shape[1] / width, shot.shape[0] / height)
    left, top = (int((shot.shape[1] - width * scale) / 2), int((shot.shape[0] - height * scale) / 2))
    return read_number(shot[top : top + int(height * scale), left : left + int(width * scale)])


class Reader:
    """A page with the pack open; it remembers everything that must not happen."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.said: list[str] = []
        self.asked_for: list[str] = []
        page.set_default_timeout(60_000)
        page.on("console", self._remember)
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("request", lambda request: self.asked_for.append(request.url))

    def _remember(self, message: ConsoleMessage) -> None:
        self.said.append(message.text)

    def open(self, folder: Path) -> None:
        self.page.goto((folder / "index.html").as_uri())

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def until(self, condition: str, within_s: float = 60) -> None:
        """Wait for a condition on the current video, v."""
        asked = f"() => {{ const v = document.querySelector('#stage video'); return {condition}; }}"
        self.page.wait_for_function(asked, timeout=within_s * 1000)

    def at_rest(self) -> None:
        self.until("v && v.readyState >= 2 && v.paused && !v.seeking")

    def number(self) -> int:
        """The number on the picture that is on the screen now, as painted."""
        self.page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        return self.number_in(self.page.locator("#stage .window"))

    def number_in(self, window: Locator) -> int:
        """The number on the picture that is seen through a window."""
        shot = cv2.imdecode(np.frombuffer(window.screenshot(), np.uint8), cv2.IMREAD_GRAYSCALE)
        assert shot is not None
        size = "p => [p.videoWidth || p.naturalWidth, p.videoHeight || p.naturalHeight]"
        return number_on(shot.astype(np.uint8), *window.locator("video, img").evaluate(size))

    def expect_number(self, number: int) -> None:
        """The picture may need an instant to be painted after the browser says that it has found it."""
        wait_until(lambda: self.number() == number, f"the picture {number} is shown")
