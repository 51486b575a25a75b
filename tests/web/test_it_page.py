"""IT's page in a real browser against a real service: what it says, what it does, for every kind of eye and hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from records.audit.log import newest
from records.backup.state import note_backup
from records.models import JobState, SampleRow, utcnow
from tests.axe import AXE, complaints
from tests.effects import open_alone
from tests.records.cast import K_104, add_jobs, job_row
from tests.records.finished import finish_job, give_up_job
from tests.web.desk import LAPTOP, PHONE, DeskService
from tests.web.test_desk_for_everyone import reach

TOGETHER = "it_page"

NO_WORKER = "No worker is running; moments wait until one is."


@pytest.fixture(scope="module")
def it_service(built_page: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskService]:
    """A service without a worker: one job was given up, one is done, one waits."""
    assert built_page.is_dir()
    service = DeskService(tmp_path_factory.mktemp("it"))
    service.start(worker=False)
    db, settings = open_alone(service.settings()), service.settings()
    failed, done, _ = add_jobs(db, K_104)
    give_up_job(db, failed, settings)
    finish_job(db, done, settings)
    with db.session() as session:
        session.add(SampleRow(at=utcnow(), state="well", since=utcnow(), waiting=4, workers=1, disk_free_bytes=10**10))
    db.dispose()
    yield service
    service.stop()


def opened(browser: Browser, service: DeskService, **options: Any) -> Page:
    context = browser.new_context(**{"viewport": LAPTOP, "reduced_motion": "reduce", **options})
    page = context.new_page()
    page.goto(service.address.replace("/#", "/it#"))
    expect(page.get_by_role("heading", level=1)).to_have_text(NO_WORKER)
    return page


@pytest.mark.skipif(not AXE.is_file(), reason="the page's packages are not installed: run make page")
def test_axe_finds_nothing_in_light_and_dark_and_nothing_leaves_the_machine(
    browser: Browser, it_service: DeskService
) -> None:
    found = {}
    for theme in ("light", "dark"):
        page = opened(browser, it_service, color_scheme=theme)
        asked: list[str] = []
        said: list[str] = []
        page.on("request", lambda request, asked=asked: asked.append(request.url))
        page.on("console", lambda message, said=said: said.append(message.text))
        page.reload()
        expect(page.get_by_text("Do now:")).to_be_visible()
        expect(page.get_by_text("This film cannot be read.")).to_be_visible()
        page.get_by_text("Error output").click()
        found[theme] = complaints(page)
        assert [url for url in asked if not url.startswith(it_service.url)] == []
        assert said == []
        page.context.close()
    assert found == {"light": [], "dark": []}


def test_the_age_of_the_last_backup_is_told(browser: Browser, it_service: DeskService) -> None:
    page = opened(browser, it_service)
    told = page.locator("dt:has-text('Last backup') + dd")
    expect(told).to_have_text("none yet")
    db = open_alone(it_service.settings())
    note_backup(db, utcnow() - timedelta(hours=3))
    db.dispose()
    expect(told).to_have_text("3 h ago")
    page.context.close()


def test_the_verdict_can_be_read_from_two_metres_without_scrolling(browser: Browser, it_service: DeskService) -> None:
    page = opened(browser, it_service)
    size = page.get_by_role("heading", level=1).evaluate("(one) => parseFloat(getComputedStyle(one).fontSize)")
    assert size >= 48
    for name in ("Waiting", "Done in 24 hours", "Workers", "Disk free"):
        expect(page.locator("figcaption", has_text=name)).to_be_in_viewport(ratio=1)
    expect(page.get_by_text("Start one: docker compose up -d worker")).to_be_in_viewport(ratio=1)
    page.context.close()


@pytest.mark.parametrize("screen", [LAPTOP, PHONE, {"width": 320, "height": 640}], ids=str)
def test_nothing_is_cut_off_sideways(browser: Browser, it_service: DeskService, screen: dict[str, int]) -> None:
    page = opened(browser, it_service, viewport=screen)
    expect(page.get_by_text("This film cannot be read.")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.context.close()


def test_a_change_comes_by_itself_and_acts_by_keyboard_are_written_down(
    browser: Browser, it_service: DeskService
) -> None:
    page = opened(browser, it_service)
    db, settings = open_alone(it_service.settings()), it_service.settings()
    waiting = page.locator("figure", has_text="Waiting").locator("strong")
    before = int(waiting.inner_text())
    [job] = add_jobs(db)
    expect(waiting).to_have_text(str(before + 1))
    give_up_job(db, job, settings)
    line = page.locator("li", has_text=job)
    expect(line).to_be_visible()
    reach(page, "Try again")
    page.keyboard.press("Enter")
    expect(line).to_have_count(0)
    with db.reading() as session:
        [act] = [line for line in newest(session) if line.action == "retry"]
    assert (act.action, act.target) == ("retry", job)
    page.get_by_role("button", name="Waiting").click()
    line.get_by_role("button", name="Hold").click()
    expect(line).to_have_count(0)
    assert job_row(db, job).state == JobState.HELD
    page.get_by_role("button", name="On hold").click()
    line.get_by_role("button", name="Cancel").click()
    line.get_by_role("button", name="Really cancel?").click()
    expect(line).to_have_count(0)
    assert job_row(db, job).state == JobState.CANCELLED
    db.dispose()
    page.context.close()


def test_the_incident_report_is_shown_to_be_copied(browser: Browser, it_service: DeskService) -> None:
    page = opened(browser, it_service, permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy incident report").click()
    expect(page.get_by_text("It is copied")).to_be_visible(timeout=60_000)
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.get_by_label("The report").input_value()
    assert "VERDICT: bad" in copied
    assert "K-104" not in copied
    page.context.close()
