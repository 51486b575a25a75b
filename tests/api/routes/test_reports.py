"""What managers are told of guiders' work: counts, logbooks that were shown to them, and no code."""

from __future__ import annotations

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from records.accounts.principal import Role
from tests.api.accounts import code_of, invited, logins, make_app, set_up
from tests.api.service import shape

CODE = "K-104"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    return make_app(tmp_path_factory.mktemp("reports"))


@pytest.fixture(scope="module")
def ada(app: FastAPI) -> TestClient:
    """A guider with two families, one of which has ended."""
    ada = set_up(app, invited(app, next(logins)))[0]
    ended = ada.post("/api/v1/families", json={"code": "K-207"}).json()["id"]
    ada.put(f"/api/v1/families/{ended}", json={"ended_at": "2026-06-01T00:00:00Z"}).raise_for_status()
    ada.post("/api/v1/selections", json=shape(family=CODE)).raise_for_status()
    held = {"family": CODE, "cycle": 1, "filmed_on": "2026-03-02", "reviewed_on": "2026-03-09"}
    ada.put("/api/v1/logbook/cycles", json=held).raise_for_status()
    return ada


@pytest.mark.parametrize("role", [Role.MANAGER, Role.GOVERNANCE])
def test_managers_see_counts_and_the_logbooks_that_guiders_show_them(app: FastAPI, ada: TestClient, role: Role) -> None:
    mara = set_up(app, invited(app, next(logins), role))[0]
    account_id = ada.get("/api/v1/session").json()["account_id"]
    path = f"/api/v1/reports/logbooks/{account_id}"
    [work] = mara.get("/api/v1/reports/work").json()
    assert (work["account_id"], work["families_open"], work["families_ended"], work["reviews"]) == (account_id, 1, 1, 0)
    assert not work["logbook_shown"]
    assert code_of(mara.get(path)) == (404, "logbook_not_shown")
    own = ada.put("/api/v1/logbook/visibility", json={"shown_to_managers": True}).json()
    assert own["shown_to_managers"]
    assert own["cycles"][0]["family"] == CODE
    shown = mara.get(path)
    told = [(one["client"], one["name"], one["family"], one["counts"]) for one in shown.json()["cycles"]]
    assert told == [("1", "not shown 1", None, True)]
    assert CODE not in shown.text + mara.get("/api/v1/reports/work").text
    ada.put("/api/v1/logbook", json={"profile": "stages"}).raise_for_status()
    assert mara.get(path).status_code == 200
    ada.put("/api/v1/logbook/visibility", json={"shown_to_managers": False}).raise_for_status()
    assert mara.get(path).status_code == 404
    assert ada.get("/api/v1/reports/work").status_code == 403
