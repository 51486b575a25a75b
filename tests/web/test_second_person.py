"""After a new invitation: nothing opens until a second person confirms on the page who used it."""

from __future__ import annotations

from playwright.sync_api import Browser, BrowserContext, Page, expect

from records.accounts.notices import NoticeKind, add_notice
from records.clock import utcnow
from records.models import ResetRow
from tests.axe import AXE, complaints
from tests.effects import open_alone
from tests.web.desk import PHONE, DeskService, Guider
from tests.web.people import sign_in

TOGETHER = "people"


def opened(context: BrowserContext, service: DeskService) -> Guider:
    """The page as somebody sees it to whom it shows no films."""
    guider = Guider(context.new_page(), service.url)
    guider.page.goto(service.url)
    return guider


def test_who_was_invited_anew_waits_for_a_second_person_who_confirms_it(
    with_people: DeskService, browser: Browser, context: BrowserContext
) -> None:
    db = open_alone(with_people.settings())
    manager = sign_in(with_people, context, "Max", "manager")
    waiting = browser.new_context(viewport=PHONE)  # type: ignore[arg-type]  # a TypedDict of just these two
    ruth = sign_in(with_people, waiting, "Ruth", "guider")
    governing = browser.new_context()
    sign_in(with_people, governing, "Gia", "governance")
    caring = browser.new_context(viewport=PHONE)  # type: ignore[arg-type]  # a TypedDict of just these two
    ivo = sign_in(with_people, caring, "Ivo", "it")
    with db.session() as session:
        session.add(ResetRow(account_id=ruth.account_id, by=manager.account_id, reason="forgot_password"))
        his = ResetRow(
            account_id=ivo.account_id, by=manager.account_id, reason="forgot_password", confirmed_at=utcnow()
        )
        session.add(his)
        session.flush()
        add_notice(session, ivo.account_id, NoticeKind.SIGN_IN_RESET, his.id)
    db.dispose()
    cares = opened(caring, with_people)
    cares.page.goto(f"{with_people.url}/it")
    cares.button("I have read it").click()
    expect(cares.page.get_by_text("had your sign-in set up anew")).to_have_count(0)
    hers = opened(waiting, with_people)
    hers.page.goto(f"{with_people.url}/it")
    expect(hers.heading("One more step")).to_be_visible()
    expect(hers.page.get_by_text("does not answer")).to_have_count(0)
    hers.page.close()
    hers = opened(waiting, with_people)
    expect(hers.heading("One more step")).to_be_visible()
    expect(hers.button("Choose a film")).to_have_count(0)
    assert not AXE.is_file() or complaints(hers.page) == []
    hers.button("I have been confirmed").click()
    expect(hers.page.get_by_role("alert")).to_contain_text("Nobody has confirmed it yet.")
    hers.page.get_by_label("a recovery code that you kept").fill("0000-0000-0000-0000")
    hers.button("Confirm by this code").click()
    expect(hers.page.get_by_role("alert")).not_to_contain_text("Nobody has confirmed it yet.")
    theirs = opened(context, with_people)
    expect(theirs.page.get_by_text("Max invited Ruth anew.")).to_contain_text(
        "another manager or information governance"
    )
    expect(theirs.button("Confirm that it is Ruth")).to_have_count(0)
    governs = opened(governing, with_people)
    expect(governs.page.get_by_text("Max invited Ruth anew.")).to_contain_text("asked Ruth in person")
    assert not AXE.is_file() or complaints(governs.page) == []
    governs.button("Confirm that it is Ruth").click()
    governs.button("Yes, I have asked Ruth in person").click()
    expect(governs.page.get_by_text("Max invited Ruth anew.")).to_have_count(0)
    hers.button("I have been confirmed").click()
    expect(hers.button("Choose a film")).to_be_visible()
    for one in (waiting, governing, caring):
        one.close()


def test_a_browser_that_keeps_nothing_is_told_that_it_cannot_sign_in_with_an_account(
    with_people: DeskService, keeping_nothing: Page
) -> None:
    keeping_nothing.goto(with_people.url)
    expect(keeping_nothing.get_by_role("dialog")).to_contain_text("It keeps no cookies for this address")
    assert not AXE.is_file() or complaints(keeping_nothing) == []
