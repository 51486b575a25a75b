"""Who uses the page: told on every page, signed in anew without losing the desk, and signing out without a trace."""

from __future__ import annotations

from pathlib import Path

import httpx
from playwright.sync_api import Browser, BrowserContext, expect

from tests.axe import AXE, complaints
from tests.web.desk import PHONE, DeskService, Guider

TOGETHER = "desk_review"

CUTS = """async () => {
    const root = await navigator.storage.getDirectory();
    const names = [];
    for await (const name of (await root.getDirectoryHandle('cuts', {create: true})).keys()) names.push(name);
    return names;
}"""


def choose(guider: Guider, name: str) -> None:
    """One of the entries of the account's menu."""
    guider.button("Your account").click()
    guider.page.locator("#account-menu").get_by_role("button", name=name).click()


def test_the_desk_outlives_its_session_and_nothing_unsent_is_erased_without_a_word(
    desk_service: DeskService, context: BrowserContext, film: Path
) -> None:
    guider = Guider(context.new_page(), desk_service.url, desk_service.address).start().open(film)
    guider.mark_clip(1, 2)
    guider.wait_until_cut()
    ended = context.request.delete(f"{desk_service.url}/api/v1/session", headers={"Origin": desk_service.url})
    assert ended.status == 204
    guider.button("Your account").click()
    dialog = guider.page.get_by_role("dialog")
    expect(dialog).to_contain_text("What you have marked here is kept.")
    guider.page.goto(desk_service.address)
    expect(dialog).to_be_hidden()
    expect(guider.cards("Clip")).to_have_count(1)

    choose(guider, "Sign out")
    expect(dialog).to_contain_text("A film without a family code: 1 moment marked and not sent")
    assert not AXE.is_file() or complaints(guider.page) == []
    dialog.get_by_role("button", name="Stay signed in").click()
    expect(guider.button("Your account: On this computer")).to_be_focused()
    assert len(guider.page.evaluate(CUTS)) == 1

    choose(guider, "Sign out")
    dialog.get_by_role("button", name="Sign out and erase it here").click()
    dialog.get_by_role("button", name="Yes, erase what was not sent").click()
    expect(dialog).to_contain_text("Please open vigpack once more")
    guider.page.goto(desk_service.address)
    expect(guider.button("Choose a film")).to_be_visible()
    expect(dialog).to_be_hidden()
    expect(guider.page.get_by_text("Continue where you left off")).to_have_count(0)
    assert guider.page.evaluate(CUTS) == []


def test_another_browser_is_told_of_and_signed_out_and_a_token_is_shown_once(
    desk_service: DeskService, browser: Browser, context: BrowserContext
) -> None:
    context.set_default_timeout(60_000)
    page = context.new_page()
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]  # a TypedDict of just these two
    guider = Guider(page, desk_service.url, desk_service.address).start()
    other = browser.new_context(user_agent="Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140.0")
    desk_service.sign_in(other)
    guider.button("Your account").click()
    expect(page.locator("#account-menu")).to_contain_text("Also open in")
    assert not AXE.is_file() or complaints(page) == []
    page.get_by_role("button", name="Sessions and API tokens").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Sign out in Edge on Windows").click()
    expect(dialog).to_contain_text("1 browser signed out.")
    expect(dialog).not_to_contain_text("Edge on Windows")
    assert other.request.get(f"{desk_service.url}/api/v1/session").status == 401
    other.close()

    dialog.get_by_role("button", name="Make a token").click()
    dialog.get_by_label("What is it for?").fill("Monitoring")
    dialog.get_by_label("see how the service is").check()
    dialog.get_by_role("button", name="Make the token").click()
    token = dialog.get_by_label("The token for “Monitoring”").input_value()
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=desk_service.url, headers=headers, trust_env=False, timeout=60) as program:
        assert program.get("/api/v1/operations/jobs").is_success
        assert program.get("/api/v1/selections").status_code == 403
        assert not AXE.is_file() or complaints(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        dialog.get_by_role("button", name="Done").click()
        expect(dialog).not_to_contain_text(token)
        dialog.get_by_role("button", name="Revoke").click()
        dialog.get_by_role("button", name="Yes, revoke “Monitoring”").click()
        expect(dialog).to_contain_text("Ended and revoked: 1")
        assert program.get("/api/v1/operations/jobs").status_code == 401
    page.keyboard.press("Escape")
    expect(guider.button("Your account: On this computer")).to_be_focused()

    page.get_by_role("contentinfo").get_by_role("link", name="About this service").click()
    kept = page.get_by_role("region", name="What is kept of families, and until when")
    expect(kept).to_contain_text("14 days after its moments are ready")
    with page.expect_download() as taken:
        page.get_by_role("button", name="PDF: Retention schedule").click()
    assert Path(taken.value.path()).read_bytes().startswith(b"%PDF-")
    assert not AXE.is_file() or complaints(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert guider.complaints == []
