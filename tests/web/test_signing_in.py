"""How the page of one person's machine is opened, and what a browser sees that has no session or keeps nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from records.accounts.principal import MACHINE_ACCOUNT
from tests.web.desk import DeskService, Guider

TOGETHER = "desk_review"


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
    expect(second.get_by_text("Recent actions")).to_be_visible()
    expect(second.get_by_role("dialog")).to_be_hidden()


@pytest.fixture
def another_port(tmp_path: Path) -> Iterator[str]:
    """A page with a form, served by another account's program of this machine."""
    (tmp_path / "index.html").write_text("<form method=post></form>")
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def test_a_page_on_another_port_of_this_machine_does_nothing_with_her_session(
    desk_service: DeskService, context: BrowserContext, another_port: str
) -> None:
    """Cookies know no ports: the browser sends hers along, and the service looks at where the request comes from."""
    guider = Guider(context.new_page(), desk_service.url, desk_service.address).start()
    expect(guider.page.get_by_role("button", name="Your account: On this computer")).to_be_visible()
    tokens = "() => fetch('/api/v1/tokens').then((answer) => answer.json())"
    before = guider.page.evaluate(tokens)
    page = context.new_page()
    page.goto(another_port)
    answers: list[tuple[str, int]] = []
    page.on("response", lambda answer: answers.append((answer.request.method, answer.status)))
    page.evaluate(
        """async (api) => {
            const ask = (method, path, mode) =>
                fetch(api + path, { method, mode, credentials: "include", body: "{}" }).catch(() => null);
            await ask("POST", "/api/v1/tokens", "no-cors");
            await ask("POST", "/api/v1/selections", "no-cors");
            await ask("DELETE", "/api/v1/sessions", "cors");
        }""",
        desk_service.url,
    )
    with page.expect_navigation():
        page.evaluate(
            "(to) => { document.forms[0].action = to; document.forms[0].submit(); }",
            f"{desk_service.url}/api/v1/tokens",
        )
    assert ("POST", 403) in answers
    assert {status for _, status in answers} <= {401, 403}
    who = guider.page.evaluate("() => fetch('/api/v1/session').then((answer) => answer.json())")
    assert (who["account_id"], guider.page.evaluate(tokens)) == (MACHINE_ACCOUNT, before)


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
    expect(page).to_have_url(f"{desk_service.url}/#/logbook")


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
