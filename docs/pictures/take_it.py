"""Takes the pictures of the IT page anew, in four real states: well, busy, a stuck worker, a disk nearly full.

In each state, light and dark, axe must find nothing.

Run from the root, with the page built: python docs/pictures/take_it.py. It needs Chromium on the PATH and five minutes:
a worker that takes nothing is only told of after two. The jobs are real; the week before them is drawn.
"""

from __future__ import annotations

import math
import random
import shutil
import signal
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright
from sqlalchemy import delete

sys.path.insert(0, str(Path(__file__).parents[2]))

from records.ledger.outcome_counts import quarter_of, round_up_ms
from records.models import JobOutcomeCountRow, SampleRow, utcnow
from tests.axe import complaints
from tests.footage import numbered_film
from tests.servers import wait_until
from tests.web.desk import LAPTOP, PHONE, DeskService
from tests.worker.service import Service

HERE = Path(__file__).parent
CLIPS = {"family": "K-104", "clip": [{"in": n * 1000, "out": n * 1000 + 5000} for n in range(6)]}


def draw_week(service: Service) -> None:
    """A quiet week of working days, in which the disk fills a little."""
    chance = random.Random(7)  # noqa: S311 the same week each time
    now, free = utcnow(), shutil.disk_usage(service.settings.data_dir).free
    with service.db.session() as session:
        session.execute(delete(SampleRow))
        for minutes in range(0, 7 * 1440, 5):
            at = now - timedelta(minutes=minutes + 2)
            open_now = at.weekday() < 5 and 8 <= at.hour < 18
            waiting = max(0, round(chance.gauss(2, 3))) if open_now else 0
            figures = {"waiting": waiting, "running": min(waiting, 1), "oldest_waiting_s": waiting * 9.0, "workers": 1}
            disk = free + minutes * 1_600_000 + round(4e8 * math.sin(minutes / 400))
            since = now - timedelta(days=2)
            session.add(SampleRow(at=at, state="well", since=since, disk_free_bytes=disk, **figures))
        for quarters in range(1, 7 * 96):
            quarter = quarter_of(now - timedelta(minutes=15 * quarters))
            if quarter.weekday() < 5 and 8 <= quarter.hour < 18:
                for ready_ms in {
                    round_up_ms(round(chance.lognormvariate(9, 0.5))) for _ in range(chance.randint(1, 5))
                }:
                    key = {"kind": "moment", "outcome": "done", "code": "", "ready_ms": ready_ms}
                    session.add(JobOutcomeCountRow(quarter=quarter, jobs=chance.randint(1, 3), **key))


def check(browser: Browser, url: str) -> None:
    """Raises ValueError where axe finds something."""
    for theme in ("light", "dark"):
        page = browser.new_page(viewport=LAPTOP, color_scheme=theme, reduced_motion="reduce")
        page.goto(url)
        page.get_by_text("Recent actions").wait_for()
        if found := complaints(page):
            raise ValueError(found)
        page.close()


def photograph(browser: Browser, url: str, name: str, *, phone: bool = False) -> None:
    """The page on a laptop in the light, and where asked on a phone in the dark, after its second look."""
    screens = {"": ("light", LAPTOP)} | ({"-phone": ("dark", PHONE)} if phone else {})
    for suffix, (theme, screen) in screens.items():
        page = browser.new_page(viewport=screen, color_scheme=theme, reduced_motion="reduce")
        page.goto(url)
        page.get_by_text("Recent actions").wait_for()
        page.wait_for_timeout(3000)
        page.screenshot(path=HERE / f"it-{name}{suffix}.png")
        page.close()
    check(browser, url)


def state_of(workdir: DeskService) -> str:
    with workdir.client() as client:
        return str(client.get("/api/v1/operations").json()["verdict"]["state"])


def send(service: Service, film: Path, selections: int) -> None:
    for _ in range(selections):
        _, jobs = service.send_film(film, CLIPS)
        service.enqueue(jobs)


def take_all(workdir: DeskService, browser: Browser, film: Path) -> None:
    service = Service(workdir.settings())
    wait_until(lambda: state_of(workdir) == "well", "the service is well")
    send(service, film, 1)
    wait_until(lambda: state_of(workdir) == "busy", "they are prepared", 60)
    wait_until(lambda: state_of(workdir) == "well", "all are ready", 120)
    draw_week(service)
    photograph(browser, workdir.address.replace("/#", "/it#"), "well", phone=True)
    send(service, film, 4)
    time.sleep(5)
    photograph(browser, workdir.address.replace("/#", "/it#"), "busy")
    assert workdir.worker is not None  # noqa: S101 it was started
    # The parent hands out messages. Stopped, it takes none, while its pool process goes on to tell that it lives.
    workdir.worker.send_signal(signal.SIGSTOP)
    wait_until(lambda: state_of(workdir) == "bad", "stuck", 400)
    photograph(browser, workdir.address.replace("/#", "/it#"), "stuck", phone=True)
    workdir.worker.send_signal(signal.SIGCONT)
    wait_until(lambda: state_of(workdir) != "bad", "works again", 60)
    workdir.kill_api()
    workdir.environment["VIGPACK_MIN_FREE_BYTES"] = str(shutil.disk_usage(workdir.data_dir).free + 500_000_000)
    workdir.start_api()
    photograph(browser, workdir.address.replace("/#", "/it#"), "disk")


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        film = numbered_film(Path(name) / "film.mp4", frames=360, fps="30", width=1280, height=720)
        workdir = DeskService(Path(name) / "data", {"VIGPACK_HEARTBEAT_S": "2"})
        workdir.data_dir.mkdir()
        workdir.start()
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
                take_all(workdir, browser, film)
                browser.close()
        finally:
            workdir.stop()


if __name__ == "__main__":
    main()
