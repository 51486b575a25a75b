"""The desk on a slow line: six clips and three stills of a 15 minute film, sent untouched and lighter.

Needs the built page and a Chromium. The film (about 1.9 GB) is drawn once into bench/footage. How long the whole film
would take is reckoned from its bytes and the speed that the line really had while the moments were sent.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import Browser, expect, sync_playwright

from tests.conftest import CHROMIUM_ARGS
from tests.footage import run
from tests.servers import wait_until
from tests.web.desk import LAPTOP, DeskService, Guider, Line

FOLDER = Path(__file__).parent
FILM = FOLDER / "footage" / "desk-15min-1080p30.mp4"
RESULT = FOLDER / "results" / "workdir.json"
NO_RECORD = FOLDER / "no_record.cjs"
MINUTES = 15
LINE_BYTES_PER_S = 5_000_000 // 8
CLIP_STARTS_S = (60, 190, 320, 450, 580, 710)
CLIP_LENGTH_S = 20
STILLS_S = (65, 327, 585)
expect.set_options(timeout=30_000)
CUT_WITHIN_S = 600
READY_WITHIN_S = 1200
_PICTURE = "testsrc2=s=1920x1080:r=30"
_VOICE = "aevalsrc='0.25*sin(2*PI*(170+30*sin(2*PI*0.7*t))*t)*(0.5+0.5*sin(6*PI*t))*gt(mod(t,5),1)':s=48000:c=stereo"


def draw_film(path: Path) -> Path:
    """A film as a phone writes it: 1080p30, 17 Mbit/s, a key picture each second; one minute, repeated."""
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    minute, part = path.with_name("minute.mp4"), path.with_name("part.mp4")
    picture = ("-f", "lavfi", "-t", "60", "-i", _PICTURE, "-f", "lavfi", "-t", "60", "-i", _VOICE)
    rate = ("-b:v", "17M", "-minrate", "17M", "-maxrate", "17M", "-bufsize", "17M", "-x264-params", "nal-hrd=cbr")
    codec = ("-c:v", "libx264", "-preset", "ultrafast", *rate, "-g", "30", "-bf", "0", "-c:a", "aac", "-b:a", "128k")
    run(*picture, "-vf", "noise=alls=24:allf=t,format=yuv420p", *codec, str(minute))
    run("-stream_loop", str(MINUTES - 1), "-i", str(minute), "-c", "copy", str(part))
    minute.unlink()
    return part.rename(path)


class TwoWorkers(DeskService):
    """The service as `vigpack up` runs it on two cores."""

    def start(self, *, worker: bool = True) -> None:
        super().start(worker=False)
        if worker:
            self.worker = self._start("worker", "--concurrency", "2")


@dataclass
class PageMemory:
    """The most memory that the busiest page of a browser held: its own and what it shares with other processes."""

    root: psutil.Process = field(default_factory=psutil.Process)
    peak_bytes: int = 0
    _stopped: threading.Event = field(default_factory=threading.Event)

    def watch(self) -> None:
        while not self._stopped.wait(0.25):
            for process in self.root.children(recursive=True):
                self.peak_bytes = max(self.peak_bytes, _held_by(process))

    def stop(self) -> None:
        self._stopped.set()


def _held_by(process: psutil.Process) -> int:
    try:
        if "--type=renderer" not in process.cmdline():
            return 0
        status = Path(f"/proc/{process.pid}/status").read_text()
    except (OSError, psutil.Error):
        return 0  # it ended meanwhile
    kept = {line.split(":")[0]: line.split()[1] for line in status.splitlines() if line.startswith("Rss")}
    return (int(kept.get("RssAnon", 0)) + int(kept.get("RssShmem", 0))) * 1024


@contextmanager
def watched() -> Iterator[PageMemory]:
    memory = PageMemory()
    thread = threading.Thread(target=memory.watch, daemon=True)
    thread.start()
    try:
        yield memory
    finally:
        memory.stop()
        thread.join()


@dataclass(frozen=True)
class Sent:
    """One way of sending, measured."""

    open_s: float
    bytes: int
    cut_s: float
    """Until the last moment was cut, after it was marked."""
    upload_s: float
    send_to_ready_s: float


def send_moments(browser: Browser, service: DeskService, film: Path, way: str) -> Sent:
    """Open the film, mark by keys, wait until all is cut, send over the slow line, wait until all is ready."""
    context = browser.new_context(viewport=LAPTOP)  # type: ignore[arg-type]  # a TypedDict of just these two
    page = context.new_page()
    guider = Guider(page, service.url, service.address).start()
    began = time.monotonic()
    guider.open(film)
    open_s = time.monotonic() - began
    page.get_by_role("radio", name=way).check(force=True)
    page.evaluate("document.activeElement.blur()")
    for start_s in CLIP_STARTS_S:
        guider.mark_clip(start_s, start_s + CLIP_LENGTH_S)
    for at_s in STILLS_S:
        guider.mark_still(at_s)
    marked = time.monotonic()
    expect(page.locator("article .cut svg")).to_have_count(guider.cards().count(), timeout=CUT_WITHIN_S * 1000)
    cut_s = time.monotonic() - marked
    Line(context, page, LINE_BYTES_PER_S)
    began = time.monotonic()
    selection = guider.send()
    view: dict[str, Any] = {}

    def received() -> bool:
        view.update(service.selection(selection))
        return view["bytes_expected"] is not None and view["bytes_received"] >= view["bytes_expected"]

    wait_until(received, "everything is sent", within_s=READY_WITHIN_S)
    upload_s = time.monotonic() - began
    expect(guider.heading("Your review is ready")).to_be_visible(timeout=READY_WITHIN_S * 1000)
    send_to_ready_s = time.monotonic() - began
    context.close()
    return Sent(open_s, view["bytes_received"], cut_s, upload_s, send_to_ready_s)


def measure(film: Path) -> dict[str, Any]:
    """Both ways, and what the whole film would take."""
    os.environ["NODE_OPTIONS"] = f"--require {NO_RECORD}"  # Playwright's driver is a program for Node
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright, watched() as memory:
        service = TwoWorkers(Path(folder))
        service.start()
        installed = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("msedge")
        browser = playwright.chromium.launch(
            executable_path=installed or playwright.chromium.executable_path, args=CHROMIUM_ARGS
        )
        try:
            untouched = send_moments(browser, service, film, "These moments")
            lighter = send_moments(browser, service, film, "Lighter")
        finally:
            browser.close()
            service.stop()
    film_bytes = film.stat().st_size
    line_bytes_per_s = untouched.bytes / untouched.upload_s
    film_s = film_bytes / line_bytes_per_s
    return {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "film_bytes": film_bytes,
        "lossless_bytes": untouched.bytes,
        "light_bytes": lighter.bytes,
        "line_bytes_per_s": round(line_bytes_per_s),
        "send_to_ready_s": {
            "film": round(film_s, 1),
            "lossless": round(untouched.send_to_ready_s, 1),
            "light": round(lighter.send_to_ready_s, 1),
        },
        "cut_after_last_mark_s": {"lossless": round(untouched.cut_s, 1), "light": round(lighter.cut_s, 1)},
        "open_s": round(max(untouched.open_s, lighter.open_s), 2),
        "page_peak_mb": round(memory.peak_bytes / 2**20),
        "share_of_film": {
            "lossless": round(untouched.bytes / film_bytes, 4),
            "light": round(lighter.bytes / film_bytes, 4),
        },
        "times_faster": {
            "lossless": round(film_s / untouched.send_to_ready_s, 1),
            "light": round(film_s / lighter.send_to_ready_s, 1),
        },
    }


def main() -> None:
    """Measure, print and keep the result."""
    result = measure(draw_film(FILM))
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
