"""Who may ask for what: every route, read from the application itself, for everybody who may come along."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx import Response
from pydantic import SecretStr

from api.app import create_app
from records.accounts.machine_secret import machine_secret
from records.accounts.principal import SHARED_GUIDER_ACCOUNT, SHARED_IT_ACCOUNT, Scope
from records.settings import Settings
from tests.api.conftest import TOKEN, client_of
from tests.databases import make_tables

IT_TOKEN = "another-long-random-text"
OWN = {"Origin": "http://127.0.0.1:8000", "Sec-Fetch-Site": "same-origin"}
_SUBJECTS = (
    "(families(?!/hand-over|/owners|/break-glass)|selections|copies|events|uploads|ratings|rating-scale|logbook|kinds|purposes"
    "|retention)"
)
GROUPS = {
    "open": r"GET /healthz|GET /(it|link|review/[^ ]*|accessibility|security-policy|\.well-known/security\.txt)?"
    r"|POST /api/v1/session"
    r"|\w+ /api/v1/(sign-in|invitations|links)(/.*)?",
    "who": r"GET /api/v1/(session|about(/.*)?)",
    "account": r"(DELETE /api/v1/session|\w+ /api/v1/(sessions|tokens|account|notices)(/[^ ]*)?)",
    "browser storage": r"(GET /api/v1/session/storage-keys|\w+ /api/v1/session/draft-keys(/[^ ]*)?)",
    "operations read": r"(GET|HEAD) (/readyz|/metrics|/api/v1/operations(/.*)?)",
    "operations write": r"(POST|PUT|DELETE|PATCH) /api/v1/operations/.*",
    "people read": r"GET /api/v1/(people|families/owners)",
    "people write": r"POST /api/v1/families/hand-over|(POST|PUT|DELETE) /api/v1/people(/.*)?",
    "reports": r"GET /api/v1/reports/.*",
    "people confirm": r"GET /api/v1/resets|PUT /api/v1/resets/\{account_id\}/confirmation",
    "audit": r"GET /api/v1/audit(/.*)?",
    "reviews read": rf"(GET|HEAD|OPTIONS) /api/v1/({_SUBJECTS}(/.*)?|openapi\.json)|POST /api/v1/families/break-glass",
    "reviews write": rf"(POST|PUT|DELETE|PATCH) /api/v1/{_SUBJECTS}(/.*)?|GET /api/v1/colleagues",
}
"""Each route belongs to one of these. A new one that fits none fails the test: decide who may ask for it."""

OF_MANAGERS = {"people read", "people write"}
"""Tried as each role in tests/api/routes/test_sign_in.py."""

EVERYBODY = {
    "nobody": {"open"},
    "wrong secret": {"open"},
    "one machine's session": set(GROUPS) - OF_MANAGERS,
    "guiders' session": set(GROUPS) - OF_MANAGERS - {"audit", "people confirm", "reports"},
    "guiders' token": set(GROUPS) - OF_MANAGERS - {"audit", "people confirm", "reports"},
    "IT's session": {"open", "who", "account", "operations read", "operations write"},
    "IT's token": {"open", "who", "account", "operations read", "operations write"},
    Scope.REVIEWS_READ: {"open", "who", "reviews read"},
    Scope.REVIEWS_WRITE: {"open", "who", "reviews write"},
    Scope.OPERATIONS_READ: {"open", "who", "operations read"},
    Scope.OPERATIONS_WRITE: {"open", "who", "operations write"},
}

OF_A_GUIDER = [scope for scope in EVERYBODY if isinstance(scope, Scope)]
"""What the shared token's programs can be given."""


def routes_of(router: Any) -> Iterator[tuple[str, str]]:
    """Every method and path, of what is not in the description too."""
    for route in router.routes:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            yield from routes_of(inner)
        for method in getattr(route, "methods", None) or ():
            yield method, route.path


def group_of(method: str, path: str) -> str:
    """The one that a route belongs to; "?" where nobody has decided yet."""
    found = [group for group, pattern in GROUPS.items() if re.fullmatch(pattern, f"{method} {path}")]
    return found[0] if len(found) == 1 else "?"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    made = Settings(data_dir=tmp_path_factory.mktemp("who"), min_free_bytes=0)
    make_tables(made)
    return made


def with_tokens(settings: Settings) -> FastAPI:
    return create_app(settings.model_copy(update={"token": SecretStr(TOKEN), "it_token": SecretStr(IT_TOKEN)}))


def signed_in(app: FastAPI, secret: str) -> TestClient:
    """A browser with a session and nothing else."""
    client = client_of(app)
    client.headers.pop("Authorization", None)
    client.headers.update(OWN)
    assert client.post("/api/v1/session", json={"secret": secret}).status_code == 200
    return client


def bearer(app: FastAPI, token: str) -> TestClient:
    client = client_of(app)
    client.headers["Authorization"] = f"Bearer {token}"
    return client


def api_token(app: FastAPI, *scopes: str) -> str:
    made = bearer(app, TOKEN).post("/api/v1/tokens", json={"name": "a program", "scopes": list(scopes)})
    return str(made.raise_for_status().json()["token"])


@pytest.fixture(scope="module")
def everybody(settings: Settings) -> dict[str, Callable[[], TestClient]]:
    here, there = create_app(settings), with_tokens(settings)
    tokens = {scope: api_token(there, scope) for scope in OF_A_GUIDER}
    return {
        "nobody": lambda: TestClient(there, base_url="http://127.0.0.1:8000", raise_server_exceptions=False),
        "wrong secret": lambda: bearer(here, "vgl_" + "0" * 43),
        "one machine's session": lambda: signed_in(here, machine_secret(settings.data_dir)),
        "guiders' session": lambda: signed_in(there, TOKEN),
        "guiders' token": lambda: bearer(there, TOKEN),
        "IT's session": lambda: signed_in(there, IT_TOKEN),
        "IT's token": lambda: bearer(there, IT_TOKEN),
        **{scope: (lambda scope=scope: bearer(there, tokens[scope])) for scope in OF_A_GUIDER},
    }


@pytest.mark.parametrize("who", EVERYBODY)
def test_every_route_lets_in_whom_it_is_for_and_nobody_else(
    everybody: dict[str, Callable[[], TestClient]], settings: Settings, who: str
) -> None:
    app = create_app(settings)
    wrong: list[str] = []
    asked = sorted(set(routes_of(app)))
    assert len(asked) > 70
    client = everybody[who]()
    for method, path in asked:
        if (method, path) in {("DELETE", "/api/v1/session"), ("DELETE", "/api/v1/sessions")} and "session" in who:
            continue  # they are tried by themselves: afterwards nobody is signed in
        group = group_of(method, path)
        if path == "/api/v1/operations/events" and group in EVERYBODY[who]:
            continue  # it never ends; see test_operations
        answer = client.request(method, re.sub(r"\{\w+(:path)?\}", "0" * 32, path))
        let_in = answer.status_code not in {401, 403}
        if group == "?" or let_in != (group in EVERYBODY[who]):
            wrong.append(f"{group}: {method} {path} {answer.status_code}")
        assert answer.status_code < 500, f"{method} {path}"
    assert wrong == []


@pytest.mark.parametrize("path", ["/api/v1/anything", "/api/v2/x", "/api"])
def test_what_no_rule_names_is_for_guiders(everybody: dict[str, Callable[[], TestClient]], path: str) -> None:
    assert everybody["nobody"]().get(path).status_code == 401
    assert everybody["IT's token"]().get(path).status_code == 403


# Sessions


@pytest.fixture
def here(settings: Settings) -> FastAPI:
    """One person's machine."""
    return create_app(settings)


def test_signing_in_gives_a_cookie_that_scripts_and_other_sites_do_not_get(here: FastAPI, settings: Settings) -> None:
    client = client_of(here)
    answer = client.post("/api/v1/session", json={"secret": machine_secret(settings.data_dir)}, headers=OWN)
    [cookie] = [one for one in answer.headers.get_list("set-cookie") if one.startswith("vigpack_session_8000=")]
    assert all(word in cookie for word in ("HttpOnly", "SameSite=strict", "Path=/", "Max-Age=7776000"))
    assert answer.json()["roles"] == ["governance", "guider", "it"]
    assert machine_secret(settings.data_dir) not in answer.text


def test_under_https_it_is_the_host_s_own_and_goes_with_the_browser(settings: Settings) -> None:
    client = TestClient(with_tokens(settings), base_url="https://vig.example.org")
    own = {"Origin": "https://vig.example.org"}
    answer = client.post("/api/v1/session", json={"secret": TOKEN}, headers=own)
    [cookie] = [one for one in answer.headers.get_list("set-cookie") if "session" in one]
    assert cookie.startswith("__Host-vigpack_session=")
    assert "Secure" in cookie
    assert "Max-Age" not in cookie
    assert "Domain" not in cookie
    assert client.get("/api/v1/selections").status_code == 200


@pytest.mark.parametrize("secret", ["", "vgl_" + "0" * 43, TOKEN[:-1], IT_TOKEN + "x", "é", "x" * 501])
def test_a_wrong_secret_gives_none(settings: Settings, secret: str) -> None:
    answer = client_of(with_tokens(settings)).post("/api/v1/session", json={"secret": secret}, headers=OWN)
    assert answer.status_code in {401, 422}
    assert "set-cookie" not in answer.headers


def test_an_api_token_becomes_no_session(settings: Settings) -> None:
    app = with_tokens(settings)
    made = api_token(app, *OF_A_GUIDER)
    assert client_of(app).post("/api/v1/session", json={"secret": made}, headers=OWN).status_code == 401


def test_a_session_that_was_put_into_the_browser_is_not_the_one_that_is_signed_in(
    here: FastAPI, settings: Settings
) -> None:
    known = "chosen-by-an-attacker"
    client = client_of(here)
    client.headers.pop("Authorization")
    client.cookies.set("vigpack_session_8000", known)
    client.post("/api/v1/session", json={"secret": machine_secret(settings.data_dir)}, headers=OWN)
    assert replayed(here, known).status_code == 401


def replayed(app: FastAPI, value: str, path: str = "/api/v1/selections") -> Response:
    client = client_of(app)
    client.headers.pop("Authorization", None)
    return client.get(path, headers={"Cookie": f"vigpack_session_8000={value}"})


def value_of(client: TestClient) -> str:
    return next(cookie.value or "" for cookie in client.cookies.jar if cookie.name == "vigpack_session_8000")


def test_signing_in_again_ends_the_session_before(here: FastAPI, settings: Settings) -> None:
    client = signed_in(here, machine_secret(settings.data_dir))
    first = value_of(client)
    client.post("/api/v1/session", json={"secret": machine_secret(settings.data_dir)})
    assert value_of(client) != first
    assert replayed(here, first).status_code == 401
    assert replayed(here, value_of(client)).status_code == 200


def test_after_signing_out_a_copy_of_the_session_opens_nothing(here: FastAPI, settings: Settings) -> None:
    client = signed_in(here, machine_secret(settings.data_dir))
    value = value_of(client)
    assert replayed(here, value).status_code == 200
    answer = client.delete("/api/v1/session", params={"forget": True})
    assert answer.status_code == 204
    assert answer.headers["Clear-Site-Data"] == '"storage"'
    assert replayed(here, value).status_code == 401
    assert client.get("/api/v1/session").json()["code"] == "address_wanted"


def test_signed_in_elsewhere_is_told_and_ended(here: FastAPI, settings: Settings) -> None:
    secret = machine_secret(settings.data_dir)
    one, other = signed_in(here, secret), signed_in(here, secret)
    other.headers["User-Agent"] = (
        "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0"
    )
    other.post("/api/v1/session", json={"secret": secret})
    assert one.get("/api/v1/session").json()["elsewhere"] >= 1
    assert one.get("/api/v1/session").json()["scopes"] == [
        "audit:read",
        "operations:read",
        "operations:write",
        "people:confirm",
        "reports:read",
        "reviews:read",
        "reviews:write",
    ]
    mine = one.get("/api/v1/sessions").json()
    assert [session["is_this_one"] for session in mine].count(True) == 1
    [edge] = [session for session in mine if session["device"] == "Edge on Windows"]
    assert one.delete(f"/api/v1/sessions/{edge['id']}").status_code == 204
    assert one.delete(f"/api/v1/sessions/{edge['id']}").status_code == 404
    assert other.get("/api/v1/session").status_code == 401
    third = signed_in(here, secret)
    answer = one.delete("/api/v1/sessions", params={"forget": True})
    assert (answer.status_code, answer.headers["Clear-Site-Data"]) == (204, '"storage"')
    assert (one.get("/api/v1/session").status_code, third.get("/api/v1/session").status_code) == (401, 401)


def test_of_a_shared_account_nobody_sees_or_ends_the_sessions_of_colleagues(settings: Settings) -> None:
    app = with_tokens(settings)
    one, colleague = signed_in(app, TOKEN), signed_in(app, TOKEN)
    [mine] = one.get("/api/v1/sessions").json()
    [theirs] = colleague.get("/api/v1/sessions").json()
    assert mine["id"] != theirs["id"]
    assert one.delete(f"/api/v1/sessions/{theirs['id']}").status_code == 404
    assert one.delete("/api/v1/sessions").status_code == 204
    assert colleague.get("/api/v1/session").json()["account_id"] == SHARED_GUIDER_ACCOUNT
    assert signed_in(app, IT_TOKEN).get("/api/v1/session").json()["account_id"] == SHARED_IT_ACCOUNT


def test_another_token_ends_every_session_and_every_api_token_of_the_former(settings: Settings) -> None:
    before = with_tokens(settings)
    value, program = value_of(signed_in(before, TOKEN)), api_token(before, Scope.REVIEWS_READ)
    after = create_app(settings.model_copy(update={"token": SecretStr("a-new-long-random-text")}))
    assert replayed(before, value).status_code == 200
    assert replayed(after, value).status_code == 401
    assert bearer(before, program).get("/api/v1/selections").status_code == 200
    assert bearer(after, program).get("/api/v1/selections").status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {},  # a browser that says nothing of where the request comes from
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1:8001"},
        {"Origin": "http://127.0.0.1:8001"},
        {"Origin": "null"},
    ],
)
def test_a_session_s_cookie_acts_for_our_own_page_only(
    here: FastAPI, settings: Settings, headers: dict[str, str]
) -> None:
    client = signed_in(here, machine_secret(settings.data_dir))
    for name in OWN:
        client.headers.pop(name)
    answer = client.post("/api/v1/tokens", json={"name": "x", "scopes": ["reviews:read"]}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "cross_site")


def test_another_name_for_this_machine_gets_nothing_even_with_the_session(here: FastAPI, settings: Settings) -> None:
    client = signed_in(here, machine_secret(settings.data_dir))
    rebound = client.get("/api/v1/selections", headers={"Host": "evil.example:8000"})
    assert (rebound.status_code, rebound.json()["code"]) == (403, "not_from_here")


def test_a_program_is_given_no_more_than_its_maker_may(settings: Settings) -> None:
    app = with_tokens(settings)
    wanted = {"name": "x", "scopes": ["reviews:read"]}
    assert bearer(app, IT_TOKEN).post("/api/v1/tokens", json=wanted).json()["code"] == "not_in_scope"
    program = bearer(app, api_token(app, Scope.REVIEWS_READ))
    assert program.post("/api/v1/tokens", json=wanted).status_code == 403
    assert program.get("/api/v1/session").json()["via"] == "api_token"


def test_a_revoked_token_opens_nothing_and_its_last_use_is_known(settings: Settings) -> None:
    app = with_tokens(settings)
    owner, program = bearer(app, TOKEN), bearer(app, api_token(app, Scope.OPERATIONS_READ))
    with program:
        assert program.get("/metrics").status_code == 200
    newest = owner.get("/api/v1/tokens").json()[0]
    assert owner.delete(f"/api/v1/tokens/{newest['id']}").status_code == 204
    assert owner.delete(f"/api/v1/tokens/{newest['id']}").status_code == 404
    assert bearer(app, "vgp_" + "0" * 43).get("/metrics").status_code == 401
    assert program.get("/metrics").status_code == 401


# Sign-in switched off


@pytest.fixture
def wide_open(settings: Settings) -> TestClient:
    client = client_of(create_app(settings.model_copy(update={"open_to_everyone_on_this_machine": True})))
    assert "Authorization" not in client.headers
    return client


def test_sign_in_can_be_switched_off_by_its_long_name(wide_open: TestClient) -> None:
    assert wide_open.get("/api/v1/selections").status_code == 200
    assert wide_open.get("/api/v1/session").json()["via"] == "open"


@pytest.mark.parametrize(
    "header",
    ["Forwarded", "Via", "X-Real-IP", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port"],
)
def test_then_whatever_a_proxy_passes_on_is_refused(wide_open: TestClient, header: str) -> None:
    answer = wide_open.get("/api/v1/selections", headers={header: "127.0.0.1"})
    assert (answer.status_code, answer.json()["code"]) == (403, "not_from_here")


def test_the_secret_is_made_by_the_service_itself(tmp_path: Path) -> None:
    made = Settings(data_dir=tmp_path, min_free_bytes=0)
    make_tables(made)
    create_app(made)
    assert (tmp_path / "machine-secret").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("path", ["/api/v1/operations", "/metrics", "/api/v1/selections", "/api/v1/kinds", "/healthz"])
def test_a_server_that_puts_a_prefix_before_every_path_opens_nothing(settings: Settings, path: str) -> None:
    """As ``uvicorn --root-path`` does: the path that is checked would be another than the one that is routed."""
    client = TestClient(with_tokens(settings), base_url="http://127.0.0.1:8000", root_path="/reviews")
    assert client.get(f"/reviews{path}").status_code == 404
