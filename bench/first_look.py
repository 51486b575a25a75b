"""From the last byte of a moment to its first look playing in Chromium, while 300 jobs wait.

The page, the API and a worker that stands still, as where hundreds are before: nothing of the moment is prepared. A
film is opened, a clip marked, made lighter and sent again and again; the page's own button is pressed when it is there.
The last byte is the ledger's time of the complete upload; playing, the first picture that the page draws of a film
that its player says is playing. Both are of this machine's clock.
"""

from __future__ import annotations

import os
import signal
import statistics
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, expect, sync_playwright
from sqlalchemy import select

from records.models import JobRow
from tests.conftest import CHROMIUM_ARGS
from tests.effects import open_alone
from tests.footage import run
from tests.records.cast import K_207, add_jobs
from tests.servers import wait_until
from tests.web.desk import LAPTOP, DeskService, Guider

WAITING, CLIP_S = 300, 6
_CUT_WITHIN_MS = 600_000
_CHROMIUM = "/usr/bin/chromium"
_NOTE_TIMES = """() => {
    const seen = window.seen = {};
    const note = (what) => (seen[what] ??= Date.now());
    new MutationObserver(() => {
        const button = document.querySelector('button[aria-label="First look at Clip 1"]');
        if (button && !seen.offered) (note('offered'), button.click());
    }).observe(document.body, { subtree: true, childList: true, attributes: true });
    document.addEventListener('playing', () => note('playing'), true);
    const draw = CanvasRenderingContext2D.prototype.drawImage;
    CanvasRenderingContext2D.prototype.drawImage = function (...what) {
        draw.call(this, ...what);
        if (seen.playing && this.canvas.closest?.('[aria-label^="First look at Clip"]')) note('shown');
    };
}"""


def draw_film(path: Path) -> Path:
    """Half a minute as a phone films it: 1080p30, 17 Mbit/s, moving and grained."""
    picture = ["-f", "lavfi", "-i", "testsrc2=size=1920x1080:rate=30,noise=alls=12:allf=t,format=yuv420p"]
    sound = ["-f", "lavfi", "-i", "anoisesrc=color=pink:seed=7:amplitude=0.3,tremolo=f=4:d=0.7"]
    rates = ["-b:v", "17M", "-maxrate", "17M", "-bufsize", "17M", "-g", "30"]
    run(*picture, *sound, "-t", "30", "-c:v", "libx264", "-preset", "ultrafast", *rates, "-c:a", "aac", str(path))
    return path


def first_looks(folder: Path, tries: int) -> dict[str, Any]:
    """Medians and p95 in seconds, and each try: when the button was there, the player played, a picture was shown."""
    film = draw_film(folder / "film.mp4")
    service = DeskService(folder / "desk")
    service.data_dir.mkdir()
    service.start()
    worker = service.worker
    assert worker is not None
    worker.send_signal(signal.SIGSTOP)
    found: list[dict[str, float]] = []
    try:
        database = open_alone(service.settings())
        clips = [{"in": 1000 * n, "out": 1000 * n + 500} for n in range(100)]
        for _ in range(WAITING // len(clips)):
            add_jobs(database, {**K_207, "clip": clips})
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=_CHROMIUM if Path(_CHROMIUM).exists() else None, args=CHROMIUM_ARGS
            )
            for _ in range(tries):
                selection_id, seen = _one_look(browser, service, film)
                with database.reading() as session:
                    asked = select(JobRow.queued_at).where(JobRow.selection_id == selection_id)
                    last_byte = session.scalars(asked).one().timestamp()
                found.append({what: round(at / 1000 - last_byte, 3) for what, at in seen.items()})
                print("first look", found[-1], flush=True)
            browser.close()
        database.dispose()
    finally:
        worker.send_signal(signal.SIGCONT)
        service.stop()
    times = sorted(one["shown"] for one in found)
    return {
        "first_look_p50_s": round(statistics.median(times), 2),
        "first_look_p95_s": times[round(0.95 * (len(times) - 1))],
        "first_looks": {"jobs_waiting": WAITING, "load": round(os.getloadavg()[0], 1), "tries": found},
    }


def _one_look(browser: Browser, service: DeskService, film: Path) -> tuple[str, dict[str, float]]:
    expect.set_options(timeout=_CUT_WITHIN_MS)
    context = browser.new_context(viewport=LAPTOP)  # type: ignore[arg-type]  # a TypedDict of just these two
    page = context.new_page()
    guider = Guider(page, service.url, service.address).start()
    guider.open(film)
    guider.mark_clip(4, 4 + CLIP_S)
    guider.choose_way("Lighter")
    guider.wait_until_cut()
    page.evaluate(_NOTE_TIMES)
    selection_id = guider.send()
    seen: dict[str, float] = {}

    def is_shown() -> bool:
        seen.update(page.evaluate("window.seen"))
        return "shown" in seen

    wait_until(is_shown, "the first look plays")
    context.close()
    return selection_id, seen
