"""A family shared with a supervisor and back, who saw it as governance reads that, and an emergency."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from zipfile import ZipFile

from playwright.sync_api import Browser, BrowserContext, Page, expect

from records.models import FamilyRow, SelectionRow
from tests.axe import AXE, complaints
from tests.effects import open_alone
from tests.records.cast import K_104, K_207, add_selection
from tests.records.consent.family import CHILD, MOTHER
from tests.web.desk import PHONE, DeskService, Guider
from tests.web.people import sign_in

TOGETHER = "people"


def test_a_review_is_shown_to_a_supervisor_until_her_guider_ends_it(
    with_people: DeskService, browser: Browser, context: BrowserContext, tmp_path: Path
) -> None:
    ben = sign_in(with_people, context, "Ben", "guider")
    db = open_alone(with_people.settings())
    shown, kept = (add_selection(db, {**K_104, "cycle": cycle}, who=ben) for cycle in (1, 2))
    with db.session() as session:
        session.get_one(FamilyRow, session.get_one(SelectionRow, shown).family_id).people = (MOTHER, CHILD)
    db.dispose()
    guider = Guider(context.new_page(), with_people.url, f"{with_people.url}/#/review/{shown}")
    page = guider.page
    there = browser.new_context(viewport=PHONE)  # type: ignore[arg-type]  # a TypedDict of just these two
    sign_in(with_people, there, "Sol", "supervisor")
    sol = Guider(there.new_page(), with_people.url)

    page.goto(guider.address)
    expect(page.get_by_text("Only you see it")).to_be_visible()
    page.get_by_role("button", name="who can be seen in Clip 1").click()
    page.get_by_label("child E").uncheck()
    assert not AXE.is_file() or complaints(page) == []
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("button", name="Seen: 1 person, who can be seen in Clip 1")).to_be_focused()
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
    sol.page.goto(f"{with_people.url}/#/families")
    expect(sol.page.get_by_text("shared with you for supervision")).to_be_visible()
    expect(sol.page.get_by_role("button", name="Who agreed")).to_have_count(0)
    expect(page.get_by_text("You and Sol see it")).to_be_visible()
    assert not AXE.is_file() or complaints(page) == []
    page.get_by_role("button", name="Who sees it: K-104").click()
    dialog.get_by_role("button", name="Stop sharing").click()
    dialog.get_by_role("button", name="Yes, stop sharing with Sol").click()
    expect(dialog).to_contain_text("Sol does not see it any more.")
    assert there.request.get(f"{with_people.url}/api/v1/selections/{shown}").status == 404
    page.keyboard.press("Escape")
    answer_a_request_to_see(page, tmp_path)
    assert guider.complaints == sol.complaints == []
    there.close()


def answer_a_request_to_see(page: Page, folder: Path) -> None:
    """From the list of families: each thing is looked at, one is left out, and the answer says why."""
    page.get_by_role("link", name="The right to see: K-104").click()
    page.get_by_label("Who asks").fill("mother M")
    for one in (MOTHER, CHILD):
        page.get_by_label(one.title, exact=True).check()
    page.get_by_role("button", name="Note the request").click()
    expect(page.get_by_role("heading", name="Look at each thing")).to_be_focused()
    page.get_by_text("It takes longer").click()
    page.get_by_label("Why, as the family was told").fill("There are films of two years.")
    assert not AXE.is_file() or complaints(page) == []
    page.get_by_role("button", name="Take two more months").click()
    expect(page.get_by_text("that it takes two more months: There are films of two years.")).to_be_visible()
    expect(page.get_by_text("It takes longer")).to_have_count(0)
    things = page.get_by_role("article")
    expect(page.get_by_role("button", name="I looked at everything")).to_be_disabled()
    first = things.first
    first.get_by_label("Left out").check()
    first.get_by_label("Why").fill("Somebody else can be heard")
    first.get_by_role("button", name="Leave it out").click()
    many = things.count()
    for number in range(1, many):
        expect(page.get_by_text(f"{number} of {many} looked at")).to_be_visible()
        things.nth(number).get_by_label("Goes in").check()
    expect(page.get_by_text("Everything is looked at")).to_be_visible()
    assert not AXE.is_file() or complaints(page) == []
    expect(page.get_by_label("Your name")).to_have_value("Ben")
    page.get_by_role("button", name="I looked at everything").click()
    expect(page.get_by_role("heading", name="Hand it out")).to_be_focused()
    passphrase = page.locator("[data-passphrase]").inner_text()
    with page.expect_download() as sealed:
        page.get_by_role("button", name="Hand out and save").click()
    shutil.unpack_archive(sealed.value.path(), folder, "zip")
    page_of_it = page.context.new_page()
    page_of_it.goto((folder / "sealed-pack" / "index.html").as_uri())
    page_of_it.get_by_role("textbox", name=re.compile("^The passphrase")).fill(passphrase)
    page_of_it.get_by_role("button", name="Open").click()
    with page_of_it.expect_download() as saved:
        page_of_it.get_by_role("link", name=re.compile("^Save subject-access")).click()
    with ZipFile(saved.value.path()) as archive:
        told = archive.read("index.html").decode()
    page_of_it.close()
    assert "Left out: Somebody else can be heard" in told
    assert "Ella shows Mum the card." in told
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]  # as above
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name="Close the request").click()
    page.get_by_role("button", name="Yes, close it").click()
    expect(page.get_by_text("mother M, asked on")).to_be_visible()
    assert not AXE.is_file() or complaints(page) == []


def test_governance_reads_who_saw_a_family_and_its_guider_is_told_of_an_emergency(
    with_people: DeskService, browser: Browser, context: BrowserContext
) -> None:
    there = browser.new_context()
    cleo = sign_in(with_people, there, "Cleo", "guider")
    db = open_alone(with_people.settings())
    seen = add_selection(db, K_207, who=cleo)
    db.dispose()
    assert there.request.get(f"{with_people.url}/api/v1/selections/{seen}").ok
    hers = Guider(there.new_page(), with_people.url)
    hers.page.goto(f"{with_people.url}/#/logbook")
    hers.page.get_by_label("Managers and information governance may read it").check()
    assert not AXE.is_file() or complaints(hers.page) == []
    sign_in(with_people, context, "Gil", "governance")
    gil = Guider(context.new_page(), with_people.url)
    page = gil.page
    page.goto(gil.address)
    page.get_by_role("link", name="How much is done").click()
    page.get_by_role("button", name="Logbook of Cleo").click()
    expect(page.get_by_role("heading", name="The logbook of Cleo")).to_be_focused()
    expect(page.get_by_text("K-207")).to_have_count(0)
    assert not AXE.is_file() or complaints(page) == []
    page.goto(gil.address)
    page.get_by_role("link", name="Who saw what").click()
    page.get_by_role("button", name="Check whether it is whole").click()
    expect(page.get_by_text("The audit is whole: ")).to_be_visible()
    page.get_by_label("Family code").fill("k-207")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_role("listitem")).to_have_count(1)
    expect(page.get_by_role("listitem")).to_contain_text("Cleo looked at family K-207, cycle 1.")
    with page.expect_download() as saved:
        page.get_by_role("button", name="Take as CSV").click()
    table = saved.value.path().read_text()
    assert seen in table
    assert "K-207" not in table
    page.get_by_label("Person").select_option(label="Gil")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_text("There is no such line.")).to_be_visible()
    assert not AXE.is_file() or complaints(page) == []
    assert gil.complaints == []

    dee = sign_in(with_people, context, "Dee", "guider")
    page.goto(f"{with_people.url}/#/families")
    page.reload()
    page.get_by_text("In an emergency").click()
    page.get_by_label("Family code").fill("K-207")
    page.get_by_label("Why, as they are told").fill("A call in the night")
    page.get_by_role("button", name="See it for four hours").click()
    page.get_by_role("button", name="Yes, see it and tell its guider").click()
    expect(page.get_by_text("Cleo’s family. You opened it in an emergency")).to_be_visible()
    assert not AXE.is_file() or complaints(page) == []
    [one] = there.request.get(f"{with_people.url}/api/v1/families").json()["items"]
    shared = {"account_id": dee.account_id, "kind": "colleague"}
    origin = {"Origin": with_people.url}
    assert there.request.post(f"{with_people.url}/api/v1/families/{one['id']}/shares", data=shared, headers=origin).ok
    page.reload()
    page.get_by_role("button", name="Copies of K-207").click()
    expect(page.get_by_text("nothing is out")).to_be_visible()
    page.get_by_role("button", name="Who agreed: K-207").click()
    expect(page.get_by_role("button", name="Write it down")).to_be_visible()
    expect(page.get_by_role("button", name="Keep or erase")).to_have_count(0)
    told = Guider(there.new_page(), with_people.url).start().page
    expect(told.get_by_text("Dee opened family K-207 in an emergency")).to_contain_text("A call in the night")
    there.close()
