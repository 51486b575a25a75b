"""How the page of one person's machine is opened, and what a browser sees that has no session or keeps nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, Playwright, expect

from tests.conftest import CHROMIUM_ARGS
from tests.web.desk import DeskService, Guider

TOGETHER = "desk"


def test_the_printed_address_is_opened_once_and_its_key_is_gone(
    desk_service: DeskService, context: BrowserContext
) -> None:
    guider = Guider(context.new_page(), desk_service.url, desk_service.address).start()
    expect(guider.page).to_have_url(f"{desk_service.url}/")
    kept = guider.page.evaluate("() => JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")
    assert desk_service.secret not in kept
    assert not any(desk_service.secret in request.url for request in guider.requests)
    guider.page.go_back()
    assert desk_service.secret not in guider.page.url
    guider.page.goto(desk_service.url)
    guider.page.reload()
    expect(guider.button("Choose a film")).to_be_visible()
    second = context.new_page()
    second.goto(f"{desk_service.url}/it")
    expect(second.get_by_text("Last acts")).to_be_visible()
    expect(second.get_by_role("dialog")).to_be_hidden()


def test_without_a_session_one_sentence_tells_how_to_open_it_and_then_it_goes_on(
    desk_service: DeskService, context: BrowserContext
) -> None:
    page = context.new_page()
    page.goto(f"{desk_service.url}/#/logbook")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Please open vigpack by the address that was shown when it was started.")
    expect(dialog.get_by_role("textbox")).to_have_count(0)
    page.goto(desk_service.address)  # pasted into the same tab: nothing is loaded anew
    expect(dialog).to_be_hidden()
    expect(page).to_have_url(f"{desk_service.url}/")


@pytest.fixture
def keeping_nothing(playwright: Playwright, chromium: str, tmp_path: Path) -> Iterator[Page]:
    """A tab of a Chromium that is told to block all site data, as councils do by policy."""
    profile = tmp_path / "profile"
    (profile / "Default").mkdir(parents=True)
    blocked = {"profile": {"default_content_setting_values": {"cookies": 2}}}
    (profile / "Default" / "Preferences").write_text(json.dumps(blocked))
    context = playwright.chromium.launch_persistent_context(profile, executable_path=chromium, args=CHROMIUM_ARGS)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize(("path", "shown"), [("/", "Choose a film"), ("/it", "Copy incident report")])
def test_a_browser_that_keeps_nothing_shows_the_page_all_the_same(
    desk_service: DeskService, keeping_nothing: Page, path: str, shown: str
) -> None:
    page = keeping_nothing
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(desk_service.address.replace("/#", f"{path}#"))
    expect(page.get_by_role("button", name=shown)).to_be_visible()
    expect(page.get_by_role("dialog")).to_be_hidden()
    assert page.evaluate("() => { try { return localStorage.length } catch { return 'blocked' } }") == "blocked"
    if path == "/":
        expect(page.get_by_text("This browser keeps nothing for this page")).to_have_count(1)
    page.get_by_role("button", name="Your account: On this computer").click()
    page.get_by_role("button", name="Sessions and API tokens").click()
    expect(page.get_by_role("dialog", name="On this computer")).to_contain_text("This browser keeps no session")
    assert said == []
