"""Takes the pictures of this folder anew: draws a small film, prepares it, and photographs what comes out.

Run from the root of the checkout: python docs/pictures/take.py. It needs Chromium and pdftoppm on the PATH.
"""

from __future__ import annotations

import math
import shutil
import subprocess
import tempfile
from pathlib import Path

import cv2
import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Browser, sync_playwright

from pipeline.ffmpeg.runner import FfmpegRunner
from pipeline.moments import parse_selection
from pipeline.presets import preset
from pipeline.run.orders import Ffmpeg, SelectionOrder
from pipeline.run.prepare import prepare

HERE = Path(__file__).parent
FPS, SECONDS, WIDTH, HEIGHT = 25, 12, 1280, 720
Picture = NDArray[np.uint8]
Colour = tuple[int, int, int]  # blue, green, red

HAIR, SKIN, EYES, MOUTH = (40, 60, 90), (167, 199, 235), (50, 40, 40), (60, 60, 160)
TEAL, ORANGE, WOOD, RED, PALE = (120, 110, 60), (90, 150, 235), (110, 150, 190), (70, 90, 215), (240, 250, 250)

SELECTION = {
    "family": "K-104",
    "cycle": 2,
    "helping_question": "How can we enjoy playing together?",
    "working_points": ["Wait a little longer", "Follow her eyes"],
    "clip": [
        {"in": 1000, "out": 5000, "caption": "Ella looks up. Mum waits.", "principle": "receiving-initiatives"},
        {"in": 6000, "out": 9000, "caption": "Ella rolls the ball back.", "principle": "being-attentive"},
        {"in": 9000, "out": 11000, "caption": "They both laugh."},
    ],
    "still": [
        {"at": 1480, "caption": "Ella shows Mum the ball."},
        {"at": 6800, "caption": "Mum waits. Ella takes her turn, and they both enjoy it."},
    ],
}


class Sheet:
    """A picture one draws on in hundredths of its height, at twice the size it is needed in."""

    def __init__(self) -> None:
        shade = np.linspace(1.0, 0.88, HEIGHT * 2)[:, None, None]
        self.pixels = (np.array([205, 226, 240]) * shade * np.ones((1, WIDTH * 2, 1))).astype(np.uint8)
        self.unit = HEIGHT * 2 / 100

    def _at(self, *lengths: float) -> tuple[int, ...]:
        return tuple(round(length * self.unit) for length in lengths)

    def disc(self, x: float, y: float, across: float, high: float, colour: Colour) -> None:
        cv2.ellipse(self.pixels, self._at(x, y), self._at(across, high), 0, 0, 360, colour, -1, cv2.LINE_AA)

    def arc(self, x: float, y: float, size: float, colour: Colour, turn: float = 0, to: float = 170) -> None:
        cv2.ellipse(self.pixels, self._at(x, y), self._at(size, size * 0.65), turn, 10, to, colour, 14, cv2.LINE_AA)

    def bar(self, left: float, top: float, right: float, bottom: float, colour: Colour) -> None:
        cv2.rectangle(self.pixels, self._at(left, top), self._at(right, bottom), colour, -1)

    def arm(self, x: float, y: float, to_x: float, colour: Colour) -> None:
        cv2.line(self.pixels, self._at(x, y), self._at(to_x, 78), colour, round(6 * self.unit), cv2.LINE_AA)
        self.disc(to_x, 79, 3.4, 3.4, SKIN)

    def person(self, x: float, y: float, size: float, looks: int, clothes: Colour, hair: Colour) -> None:
        self.disc(x - looks, y + 3.1 * size, 1.5 * size, 2.2 * size, clothes)
        self.disc(x - looks * 0.5, y - 0.2 * size, 1.17 * size, 1.17 * size, hair)
        self.disc(x + looks * 0.3, y, size, size, SKIN)
        for eye in (0.15, 0.62):
            self.disc(x + looks * eye * size, y, 0.12 * size, 0.12 * size, EYES)
        self.arc(x + looks * 0.4 * size, y + 0.35 * size, 0.34 * size, MOUTH)


def draw(t_s: float) -> Picture:
    """A carer and a child at a table who roll a ball to and fro: uint8, (height, width, 3), BGR."""
    sheet = Sheet()
    sheet.bar(71, 8, 107, 36, (150, 180, 200))
    sheet.bar(72.5, 9.5, 105.5, 34.5, (250, 240, 225))
    sheet.bar(88.2, 9.5, 89.8, 34.5, (150, 180, 200))
    sheet.disc(99, 15, 3.2, 3.2, (120, 215, 250))
    sway = math.sin(t_s * 1.3)
    sheet.disc(40, 49, 7, 14, HAIR)
    sheet.person(48 + sway, 40, 13, 1, TEAL, HAIR)
    sheet.person(130 + 1.4 * math.sin(t_s * 1.3 + 1), 53, 10.5, -1, ORANGE, (45, 90, 150))
    sheet.bar(0, 80, 180, 100, WOOD)
    sheet.bar(0, 80, 180, 81.5, (90, 125, 165))
    sheet.arm(60, 66, 64, TEAL)
    sheet.arm(122, 72, 115, ORANGE)
    ball = 66 + 46 * (math.sin(t_s * 1.9) + 1) / 2
    sheet.disc(ball, 74.5, 6, 6, RED)
    sheet.arc(ball, 74.5, 5.2, PALE, turn=t_s * 120, to=350)
    return cv2.resize(sheet.pixels, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA).astype(np.uint8)


def draw_film(path: Path) -> None:
    """The drawn scene as a film without sound."""
    size = ["-f", "rawvideo", "-pix_fmt", "bgr24", "-s", f"{WIDTH}x{HEIGHT}", "-r", str(FPS), "-i", "pipe:0"]
    argv = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *size, "-pix_fmt", "yuv420p", str(path)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE) as ffmpeg:
        if ffmpeg.stdin is None:
            raise RuntimeError("ffmpeg was started without a way in")
        for n in range(FPS * SECONDS):
            ffmpeg.stdin.write(draw(n / FPS).tobytes())
    if ffmpeg.returncode:
        raise RuntimeError(f"ffmpeg ended with {ffmpeg.returncode}")


def photograph_pack(browser: Browser, page_url: str) -> None:
    """The player on a laptop: its cards, words revealed, two moments at once; and on a phone in the dark."""
    laptop = browser.new_page(viewport={"width": 1366, "height": 768}, reduced_motion="reduce")
    laptop.goto(page_url)
    laptop.screenshot(path=HERE / "review-pack-opening.png")
    for key in ["PageDown", "w", "p", *["ArrowRight"] * 12]:
        laptop.keyboard.press(key)
    laptop.wait_for_timeout(800)
    laptop.screenshot(path=HERE / "review-pack.png")
    laptop.keyboard.press("s")
    laptop.wait_for_timeout(800)
    laptop.screenshot(path=HERE / "review-two-at-once.png")
    for _ in range(5):
        laptop.keyboard.press("PageDown")
    laptop.get_by_role("textbox").fill("Mum waits and looks.\nElla rolls the ball back.")
    laptop.screenshot(path=HERE / "review-closing.png")
    phone = browser.new_page(
        viewport={"width": 390, "height": 844}, color_scheme="dark", has_touch=True, is_mobile=True
    )
    phone.goto(page_url)
    phone.get_by_role("button", name="Begin").tap()
    phone.wait_for_timeout(800)
    phone.screenshot(path=HERE / "review-pack-phone.png")


def photograph_notes(pdf: Path, scratch: Path) -> None:
    """The two pages side by side on a grey ground."""
    subprocess.run(["pdftoppm", "-r", "56", "-png", str(pdf), str(scratch / "page")], check=True)
    pages = [cv2.imread(str(path)) for path in sorted(scratch.glob("page*.png"))]
    framed = [cv2.copyMakeBorder(page, 24, 24, 24, 24, cv2.BORDER_CONSTANT, value=(200, 206, 210)) for page in pages]
    cv2.imwrite(str(HERE / "picture-notes.png"), np.hstack(framed), [cv2.IMWRITE_PNG_COMPRESSION, 9])


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        draw_film(scratch / "film.mp4")
        prepare(
            SelectionOrder(scratch / "film.mp4", parse_selection(SELECTION), preset(), Ffmpeg.of(FfmpegRunner())),
            scratch / "out",
        )
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            photograph_pack(browser, (scratch / "out" / "review-pack" / "index.html").as_uri())
            browser.close()
        photograph_notes(scratch / "out" / "picture-notes.pdf", scratch)


if __name__ == "__main__":
    main()
