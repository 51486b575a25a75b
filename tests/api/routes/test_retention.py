"""Retention over HTTP: a guider's own families, and figures for managers."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from records.accounts.principal import Role
from records.clock import utcnow
from tests.api.accounts import invited, logins, make_app, set_up
from tests.api.service import begin

GOING, REASON = "/api/v1/retention/next", {"reason": "The court asked for it."}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    return make_app(tmp_path_factory.mktemp("retention"))


@pytest.fixture(autouse=True)
def _calm(app: FastAPI) -> None:
    """No test is slowed for what another one tried."""
    app.state.sign_in_tries.wrong._tried.clear()


@pytest.fixture(scope="module")
def ada(app: FastAPI) -> TestClient:
    return set_up(app, invited(app, next(logins), Role.GUIDER))[0]


@pytest.fixture(scope="module")
def ben(app: FastAPI) -> TestClient:
    """Another guider who is also a manager."""
    return set_up(app, invited(app, next(logins), Role.GUIDER, Role.MANAGER))[0]


def opened(client: TestClient) -> tuple[str, str]:
    """A new family: its address and its code."""
    code = client.get("/api/v1/families/proposal").json()["code"]
    made = client.post("/api/v1/families", json={"code": code}).raise_for_status().json()
    return f"/api/v1/families/{made['id']}", code


def put(client: TestClient, address: str, **body: Any) -> dict[str, Any]:
    return dict(client.put(address, json=body).raise_for_status().json())


def test_its_guider_ends_the_work_and_reads_when_it_goes(ada: TestClient, ben: TestClient) -> None:
    family, code = opened(ada)
    assert ada.get(f"{family}/retention").json()["ended_at"] is None
    ended = utcnow() - timedelta(days=58)
    told = put(ada, f"{family}/involvement", ended_at=ended.isoformat())
    assert told["goes_at"] > told["due_at"]  # nobody was told yet
    assert [one["code"] for one in ada.get(GOING, params={"days": 40}).json()] == [code]
    assert ada.get(GOING).json() == []
    assert ben.get(GOING, params={"days": 40}).json() == []
    [figures] = [one for one in ben.get("/api/v1/reports/retention").json() if one["families"]]
    assert (figures["families"], figures["told"], figures["going_within_a_week"]) == (1, 0, 0)
    assert code not in str(figures)
    assert put(ada, f"{family}/involvement", ended_at=None)["due_at"] > told["due_at"]


def test_a_schedule_by_birth_keeps_the_date_and_not_the_month(ada: TestClient) -> None:
    family, _ = opened(ada)
    refused = ada.put(f"{family}/retention", json={"schedule": "dob-25"})
    assert (refused.status_code, refused.json()["code"]) == (422, "schedule_unknown")
    told = put(ada, f"{family}/retention", schedule="dob-25", born_in="2021-12-09")
    assert told["due_at"].startswith("2047-01-01")
    assert (told["schedule"], told["needs_birth"]) == ("dob-25", False)
    assert put(ada, f"{family}/retention", schedule="dob-25")["due_at"] == told["due_at"]
    assert put(ada, f"{family}/retention", schedule="vig")["schedule"] == "vig"
    assert ada.put(f"{family}/retention", json={"schedule": "dob-25"}).status_code == 422


def test_a_hold_keeps_it_and_nobody_else_s_is_reached(ada: TestClient, ben: TestClient) -> None:
    family, _ = opened(ada)
    held = ada.post(f"{family}/holds", json={**REASON, "review_on": "2026-01-31"}).raise_for_status().json()
    [hold] = held["holds"]
    assert (hold["reason"], hold["is_overdue"]) == (REASON["reason"], True)
    assert ada.get(GOING).json()[0]["review_overdue"]
    assert ada.delete(family).json()["code"] == "family_held"
    for method, path in (
        ("GET", f"{family}/retention"),
        ("DELETE", family),
        ("DELETE", f"{family}/holds/{hold['id']}"),
        ("POST", f"{family}/holds"),
        ("PUT", f"{family}/involvement"),
    ):
        body = REASON if method == "POST" else {"ended_at": None}
        answer = ben.request(method, path, json=None if method in {"GET", "DELETE"} else body)
        assert (answer.status_code, answer.json()["code"]) == (404, "family_gone")
    assert ada.delete(f"{family}/holds/{hold['id']}").raise_for_status().json()["holds"] == []
    assert ada.delete(family).status_code == 200


def test_a_family_is_erased_and_the_browser_that_kept_something_of_it_is_told(ada: TestClient, ben: TestClient) -> None:
    family, code = opened(ada)
    erased = begin(ada, family=code)["selection"]["id"]
    other = begin(ada)["selection"]["id"]
    known = {"ids": [erased, other, "f" * 32]}
    assert ada.post("/api/v1/retention/gone", json=known).json() == {"ids": []}
    assert ben.post("/api/v1/retention/gone", json=known).json() == {"ids": sorted([erased, other])}
    there = ada.get(f"{family}/retention").json()["there"]
    made = ada.delete(family).raise_for_status().json()
    assert made["counts"] == there
    assert (made["cause"], made["counts"]["selections"], made["copies_out"]) == ("asked", 1, [])
    assert made["finished_at"]
    assert code not in str(made)
    assert ada.post("/api/v1/retention/gone", json=known).json() == {"ids": [erased]}
    assert ada.get("/api/v1/retention/certificates").json()[0] == made
    assert ben.get("/api/v1/retention/certificates").json() == []
    assert made in ben.get("/api/v1/reports/erasures").json()
    assert ada.get(f"{family}/retention").status_code == 404
    assert ada.post("/api/v1/families", json={"code": code}).status_code == 201


def test_nothing_of_it_is_left_beside_the_data(ada: TestClient, app: FastAPI) -> None:
    family, code = opened(ada)
    begin(ada, family=code, helping_question="A-WORD-TO-BE-FOUND")
    folder = Path(app.state.context.settings.data_dir)

    def found() -> list[str]:
        words = (code.encode(), b"A-WORD-TO-BE-FOUND")
        files = [one for one in folder.rglob("*") if one.is_file()]
        return [one.name for one in files if any(word in one.read_bytes() for word in words)]

    ada.delete(family).raise_for_status()
    assert found() == []
