"""A browser that signs in with the organisation's account, step by step, before a provider that lies when it is to."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx import Response

from records.models import AccountRow
from records.settings import Settings
from tests.issuer import CLIENT_ID, CLIENT_SECRET, Issuer

BEGIN = "/api/v1/sign-in/organisation"
CALLBACK = f"{BEGIN}/callback"
LOGOUT = f"{BEGIN}/back-channel-logout"
PUBLIC = "https://vig.example.org"
NOW = int(time.time())


def with_organisation(settings: Settings, issuer: Issuer, **changes: Any) -> Settings:
    given = {
        "oidc_issuer": issuer.url,
        "oidc_client_id": CLIENT_ID,
        "oidc_client_secret": CLIENT_SECRET,
        "oidc_label": "Sign in with Anytown Council",
        "oidc_roles_claim": "roles",
        "oidc_roles": "vig guiders=guider, vig leads=manager",
        "public_url": PUBLIC,
    }
    return Settings(**(settings.model_dump() | given | changes))


def a_browser(app: FastAPI) -> TestClient:
    return TestClient(app, base_url=PUBLIC, follow_redirects=False, raise_server_exceptions=False)


def begin(browser: TestClient, **query: str) -> dict[str, str]:
    """What the provider is sent."""
    answer = browser.get(BEGIN, params=query)
    assert answer.status_code == 303, answer.text
    return parameters_of(answer.headers["Location"])


def parameters_of(address: str) -> dict[str, str]:
    """What stands behind the question mark."""
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def come_back(browser: TestClient, issuer: Issuer, asked: dict[str, str], **changes: str) -> Response:
    """As the provider sends a browser back after somebody signed in."""
    code = issuer.code_for(asked["nonce"], asked["code_challenge"])
    query = {"code": code, "state": asked["state"]} | changes
    return browser.get(CALLBACK, params=query, headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"})


def sign_in(browser: TestClient, issuer: Issuer) -> Response:
    return come_back(browser, issuer, begin(browser))


def code_of(answer: Response) -> str:
    """Why somebody was refused; nobody is signed in then."""
    assert "session" not in answer.headers.get("set-cookie", "")
    assert answer.headers["content-type"].startswith("text/html"), answer.text
    return answer.text.partition('data-code="')[2].partition('"')[0]


def rows(browser: TestClient, kind: Any) -> list[Any]:
    with browser.app.state.context.db.reading() as session:  # type: ignore[attr-defined]
        return list(session.query(kind))


def people(browser: TestClient) -> list[AccountRow]:
    return [row for row in rows(browser, AccountRow) if row.kind == "person"]
