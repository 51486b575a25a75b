"""What a provider signs, or is said to have signed, and what is wrong with it; a provider that is away or elsewhere."""

from __future__ import annotations

import hmac
import json
import time
from base64 import urlsafe_b64encode
from typing import Any

import pytest
from fastapi.testclient import TestClient
from joserfc.jwk import ECKey, OctKey, RSAKey

from api.app import create_app
from api.diagnostics.checks import check_organisation
from records.accounts.organisation import provider as provider_module
from records.accounts.organisation.errors import OrganisationMisconfigured
from records.models import LoginStateRow
from records.settings import Settings
from tests.api.routes.organisation.steps import (
    BEGIN,
    CALLBACK,
    LOGOUT,
    NOW,
    a_browser,
    code_of,
    people,
    rows,
    sign_in,
    with_organisation,
)
from tests.issuer import CLIENT_ID, CLIENT_SECRET, Issuer, reply, running_issuer
from tests.threads import in_a_thread

pytestmark = pytest.mark.usefixtures("no_time_passes")

ANOTHER = RSAKey.generate_key(2048, {"kid": "second"})


# The ID token


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"iss": "https://evil.example"},
        {"iss": None},
        {"aud": "another"},
        {"aud": ["another"]},
        {"aud": None},
        {"aud": [CLIENT_ID, "another"]},
        {"aud": [CLIENT_ID, "another"], "azp": "another"},
        {"azp": "another"},
        {"exp": NOW - 61},
        {"exp": None},
        {"exp": "soon"},
        {"iat": NOW + 3600},
        {"iat": None},
        {"nbf": NOW + 3600},
        {"sub": None},
        {"sub": ""},
        {"sub": "x" * 256},
        {"at_hash": "another"},
    ],
    ids=" ".join,
)
def test_a_token_that_is_not_for_this_sign_in_opens_nothing(
    browser: TestClient, issuer: Issuer, claims: dict[str, Any]
) -> None:
    issuer.claims = claims
    assert code_of(sign_in(browser, issuer)) == "organisation_not_proven"
    assert people(browser) == []


@pytest.mark.parametrize(
    "claims", [{"exp": NOW - 5}, {"aud": [CLIENT_ID, "x"], "azp": CLIENT_ID}, {"iat": NOW + 20}], ids=" ".join
)
def test_a_clock_that_is_a_little_wrong_and_a_second_audience_are_no_harm(
    browser: TestClient, issuer: Issuer, claims: dict[str, Any]
) -> None:
    issuer.claims = claims
    if "exp" in claims:
        issuer.claims = {"exp": int(time.time()) - 5}
    assert sign_in(browser, issuer).status_code == 303


def unsigned(_: Issuer, claims: dict[str, Any]) -> str:
    return f"{_encoded({'alg': 'none'})}.{_encoded(claims)}."


def keyed_with_the_public_key(issuer: Issuer, claims: dict[str, Any]) -> str:
    said = f"{_encoded({'alg': 'HS256', 'kid': 'first'})}.{_encoded(claims)}"
    signature = hmac.digest(issuer.keys[0].as_pem(private=False), said.encode(), "sha256")
    return f"{said}.{urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def _encoded(said: dict[str, Any]) -> str:
    return urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=").decode()


SIGNED_WRONG = {
    "none": unsigned,
    "with our secret": lambda issuer, claims: issuer.signed(claims, OctKey.import_key(CLIENT_SECRET), kid="first"),
    "with the public key as a secret": keyed_with_the_public_key,
    "by another key of that name": lambda issuer, claims: issuer.signed(claims, ANOTHER, kid="first"),
    "by an unknown key": lambda issuer, claims: issuer.signed(claims, ANOTHER),
    "PS256": lambda issuer, claims: issuer.signed(claims, alg="PS256"),
    "another signature": lambda issuer, claims: issuer.signed(claims)[:-8] + "AAAAAAAA",
    "no token": lambda *_: "x",
    "a very long one": lambda *_: "x" * 70_000,
}


@pytest.mark.parametrize("how", SIGNED_WRONG)
def test_only_the_provider_s_own_signature_counts(browser: TestClient, issuer: Issuer, how: str) -> None:
    sign = SIGNED_WRONG[how]
    issuer.sign = lambda claims: sign(issuer, claims)  # type: ignore[operator]
    assert code_of(sign_in(browser, issuer)) == "organisation_not_proven"


def test_a_new_key_of_the_provider_is_asked_for_at_a_bounded_rate(
    browser: TestClient, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sign_in(browser, issuer).status_code == 303
    issuer.keys.insert(0, ECKey.generate_key("P-256", {"kid": "new"}))
    assert code_of(sign_in(browser, issuer)) == "organisation_not_proven"
    assert code_of(sign_in(browser, issuer)) == "organisation_not_proven"
    assert issuer.asked.count("/jwks") == 1
    monkeypatch.setattr(provider_module, "ANEW_S", 0)
    assert sign_in(browser, issuer).status_code == 303
    assert sign_in(browser, issuer).status_code == 303
    assert issuer.asked.count("/jwks") == 2
    assert issuer.asked.count("/.well-known/openid-configuration") == 1


# A provider that is away, or somewhere else


def test_a_provider_that_is_away_is_one_sentence(app_settings: Settings) -> None:
    with running_issuer() as gone:
        settings = with_organisation(app_settings, gone)
    answer = a_browser(create_app(settings)).get(BEGIN)
    assert (answer.status_code, code_of(answer)) == (503, "organisation_away")
    assert "does not answer just now" in answer.text


def redirecting(handler: Any) -> None:
    reply(handler, 302, {}, Location="/jwks")


@pytest.mark.parametrize(
    ("discovery", "answer"),
    [
        ({"issuer": "https://login.example/other"}, None),
        ({"token_endpoint": "http://10.0.0.1/token"}, None),
        ({"token_endpoint": "http://127.0.0.1:1/token"}, None),
        ({"jwks_uri": "file:///etc/passwd"}, None),
        ({"jwks_uri": None}, None),
        ({}, redirecting),
        ({"more than is read": "x" * (600 * 1024)}, None),
        ({}, lambda handler: reply(handler, 500, {})),
        ({}, lambda handler: reply(handler, 200, [])),
    ],
)
def test_only_hosts_that_the_settings_name_are_asked_within_bounds(
    browser: TestClient, issuer: Issuer, discovery: dict[str, Any], answer: Any
) -> None:
    issuer.discovery = discovery
    if answer:
        issuer.answers["/.well-known/openid-configuration"] = answer
    assert code_of(browser.get(BEGIN)) == "organisation_away"
    assert set(issuer.asked) == {"/.well-known/openid-configuration"}
    assert rows(browser, LoginStateRow) == []


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"oidc_issuer": "http://login.example.org"}, "VIGPACK_OIDC_ISSUER"),
        ({"oidc_client_id": ""}, "VIGPACK_OIDC_CLIENT_ID"),
        ({"oidc_client_secret": ""}, "VIGPACK_OIDC_CLIENT_SECRET"),
        ({"public_url": ""}, "VIGPACK_PUBLIC_URL"),
        ({"public_url": "http://vig.example.org"}, "VIGPACK_PUBLIC_URL"),
        ({"oidc_roles": ""}, "VIGPACK_OIDC_ROLES"),
        ({"oidc_roles": "vig guiders=boss"}, "vig guiders=boss"),
        ({"oidc_roles": "guider"}, "guider"),
    ],
)
def test_a_service_does_not_start_with_half_of_the_settings(
    settings: Settings, changes: dict[str, str], named: str
) -> None:
    with pytest.raises(OrganisationMisconfigured, match=named):
        create_app(Settings(**(settings.model_dump() | changes)))


def test_without_these_settings_nothing_is_there(app_settings: Settings) -> None:
    browser = TestClient(create_app(app_settings), base_url="http://127.0.0.1:8000", client=("127.0.0.1", 1))
    assert browser.get("/api/v1/sign-in").json()["organisation"] is None
    assert {browser.get(BEGIN).status_code, browser.get(CALLBACK).status_code, browser.post(LOGOUT).status_code} == {
        404
    }


@pytest.mark.parametrize(
    ("discovery", "answer", "state", "found"),
    [
        ({}, None, "ok", "answers and has keys"),
        ({"issuer": "https://login.example/other"}, None, "bad", "calls itself 'https://login.example/other'"),
        ({"jwks_uri": "http://127.0.0.1:1/jwks"}, None, "bad", "127.0.0.1:1, which VIGPACK_OIDC_HOSTS does not name"),
        ({}, lambda handler: reply(handler, 200, {"keys": []}), "bad", "names no key for signing"),
    ],
)
def test_the_doctor_says_what_is_wrong_with_it(
    settings: Settings, issuer: Issuer, discovery: dict[str, Any], answer: Any, state: str, found: str
) -> None:
    issuer.discovery = discovery
    if answer:
        issuer.answers["/jwks"] = answer
    check = in_a_thread(check_organisation, settings)
    assert check.state == state
    assert found in check.found
