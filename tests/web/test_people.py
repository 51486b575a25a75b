"""People with accounts of the service: a manager's list of them, setting one up by an invitation, and signing in."""

from __future__ import annotations

from playwright.sync_api import Browser, BrowserContext, Page, expect

from records.accounts.local.people import invite_person, person_by_login
from records.accounts.principal import Role
from records.audit.actor import command_line
from records.models import FamilyRow
from tests.api.accounts import OTHER_PASSWORD, PASSWORD, Phone
from tests.axe import AXE, complaints
from tests.effects import open_alone
from tests.servers import wait_until
from tests.web.desk import PHONE, DeskService, Guider
from tests.web.people import sign_in

TOGETHER = "people"


def test_a_manager_invites_somebody_and_closes_the_account_once_its_families_are_another_s(
    with_people: DeskService, browser: Browser, context: BrowserContext
) -> None:
    sign_in(with_people, context, "Mo", "guider manager")
    guider = Guider(context.new_page(), with_people.url).start()
    guider.button("Your account: Mo").click()
    guider.button("People").click()
    people = guider.page.get_by_role("dialog", name="People")
    people.get_by_role("button", name="Invite somebody").click()
    people.get_by_label("Sign-in name").fill("ada@council.example")
    people.get_by_label("Name that colleagues see").fill("Ada")
    people.get_by_role("button", name="Make the invitation").click()
    link = people.get_by_label("The invitation for Ada")
    expect(link).to_be_visible()
    assert link.input_value().startswith(f"{with_people.url}/#invite=")
    people.get_by_role("button", name="Done").click()
    expect(link).to_have_count(0)
    people.get_by_role("button", name="Change Ada").click()
    people.get_by_role("checkbox", name="Supervisor").check()
    assert not AXE.is_file() or complaints(guider.page) == []
    people.get_by_role("button", name="Save the roles").click()
    expect(people).to_contain_text("Guider, Supervisor")
    people.get_by_role("button", name="Change Ada").click()
    people.get_by_label("A computer or phone was lost").check()
    people.get_by_role("button", name="Sign out everywhere").click()
    people.get_by_role("button", name="Yes, sign Ada out in every browser").click()
    expect(people).to_contain_text("A lost one erases what it holds")
    give_family(with_people, "ada@council.example", "R-104")
    there = browser.new_context(viewport=PHONE)  # type: ignore[arg-type]  # a TypedDict of just these two
    sign_in(with_people, there, "Ira", "guider")
    people.get_by_role("button", name="Close", exact=True).click()
    guider.button("Your account: Mo").click()
    guider.button("People").click()
    people.get_by_role("button", name="Change Ada").click()
    expect(people.get_by_role("button", name="Close the account")).to_have_count(0)
    expect(people.get_by_role("button", name="Hand over 1 family")).to_be_disabled()
    people.get_by_label("To which guider").select_option(label="Ira")
    people.get_by_label("Why, as both are told").fill("Ada leaves the service")
    assert not AXE.is_file() or complaints(guider.page) == []
    people.get_by_role("button", name="Hand over 1 family").click()
    people.get_by_role("button", name="Yes, Ira gets 1 family").click()
    expect(people).to_contain_text("Ira has 1 family of Ada now.")
    people.get_by_role("button", name="Close the account").click()
    people.get_by_role("button", name="Yes, close it for good").click()
    expect(people).to_contain_text("Closed accounts: 1")
    expect(people.get_by_role("button", name="Change Mo")).to_have_count(0)
    ira = Guider(there.new_page(), with_people.url).start()
    expect(ira.page.get_by_text("Mo gave you family R-104.")).to_contain_text("Ada leaves the service")
    assert not AXE.is_file() or complaints(ira.page) == []
    ira.button("I have read it").click()
    expect(ira.page.get_by_text("Mo gave you family R-104.")).to_have_count(0)
    assert guider.complaints == ira.complaints == []
    there.close()


def give_family(service: DeskService, login: str, code: str) -> None:
    db = open_alone(service.settings())
    with db.session() as session:
        session.add(FamilyRow(code=code, owner_account_id=person_by_login(session, login)))
    db.dispose()


def invite(service: DeskService, login: str) -> str:
    """The link that a manager would pass on."""
    db = open_alone(service.settings())
    with db.session() as session:
        _, secret = invite_person(session, command_line(), login, "Ada", (Role.GUIDER,))
    db.dispose()
    return f"{service.url}/#invite={secret}"


def sign_in_by(page: Page, password: str) -> None:
    page.get_by_label("Sign-in name").fill("ada@council.example")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Continue").click()


def test_an_invitation_leads_to_an_account_with_which_she_signs_in_again(
    with_people: DeskService, context: BrowserContext
) -> None:
    guider = Guider(context.new_page(), with_people.url, invite(with_people, "ada@council.example"))
    page = guider.page
    page.goto(guider.address)
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Welcome, Ada")
    assert "#" not in page.url
    wanted = dialog.get_by_label("Password")
    assert [wanted.get_attribute(name) for name in ("type", "autocomplete")] == ["password", "new-password"]
    wanted.fill("ada@council.example")
    dialog.get_by_role("button", name="Continue").click()
    expect(dialog.get_by_role("alert")).to_contain_text("password")
    dialog.get_by_label("Password").fill(PASSWORD)
    dialog.get_by_role("button", name="Continue").click()
    dialog.get_by_role("button", name="With an app on my phone").click()
    phone = Phone((dialog.locator("code").text_content() or "").replace(" ", ""))
    wait_until(lambda: dialog.get_by_role("img").evaluate("image => image.naturalWidth") > 20, "the code is drawn")
    assert not AXE.is_file() or complaints(page) == []
    dialog.get_by_label("The six-digit code").fill(phone.code())
    dialog.get_by_role("button", name="Continue").click()
    expect(dialog.locator("li code")).to_have_count(10)
    codes = dialog.locator("li code").all_text_contents()
    with page.expect_download() as saved:
        dialog.get_by_role("button", name="Save them as a file").click()
    assert codes[3] in saved.value.path().read_text()
    dialog.get_by_role("button", name="I have kept them").click()
    expect(dialog).to_be_hidden()
    expect(guider.button("Your account: Ada")).to_be_visible()
    context.clear_cookies()  # as where a session has ended; a request under way may meet this before the click does
    guider.button("Your account: Ada").evaluate("button => button.click()")
    expect(dialog).to_contain_text("Please sign in")
    behind = dialog.evaluate("one => getComputedStyle(one, '::backdrop').backgroundColor")
    assert behind.startswith("rgb("), f"what stood on the page is seen behind {behind}"
    wanted = dialog.get_by_label("Password")
    assert [wanted.get_attribute(name) for name in ("type", "autocomplete")] == ["password", "current-password"]
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.evaluate("navigator.clipboard.writeText('pasted')")
    wanted.focus()
    page.keyboard.press("Control+V")
    expect(wanted).to_have_value("pasted")
    sign_in_by(page, "not this one at all")
    expect(dialog.get_by_role("alert")).to_contain_text("did not match")
    sign_in_by(page, PASSWORD)
    dialog.get_by_role("button", name="My phone is not here").click()
    assert not AXE.is_file() or complaints(page) == []
    dialog.get_by_label("Recovery code").fill(codes[0])
    dialog.get_by_role("button", name="Sign in").click()
    expect(dialog).to_be_hidden()
    expect(guider.button("Your account: Ada")).to_be_visible()
    expect(page.get_by_text("Somebody signed in to your account with a recovery code")).to_be_visible()
    guider.button("Your account: Ada").click()
    page.get_by_role("button", name="Signing in, sessions and API tokens").click()
    expect(dialog).to_contain_text("What was changed of your sign-in")
    dialog.get_by_role("button", name="Close").click()
    page.goto(f"{with_people.url}/#invite={'x' * 43}")
    expect(dialog.get_by_role("alert")).to_contain_text("Ask your service's manager for a new one")
    dialog.get_by_role("button", name="Continue without it").click()
    expect(dialog).to_be_hidden()


def hold_passkeys(page: Page) -> None:
    """The browser has a device of its own that holds passkeys, and whose owner is there and known to it."""
    device = page.context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    device.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def test_a_passkey_sets_up_an_account_and_signs_in_by_itself_and_after_the_password(
    with_people: DeskService, context: BrowserContext
) -> None:
    guider = Guider(context.new_page(), with_people.url, invite(with_people, "ben@council.example"))
    page = guider.page
    hold_passkeys(page)
    page.set_viewport_size(PHONE)
    page.goto(guider.address)
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Password").fill(PASSWORD)
    dialog.get_by_role("button", name="Continue").click()
    by_passkey = dialog.get_by_role("button", name="With a passkey of this device")
    expect(by_passkey).to_be_focused()
    assert not AXE.is_file() or complaints(page) == []
    page.keyboard.press("Enter")
    expect(dialog.locator("li code")).to_have_count(10)
    dialog.get_by_role("button", name="I have kept them").click()
    expect(dialog).to_be_hidden()

    context.clear_cookies()
    page.reload()
    dialog.get_by_role("button", name="Sign in with a passkey").click()
    expect(dialog).to_be_hidden()
    guider.button("Your account: Ada").click()
    guider.button("Signing in, sessions and API tokens").click()
    mine = page.get_by_role("dialog", name="Ada")
    expect(mine).to_contain_text("last used today")
    mine.get_by_role("button", name="Remove the passkey").click()
    mine.get_by_label("Your password").fill(PASSWORD)
    assert not AXE.is_file() or complaints(page) == []
    mine.get_by_role("button", name="Remove the passkey", exact=True).click()
    expect(mine.get_by_role("alert")).to_contain_text("Add another one first")
    mine.get_by_role("button", name="Set up an app").click()
    mine.get_by_label("Your password, so that").last.fill(PASSWORD)
    mine.get_by_role("button", name="Continue").click()
    phone = Phone((mine.locator("code").text_content() or "").replace(" ", ""))
    assert not AXE.is_file() or complaints(page) == []
    mine.get_by_label("The six-digit code").fill(phone.code())
    mine.get_by_role("button", name="Use this app").click()
    expect(mine).to_contain_text("A code of your phone’s app lets you in.")
    mine.get_by_role("button", name="Make new ones").click()
    mine.get_by_label("Your password, so that").last.fill(PASSWORD)
    mine.get_by_role("button", name="Make new ones").click()
    expect(mine.locator("li code")).to_have_count(10)
    mine.get_by_role("button", name="I have kept them").click()
    mine.get_by_role("button", name="Change the password").click()
    mine.get_by_label("Your password as it is").fill(PASSWORD)
    mine.get_by_label("The new one").fill(OTHER_PASSWORD)
    assert not AXE.is_file() or complaints(page) == []
    mine.get_by_role("button", name="Change the password", exact=True).click()
    expect(mine).to_contain_text("You are signed out in all other browsers.")

    context.clear_cookies()
    page.reload()
    page.get_by_label("Sign-in name").fill("ben@council.example")
    page.get_by_label("Password").fill(OTHER_PASSWORD)
    page.get_by_role("button", name="Continue").click()
    expect(dialog.get_by_role("button", name="My phone is not here")).to_be_visible()
    assert not AXE.is_file() or complaints(page) == []
    dialog.get_by_role("button", name="Use my passkey").click()
    expect(dialog).to_be_hidden()
    expect(guider.button("Your account: Ada")).to_be_visible()
    assert guider.complaints == []
