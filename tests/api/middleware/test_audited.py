"""What each request leaves in the audit."""

from __future__ import annotations

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.dependencies import AppContext
from api.middleware.access import SAFE_METHODS
from api.middleware.audit_rules import rule_of
from records.accounts.machine_secret import machine_secret
from records.accounts.principal import MACHINE_ACCOUNT
from records.audit import chain
from records.audit.actions import Action
from records.audit.actor import SERVICE
from records.audit.log import AuditLine, newest
from records.errors import DatabaseUnavailable
from tests.api.conftest import client_of
from tests.api.service import SELECTIONS, begin, finish
from tests.api.test_who_may import routes_of

WITHOUT_A_LINE = {
    "POST /api/v1/ratings/printed-totals",
    "POST /api/v1/operations/retry-failed",
    "POST /api/v1/operations/acknowledge-failed",
    "POST /api/v1/families/{family_id}/consents/preview",
    "POST /api/v1/retention/gone",
    "POST /api/v1/session/draft-keys",
    "PUT /api/v1/session/draft-keys/{draft_id}",
    "PUT /api/v1/selections/{selection_id}/moments/{moment_id}/hiding/seen",
}
"""Routes that change nothing, or nothing by themselves, though they are asked with POST."""


@pytest.fixture
def ctx(app: FastAPI) -> AppContext:
    ctx: AppContext = app.state.context
    return ctx


def lines(ctx: AppContext) -> list[AuditLine]:
    with ctx.db.reading() as session:
        return [line for line in newest(session)[::-1] if line.account_id != SERVICE.account_id]


def acts(ctx: AppContext) -> list[str]:
    return [line.action for line in lines(ctx)]


def test_no_route_changes_something_without_a_line(app: FastAPI) -> None:
    changing = sorted({f"{method} {path}" for method, path in routes_of(app) if method not in SAFE_METHODS})
    assert len(changing) > 30
    assert {route for route in changing if rule_of(*route.split()) is None} == WITHOUT_A_LINE


def test_every_route_that_shows_something_of_a_selection_leaves_a_line(app: FastAPI) -> None:
    got = {path for method, path in routes_of(app) if method == "GET"}
    showing = {path for path in got if "{selection_id}" in path or "{family_id}" in path} | {"/api/v1/copies"}
    assert len(showing) > 14
    assert [path for path in sorted(showing) if path.startswith("/api/") and rule_of("GET", path) is None] == []


def test_what_is_done_to_a_selection_is_told_by_its_id_and_in_no_words(client: TestClient, ctx: AppContext) -> None:
    selection = begin(client, of="review_recording")["selection"]["id"]
    client.put(f"{SELECTIONS}/{selection}/ratings/Ada", json={"answers": {}}).raise_for_status()
    client.delete(f"{SELECTIONS}/{selection}").raise_for_status()
    found = lines(ctx)
    assert [(line.action, line.selection_id, line.account_id) for line in found] == [
        (action, selection, MACHINE_ACCOUNT) for action in ("create", "rate", "erase")
    ]
    assert len({line.family_id for line in found}) == 1
    assert found[0].family_id
    assert "Ada" not in str([line.model_dump() for line in found])


def test_a_look_into_the_register_of_copies_names_whose_they_are(client: TestClient, ctx: AppContext) -> None:
    family_id = client.post("/api/v1/families", json={"code": "W-4432"}).json()["id"]
    for _ in range(2):
        client.get("/api/v1/copies", params={"family_id": family_id}).raise_for_status()
    found = [(line.action, line.family_id) for line in lines(ctx)]
    assert found == [("open_family", family_id), ("view", family_id)]


def test_what_did_not_happen_leaves_no_line(client: TestClient, ctx: AppContext) -> None:
    assert client.delete(f"{SELECTIONS}/{'0' * 32}").status_code == 404
    assert client.get(f"{SELECTIONS}/{'0' * 32}").status_code == 404
    assert acts(ctx) == []


def test_a_look_is_noted_once_however_often_a_player_asks(client: TestClient, ctx: AppContext) -> None:
    selection = begin(client)["selection"]["id"]
    artifact = finish(ctx.settings, selection, b"a pack")
    path = f"{SELECTIONS}/{selection}/artifacts/{artifact}"
    for headers in ({}, {"Range": "bytes=0-1"}, {"Range": "bytes=2-3"}):
        assert client.get(path, headers=headers).status_code in {200, 206}
    [line] = [line for line in lines(ctx) if line.target == artifact]
    assert line.action in {Action.VIEW, Action.DOWNLOAD}


def test_where_no_line_can_be_written_nothing_is_shown(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    selection = begin(client)["selection"]["id"]
    path = f"{SELECTIONS}/{selection}"
    assert client.get(path).status_code == 200

    def full(*_: object) -> None:
        raise DatabaseUnavailable("the disk is full")

    client_again = client_of(client.app)  # type: ignore[arg-type]  # a FastAPI
    monkeypatch.setattr(chain, "code_of", full)
    answer = client_again.get(f"{path}/words")
    assert answer.status_code == 503
    assert answer.json()["code"] == "database_unavailable"


def test_signing_in_and_out_and_being_refused(app: FastAPI, ctx: AppContext) -> None:
    browser = client_of(app)
    browser.headers.pop("Authorization")
    browser.headers.update({"Origin": "http://127.0.0.1:8000", "Sec-Fetch-Site": "same-origin"})
    for _ in range(3):
        assert browser.get(SELECTIONS).status_code == 401
    secret = machine_secret(ctx.settings.data_dir)
    browser.post("/api/v1/session", json={"secret": secret}).raise_for_status()
    browser.delete("/api/v1/session").raise_for_status()
    found = [(line.action, line.account_id, line.via) for line in lines(ctx)]
    assert found == [
        ("refuse", "nobody", ""),
        ("sign_in", MACHINE_ACCOUNT, "secret"),
        ("sign_out", MACHINE_ACCOUNT, "session"),
    ]
