"""A family from its guider to a supervisor and back: shared, seen and not changed, and ended."""

from __future__ import annotations

from playwright.sync_api import Browser, BrowserContext, expect

from tests.axe import AXE, complaints
from tests.effects import open_alone
from tests.records.cast import K_104, add_selection
from tests.web.desk import PHONE, DeskService, Guider
from tests.web.people import sign_in

TOGETHER = "people"


def test_a_review_is_shown_to_a_supervisor_until_her_guider_ends_it(
    with_people: DeskService, browser: Browser, context: BrowserContext
) -> None:
    ben = sign_in(with_people, context, "Ben", "guider")
    db = open_alone(with_people.settings())
    shown, kept = (add_selection(db, {**K_104, "cycle": cycle}, who=ben) for cycle in (1, 2))
    db.dispose()
    guider = Guider(context.new_page(), with_people.url, f"{with_people.url}/#/review/{shown}")
    page = guider.page
    there = browser.new_context(viewport=PHONE)  # type: ignore[arg-type]  # a TypedDict of just these two
    sign_in(with_people, there, "Sol", "supervisor")
    sol = Guider(there.new_page(), with_people.url)

    page.goto(guider.address)
    expect(page.get_by_text("Only you see it")).to_be_visible()
    page.get_by_role("button", name="Share…").click()
    dialog = page.get_by_role("dialog", name="Who sees K-104")
    dialog.get_by_label("A supervisor").check()
    dialog.get_by_label("With whom").select_option(label="Sol")
    assert not AXE.is_file() or complaints(page) == []
    dialog.get_by_role("button", name="Share it with Sol").click()
    expect(dialog).to_contain_text("sees this review for supervision and changes nothing, until")
    page.keyboard.press("Escape")
    expect(page.get_by_text("You and Sol see it")).to_be_visible()

    sol.start()
    sol.page.get_by_role("link", name="K-104").click()
    expect(sol.page.get_by_text("Ben’s family, shared with you for supervision")).to_be_visible()
    expect(sol.page.get_by_role("button", name="Erase")).to_have_count(0)
    assert not AXE.is_file() or complaints(sol.page) == []
    assert sol.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert there.request.get(f"{with_people.url}/api/v1/selections/{kept}").status == 404

    page.goto(f"{with_people.url}/#/families")
    expect(page.get_by_text("You and Sol see it")).to_be_visible()
    assert not AXE.is_file() or complaints(page) == []
    page.get_by_role("button", name="Who sees it: K-104").click()
    dialog.get_by_role("button", name="Stop sharing").click()
    dialog.get_by_role("button", name="Yes, stop sharing with Sol").click()
    expect(dialog).to_contain_text("Sol does not see it any more.")
    assert there.request.get(f"{with_people.url}/api/v1/selections/{shown}").status == 404
    assert guider.complaints == sol.complaints == []
    there.close()
