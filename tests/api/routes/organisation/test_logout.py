"""The provider signs somebody out."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from joserfc.jwk import RSAKey

from api.app import create_app
from records.settings import Settings
from tests.api.routes.organisation.steps import (
    LOGOUT,
    NOW,
    PUBLIC,
    a_browser,
    code_of,
    parameters_of,
    sign_in,
    with_organisation,
)
from tests.issuer import CLIENT_ID, LOGOUT_EVENT, Issuer

ANOTHER = RSAKey.generate_key(2048, {"kid": "second"})


def tell(browser: TestClient, token: str) -> Response:
    outside = TestClient(browser.app, base_url=PUBLIC)
    return outside.post(LOGOUT, data={"logout_token": token})


def test_the_provider_ends_one_session_or_all_of_a_person(browser: TestClient, issuer: Issuer) -> None:
    sign_in(browser, issuer)
    other, third = a_browser(browser.app), a_browser(browser.app)
    issuer.claims = {"sid": "session-2"}
    sign_in(other, issuer)
    issuer.claims = {"sid": "session-3", "sub": "person-2"}
    sign_in(third, issuer)

    def signed_in() -> list[bool]:
        return [one.get("/api/v1/session").status_code == 200 for one in (browser, other, third)]

    assert signed_in() == [True, True, True]
    assert tell(browser, issuer.logout_token()).status_code == 200
    assert signed_in() == [False, True, True]
    assert tell(browser, issuer.logout_token(sid="session-3")).status_code == 200  # of person-1, who has none such
    assert signed_in() == [False, True, True]
    assert tell(browser, issuer.logout_token(sid=None)).status_code == 200
    assert signed_in() == [False, False, True]
    assert tell(browser, issuer.logout_token(sub=None, sid="session-3")).status_code == 200
    assert signed_in() == [False, False, False]


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://evil.example"},
        {"aud": "another"},
        {"iat": NOW - 3600},
        {"iat": None},
        {"exp": NOW - 61},
        {"jti": None},
        {"events": None},
        {"events": {"another": {}}},
        {"events": [*LOGOUT_EVENT]},
        {"nonce": "n"},
        {"sub": None, "sid": None},
        {"sid": 7},
    ],
    ids=" ".join,
)
def test_a_logout_token_that_is_none_ends_nothing(browser: TestClient, issuer: Issuer, changes: dict[str, Any]) -> None:
    sign_in(browser, issuer)
    answer = tell(browser, issuer.logout_token(**changes))
    assert answer.json()["code"] == "organisation_not_proven"
    assert answer.status_code == 400
    assert browser.get("/api/v1/session").status_code == 200


def test_a_logout_token_counts_once_and_an_id_token_is_none(browser: TestClient, issuer: Issuer) -> None:
    token = issuer.logout_token()
    assert tell(browser, token).status_code == 200
    sign_in(browser, issuer)
    for given in (token, issuer.id_token("n"), issuer.signed({}, ANOTHER, kid="first"), "", "é"):
        assert tell(browser, given).status_code == 400
    assert browser.get("/api/v1/session").status_code == 200
    issuer.sign = lambda _: issuer.logout_token()
    assert code_of(sign_in(browser, issuer)) == "organisation_not_proven"


def test_who_signs_out_here_is_sent_to_sign_out_there_where_that_is_set(
    browser: TestClient, issuer: Issuer, settings: Settings
) -> None:
    sign_in(browser, issuer)
    assert browser.get("/api/v1/session").json()["signs_out_there"] is False
    app = create_app(with_organisation(settings, issuer, oidc_sign_out_there=True))
    issuer.discovery = {"end_session_endpoint": f"{issuer.url}/end?x=1"}
    there = a_browser(app)
    sign_in(there, issuer)
    assert there.get("/api/v1/session").json()["signs_out_there"] is True
    sent = there.get("/api/v1/sign-in/organisation/sign-out")
    asked = parameters_of(sent.headers["Location"])
    assert asked == {"x": "1", "client_id": CLIENT_ID, "post_logout_redirect_uri": f"{PUBLIC}/"}
    assert sent.headers["Location"].startswith(f"{issuer.url}/end?")


@pytest.mark.parametrize("discovery", [{}, {"end_session_endpoint": "ftp://evil.example/end"}])
def test_a_provider_without_a_way_to_sign_out_leads_back_to_the_page(
    browser: TestClient, issuer: Issuer, discovery: dict[str, str]
) -> None:
    issuer.discovery = discovery
    sent = browser.get("/api/v1/sign-in/organisation/sign-out")
    assert (sent.status_code, sent.headers["Location"]) == (303, f"{PUBLIC}/")
