"""An invited account and the organisation's sign-in: tied by the invitation, once, and by nothing else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx import Response
from sqlalchemy import select, update

from api.app import create_app
from records.accounts.local.people import close_person, invite_person
from records.accounts.principal import Role
from records.audit.actor import command_line
from records.clock import utcnow
from records.models import AuditRow, ExternalIdentityRow, InvitationRow
from records.settings import Settings
from tests.api.routes.organisation.steps import (
    PUBLIC,
    a_browser,
    code_of,
    come_back,
    parameters_of,
    rows,
    sign_in,
    with_organisation,
)
from tests.issuer import Issuer


@pytest.fixture
def app(app: FastAPI, issuer: Issuer) -> FastAPI:
    """As at Google Workspace: nothing is said of roles, and nobody gets an account by coming."""
    settings: Settings = app.state.context.settings
    return create_app(with_organisation(settings, issuer, oidc_roles_claim="", oidc_roles=""))


def invite(app: FastAPI, login: str = "ada@council.example") -> tuple[str, str]:
    """The account and its invitation."""
    with app.state.context.db.session() as session:
        return invite_person(session, command_line(), login, "Ada", [Role.GUIDER])


def begin(browser: TestClient, invitation: str) -> Response:
    return browser.post("/api/v1/invitations/organisation", json={"invitation": invitation}, headers={"Origin": PUBLIC})


def open_by(browser: TestClient, issuer: Issuer, invitation: str) -> Response:
    return come_back(browser, issuer, parameters_of(begin(browser, invitation).raise_for_status().json()["address"]))


def me(browser: TestClient) -> Any:
    return browser.get("/api/v1/session").json()


def test_an_invited_account_is_opened_by_the_organisation_s_account_from_then_on(
    app: FastAPI, browser: TestClient, issuer: Issuer
) -> None:
    account_id, invitation = invite(app)
    shown = browser.post("/api/v1/invitations", json={"invitation": invitation}).json()
    assert (shown["password"], shown["organisation"]) == (False, "Sign in with Anytown Council")
    assert code_of(sign_in(browser, issuer)) == "organisation_not_invited"
    assert open_by(browser, issuer, invitation).status_code == 303
    assert (me(browser)["account_id"], me(browser)["roles"]) == (account_id, ["guider"])
    again = a_browser(app)
    assert sign_in(again, issuer).status_code == 303
    assert me(again)["account_id"] == account_id
    [identity] = rows(browser, ExternalIdentityRow)
    assert (identity.issuer, identity.subject) == (issuer.url, "person-1")
    with app.state.context.db.reading() as session:
        noted = select(AuditRow.action, AuditRow.target).where(AuditRow.account_id == account_id)
        assert ("link_identity", identity.id) in [tuple(line) for line in session.execute(noted)]
    assert begin(a_browser(app), invitation).json()["code"] == "invitation_ended"


def test_an_e_mail_address_links_nothing(app: FastAPI, browser: TestClient, issuer: Issuer) -> None:
    invite(app, "ada@council.example")
    issuer.claims = {
        "email": "ada@council.example",
        "email_verified": True,
        "preferred_username": "ada@council.example",
    }
    assert code_of(sign_in(browser, issuer)) == "organisation_not_invited"
    assert rows(browser, ExternalIdentityRow) == []


def test_who_has_an_account_gets_no_other_one_and_the_invitation_stays_good(
    app: FastAPI, browser: TestClient, issuer: Issuer
) -> None:
    account_id, invitation = invite(app)
    open_by(browser, issuer, invitation)
    other_id, other = invite(app, "ben@council.example")
    assert code_of(open_by(a_browser(app), issuer, other)) == "organisation_identity_known"
    issuer.claims = {"sub": "person-2", "sid": "session-2"}
    ben = a_browser(app)
    assert open_by(ben, issuer, other).status_code == 303
    assert me(ben)["account_id"] == other_id != account_id


def test_the_invitation_must_be_good_still_when_one_comes_back(
    app: FastAPI, browser: TestClient, issuer: Issuer
) -> None:
    account_id, invitation = invite(app)
    first, second = a_browser(app), a_browser(app)
    asked = [parameters_of(begin(one, invitation).json()["address"]) for one in (first, second)]
    assert come_back(first, issuer, asked[0]).status_code == 303
    issuer.claims = {"sub": "person-2", "sid": "session-2"}
    assert code_of(come_back(second, issuer, asked[1])) == "organisation_invitation_over"
    for number, spoil in enumerate((_end, _close)):
        invited_id, invitation = invite(app, f"ben{number}@council.example")
        asked_late = parameters_of(begin(browser, invitation).json()["address"])
        spoil(app, invited_id)
        assert code_of(come_back(browser, issuer, asked_late)) == "organisation_invitation_over"
    assert {row.account_id for row in rows(browser, ExternalIdentityRow)} == {account_id}


def _end(app: FastAPI, account_id: str) -> None:
    late = {"ends_at": utcnow() - timedelta(seconds=1)}
    with app.state.context.db.session() as session:
        session.execute(update(InvitationRow).where(InvitationRow.account_id == account_id).values(late))


def _close(app: FastAPI, account_id: str) -> None:
    with app.state.context.db.session() as session:
        close_person(session, command_line(), account_id)


def test_another_browser_s_way_back_opens_no_invited_account(app: FastAPI, browser: TestClient, issuer: Issuer) -> None:
    _, invitation = invite(app)
    asked = parameters_of(begin(browser, invitation).json()["address"])
    assert code_of(come_back(a_browser(app), issuer, asked)) == "organisation_login_unknown"
    assert rows(browser, ExternalIdentityRow) == []


def test_where_the_provider_says_roles_it_has_to_give_one(settings: Settings, issuer: Issuer) -> None:
    strict = create_app(
        with_organisation(
            settings, issuer, oidc_roles_claim="roles", oidc_roles="vig leads=manager", oidc_create_accounts=False
        )
    )
    browser = a_browser(strict)
    account_id, invitation = invite(strict)
    issuer.claims = {"roles": []}
    assert code_of(open_by(browser, issuer, invitation)) == "organisation_no_role"
    issuer.claims = {"roles": ["vig leads"]}
    assert open_by(browser, issuer, invitation).status_code == 303
    assert (me(browser)["account_id"], me(browser)["roles"]) == (account_id, ["manager"])
