"""Takes the pictures of the page anew: draws a film of a carer and a child, marks it, sends it, photographs each view.

Run from the root, with the page built: python docs/pictures/take_desk.py. It needs Chromium on the PATH.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import imageio_ffmpeg
from playwright.sync_api import Browser, Page, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[2]))

from docs.pictures.take import draw_film
from tests.web.desk import LAPTOP, PHONE, DeskService

HERE = Path(__file__).parent
VOICE = "0.4*sin(2*PI*220*t)*sin(2*PI*0.9*t)*gt(sin(2*PI*0.11*t),-0.3)*(0.4+0.6*random(0))"
CLIPS = [
    (4, 9, "Ella looks up. Mum waits.", "receiving-initiatives"),
    (31, 38, "Ella rolls the ball back.", "being-attentive"),
    (97, 104, "They both laugh.", "developing-attuned-interactions"),
]


def lengthen(short: Path, path: Path) -> Path:
    """Three minutes of the drawn scene, with the rise and fall of voices."""
    sound = ["-f", "lavfi", "-i", f"aevalsrc='{VOICE}':s=48000"]
    argv = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", "-stream_loop", "14", "-i", str(short), *sound]
    subprocess.run([*argv, "-c:v", "copy", "-c:a", "aac", "-t", "180", str(path)], check=True)
    return path


def go_to(page: Page, seconds: int) -> None:
    for key in ["Home", *["PageDown"] * (seconds // 10), *["Shift+ArrowRight"] * (seconds % 10)]:
        page.keyboard.press(key)
    page.wait_for_timeout(400)


def mark(page: Page, film: Path) -> None:
    page.locator("main input[type=file]").set_input_files(film)
    page.get_by_role("button", name="Starts here").wait_for()
    for start_s, end_s, caption, principle in CLIPS:
        go_to(page, start_s)
        page.keyboard.press("i")
        go_to(page, end_s)
        page.keyboard.press("o")
        page.get_by_label("Caption").fill(caption)
        page.get_by_label("Principle").select_option(principle)
        page.keyboard.press("Escape")
    go_to(page, 34)
    page.keyboard.press("s")
    page.get_by_label("Caption").fill("Ella shows Mum the ball.")
    page.keyboard.press("Escape")
    page.get_by_label("Family code").fill("K-104")
    page.get_by_label("Helping question").fill("How can we enjoy playing together?")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Clip 2", exact=False).last.click()
    page.locator("article", has_text="Clip 2").first.scroll_into_view_if_needed()
    page.get_by_text("loading pictures").wait_for(state="hidden", timeout=120_000)
    page.wait_for_timeout(6000)  # the strip fetches the moment's own pictures


def shoot(page: Page, name: str) -> None:
    page.screenshot(path=HERE / f"desk-{name}.png")


def photograph(browser: Browser, url: str, film: Path) -> None:
    laptop = browser.new_page(viewport=LAPTOP, reduced_motion="reduce")
    laptop.goto(url)
    laptop.wait_for_timeout(500)
    shoot(laptop, "open")
    mark(laptop, film)
    shoot(laptop, "marking")
    session = laptop.context.new_cdp_session(laptop)
    session.send("Network.enable")
    slow = {"offline": False, "latency": 5, "downloadThroughput": -1, "uploadThroughput": 30_000}
    session.send("Network.emulateNetworkConditions", slow)
    laptop.get_by_role("button", name="Send 4").click()
    laptop.get_by_text(re.compile("[kM]B/s")).first.wait_for(timeout=60_000)
    laptop.wait_for_timeout(4000)
    shoot(laptop, "sending")
    session.send("Network.emulateNetworkConditions", {**slow, "uploadThroughput": -1})
    laptop.get_by_role("heading", name="Your review is ready").wait_for(timeout=120_000)
    laptop.wait_for_timeout(300)
    shoot(laptop, "ready")

    phone = browser.new_page(
        viewport=PHONE, color_scheme="dark", has_touch=True, is_mobile=True, reduced_motion="reduce"
    )
    phone.goto(url)
    phone.wait_for_timeout(500)
    shoot(phone, "phone-open")
    mark(phone, film)
    phone.evaluate("scrollTo(0, 0)")
    phone.wait_for_timeout(500)
    shoot(phone, "phone-marking")
    phone.locator("article", has_text="Clip 2").first.evaluate("(card) => card.scrollIntoView()")
    shoot(phone, "phone-moment")


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        draw_film(scratch / "short.mp4")
        film = lengthen(scratch / "short.mp4", scratch / "film.mp4")
        service = DeskService(scratch)
        service.start()
        try:
            with sync_playwright() as playwright:
                args = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
                browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=args)
                photograph(browser, service.address, film)
                browser.close()
        finally:
            service.stop()


if __name__ == "__main__":
    main()
