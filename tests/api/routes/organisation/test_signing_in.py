"""Signing in with the organisation's account: who is let in, and how a browser goes there and back."""

from __future__ import annotations

import time
from http.cookies import SimpleCookie
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from records.accounts.closing import close_account
from records.models import AccountRow, AuditRow, ExternalIdentityRow, LoginStateRow
from records.settings import Settings
from tests.api.routes.organisation.steps import (
    BEGIN,
    CALLBACK,
    PUBLIC,
    a_browser,
    begin,
    code_of,
    come_back,
    people,
    rows,
    sign_in,
    with_organisation,
)
from tests.issuer import CLIENT_ID, Issuer

# Signing in


def test_who_has_a_role_is_signed_in_and_gets_an_account(browser: TestClient, issuer: Issuer) -> None:
    asked = begin(browser, to="/it")
    assert (asked["redirect_uri"], asked["code_challenge_method"]) == (PUBLIC + CALLBACK, "S256")
    assert (asked["response_type"], asked["scope"], asked["client_id"]) == ("code", "openid profile", CLIENT_ID)
    answer = come_back(browser, issuer, asked)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/it")
    cookies = [SimpleCookie(one) for one in answer.headers.get_list("set-cookie")]
    [session] = [one["__Host-vigpack_session"] for one in cookies if "__Host-vigpack_session" in one]
    assert (session["samesite"], session["httponly"], session["secure"]) == ("strict", True, True)
    [login] = [one["__Host-vigpack_login"] for one in cookies if "__Host-vigpack_login" in one]
    assert (login.value, login["max-age"]) == ("", "0")
    me = browser.get("/api/v1/session").json()
    assert me["name"] == "Ada"  # and no identifier: the page greets by it
    assert (me["roles"], me["via"]) == (["guider"], "session")
    [account] = people(browser)
    assert (account.display_name, account.roles) == ("Ada", "guider")
    assert [(row.issuer, row.subject) for row in rows(browser, ExternalIdentityRow)] == [(issuer.url, "person-1")]
    assert {"open_account", "sign_in"} <= {
        row.action for row in rows(browser, AuditRow) if row.account_id == account.id
    }
    assert rows(browser, LoginStateRow) == []


def test_the_same_person_is_known_by_the_provider_s_name_for_them_and_roles_are_read_anew(
    browser: TestClient, issuer: Issuer
) -> None:
    sign_in(browser, issuer)
    issuer.claims = {"name": "Ada Married", "email": "other@example.org", "roles": ["vig leads", "another", 7]}
    sign_in(browser, issuer)
    [account] = people(browser)
    assert (account.display_name, account.roles) == ("Ada Married", "manager")
    issuer.claims = {"sub": "person-2"}
    sign_in(browser, issuer)
    assert len(people(browser)) == 2


def test_a_role_that_was_taken_away_ends_every_session(browser: TestClient, issuer: Issuer) -> None:
    other = a_browser(browser.app)
    sign_in(other, issuer)
    issuer.claims = {"roles": ["another"]}
    assert code_of(sign_in(browser, issuer)) == "organisation_no_role"
    assert other.get("/api/v1/session").status_code == 401
    assert [account.roles for account in people(browser)] == [""]


def test_signing_in_gives_a_new_session_and_ends_the_one_before(browser: TestClient, issuer: Issuer) -> None:
    sign_in(browser, issuer)
    first = browser.cookies["__Host-vigpack_session"]
    sign_in(browser, issuer)
    assert browser.cookies["__Host-vigpack_session"] != first
    copied = {"Cookie": f"__Host-vigpack_session={first}"}
    assert TestClient(browser.app, base_url=PUBLIC).get("/api/v1/session", headers=copied).status_code == 401


def test_the_page_is_told_what_the_button_says(browser: TestClient) -> None:
    assert browser.get("/api/v1/sign-in").json() == {
        "machine": False,
        "shared_token": False,
        "local": False,
        "passkey": False,
        "organisation": {"label": "Sign in with Anytown Council"},
    }


@pytest.mark.parametrize("to", ["//evil.example", "https://evil.example/", "/it/../x", "/review/x"])
def test_it_leads_to_our_own_page_only(browser: TestClient, to: str) -> None:
    assert browser.get(BEGIN, params={"to": to}).status_code == 422


def test_another_site_cannot_begin_a_sign_in(browser: TestClient) -> None:
    assert browser.get(BEGIN, headers={"Sec-Fetch-Site": "cross-site"}).json()["code"] == "cross_site"


# The state


@pytest.mark.parametrize("state", ["", "x" * 43, None])
def test_a_wrong_state_is_refused(browser: TestClient, issuer: Issuer, state: str | None) -> None:
    asked = begin(browser)
    answer = come_back(browser, issuer, asked | {"state": state or ""})
    assert (answer.status_code, code_of(answer)) == (400, "organisation_login_unknown")
    assert "/token" not in issuer.asked


def test_a_state_is_good_once(browser: TestClient, issuer: Issuer) -> None:
    asked = begin(browser)
    kept = browser.cookies["__Host-vigpack_login"]
    assert come_back(browser, issuer, asked).status_code == 303
    browser.cookies.set("__Host-vigpack_login", kept)
    assert code_of(come_back(browser, issuer, asked)) == "organisation_login_unknown"


def test_a_state_is_good_in_the_browser_that_began_it_only(browser: TestClient, issuer: Issuer) -> None:
    asked, other = begin(browser), a_browser(browser.app)
    assert code_of(come_back(other, issuer, asked)) == "organisation_login_unknown"
    begin(other)
    assert code_of(come_back(other, issuer, asked)) == "organisation_login_unknown"
    assert come_back(browser, issuer, asked).status_code == 303


def test_a_state_is_good_for_ten_minutes(browser: TestClient, issuer: Issuer) -> None:
    asked = begin(browser)
    with browser.app.state.context.db.session() as session:  # type: ignore[attr-defined]
        row = session.query(LoginStateRow).one()
        row.ends_at = row.ends_at.fromtimestamp(time.time() - 1, row.ends_at.tzinfo)
    assert code_of(come_back(browser, issuer, asked)) == "organisation_login_unknown"


def test_a_code_of_another_sign_in_is_refused_by_pkce(browser: TestClient, issuer: Issuer) -> None:
    stolen = issuer.code_for("nonce", "challenge-of-another-sign-in")
    assert code_of(come_back(browser, issuer, begin(browser), code=stolen)) == "organisation_not_proven"


def test_who_was_declined_there_is_told_so(browser: TestClient, issuer: Issuer) -> None:
    answer = come_back(browser, issuer, begin(browser), error="access_denied")
    assert (answer.status_code, code_of(answer)) == (403, "organisation_login_declined")


@pytest.mark.parametrize(
    ("announced", "iss", "signed_in"),
    [(True, "its own", True), (True, "", False), (True, "https://evil.example", False), (False, "x", False)],
)
def test_the_answer_names_its_issuer_where_the_provider_says_that_it_does(
    browser: TestClient, issuer: Issuer, announced: bool, iss: str, signed_in: bool
) -> None:
    issuer.discovery = {"authorization_response_iss_parameter_supported": announced}
    named = {"iss": issuer.url if iss == "its own" else iss} if iss else {}
    answer = come_back(browser, issuer, begin(browser), **named)
    assert (answer.status_code == 303) == signed_in
    if not signed_in:
        assert code_of(answer) == "organisation_not_proven"


# Who is let in


def test_without_a_role_nobody_gets_an_account(browser: TestClient, issuer: Issuer) -> None:
    for roles in (None, [], "Vig Guiders", ["guider"], {"vig guiders": 1}):
        issuer.claims = {"roles": roles}
        answer = sign_in(browser, issuer)
        assert (answer.status_code, code_of(answer)) == (403, "organisation_no_role")
        assert "has not given you a part in vigpack" in answer.text
    assert people(browser) == []


def test_a_claim_may_stand_deeper(app_settings: Settings, issuer: Issuer) -> None:
    browser = a_browser(create_app(with_organisation(app_settings, issuer, oidc_roles_claim="realm_access.roles")))
    issuer.claims = {"realm_access": {"roles": ["vig leads"]}}
    assert sign_in(browser, issuer).status_code == 303
    issuer.claims = {"realm_access": ["vig leads"]}
    assert code_of(sign_in(browser, issuer)) == "organisation_no_role"


@pytest.mark.parametrize(
    "changes", [{"oidc_create_accounts": False}, {"oidc_roles_claim": "", "oidc_roles": ""}], ids=["set", "no roles"]
)
def test_where_people_are_invited_a_role_alone_makes_no_account(
    app_settings: Settings, issuer: Issuer, changes: dict[str, Any]
) -> None:
    browser = a_browser(create_app(with_organisation(app_settings, issuer, **changes)))
    assert code_of(sign_in(browser, issuer)) == "organisation_not_invited"
    with browser.app.state.context.db.session() as session:  # type: ignore[attr-defined]
        account = AccountRow(kind="person", display_name="Ada", roles="guider it")
        session.add(account)
        session.flush()
        session.add(ExternalIdentityRow(issuer=issuer.url, subject="person-1", account_id=account.id))
    assert sign_in(browser, issuer).status_code == 303
    expected = ["guider"] if "oidc_create_accounts" in changes else ["guider", "it"]
    assert browser.get("/api/v1/session").json()["roles"] == expected


def test_a_closed_account_stays_closed(browser: TestClient, issuer: Issuer) -> None:
    sign_in(browser, issuer)
    with browser.app.state.context.db.session() as session:  # type: ignore[attr-defined]
        close_account(session, people(browser)[0].id)
    assert code_of(sign_in(browser, issuer)) == "organisation_account_closed"
    assert browser.get("/api/v1/session").status_code == 401


@pytest.mark.parametrize(
    ("changes", "claims", "code"),
    [
        ({"oidc_acr_values": "urn:mfa high"}, {}, "organisation_second_factor_missing"),
        ({"oidc_acr_values": "urn:mfa high"}, {"acr": "low"}, "organisation_second_factor_missing"),
        ({"oidc_acr_values": "urn:mfa high"}, {"acr": "high"}, ""),
        ({"oidc_amr_values": "mfa"}, {"amr": ["pwd"]}, "organisation_second_factor_missing"),
        ({"oidc_amr_values": "mfa"}, {}, "organisation_second_factor_missing"),
        ({"oidc_amr_values": "mfa, hwk"}, {"amr": ["pwd", "hwk"]}, ""),
        ({"oidc_amr_values": "mfa"}, {"amr": "mfa"}, "organisation_not_proven"),
    ],
)
def test_a_second_factor_that_is_asked_for_must_have_been_there(
    app_settings: Settings, issuer: Issuer, changes: dict[str, str], claims: dict[str, Any], code: str
) -> None:
    browser = a_browser(create_app(with_organisation(app_settings, issuer, **changes)))
    issuer.claims = claims
    asked = begin(browser)
    assert asked.get("acr_values", "") == changes.get("oidc_acr_values", "")
    answer = come_back(browser, issuer, asked)
    assert answer.status_code == 303 if not code else code_of(answer) == code
