"""A manager's list of the people of her service: inviting, roles, and closing an account."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from records.accounts.sessions import Lifetime, begin_session
from records.accounts.shared_secrets import shared_secrets
from records.models import AccountRow
from tests.axe import AXE, complaints
from tests.effects import open_alone
from tests.web.desk import DeskService, Guider

TOGETHER = "people"


@pytest.fixture(scope="module")
def with_people(built_page: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskService]:
    """A service in which everybody has an account of their own; nobody prepares moments."""
    assert built_page.is_dir()
    service = DeskService(tmp_path_factory.mktemp("people"), {"VIGPACK_LOCAL_ACCOUNTS": "true"})
    service.start(worker=False)
    yield service
    service.stop()


def sign_in(service: DeskService, context: BrowserContext, roles: str) -> None:
    """Mo is signed in in this browser."""
    db = open_alone(service.settings())
    with db.session() as session:
        mo = AccountRow(kind="person", login="mo", display_name="Mo", roles=roles)
        session.add(mo)
        session.flush()
        secrets, lifetime = shared_secrets(service.settings()), Lifetime(3600, 3600)
        value = begin_session(session, secrets, mo.id, by="secret", device="Edge on Windows", lifetime=lifetime)
    db.dispose()
    context.add_cookies([{"name": f"vigpack_session_{service.port}", "value": value, "url": service.url}])


def test_a_manager_invites_somebody_changes_the_roles_and_closes_the_account(
    with_people: DeskService, context: BrowserContext
) -> None:
    sign_in(with_people, context, "guider manager")
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
    people.get_by_role("button", name="Close the account").click()
    people.get_by_role("button", name="Yes, close it for good").click()
    expect(people).to_contain_text("Closed accounts: 1")
    expect(people.get_by_role("button", name="Change Mo")).to_have_count(0)
    assert guider.complaints == []
