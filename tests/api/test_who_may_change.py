"""No request of somebody who may not see a family changes anything of it, whatever ids it names."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image
from pydantic import SecretStr
from sqlalchemy import select

from records.models import ApiTokenRow, Base, FamilyShareRow, JobRow, LogbookCycleRow, SelectionRow, SessionRow
from records.settings import Settings
from tests.api.conftest import TOKEN
from tests.api.service import TUS, shape
from tests.api.test_who_may import routes_of
from tests.api.test_who_may_see import CODE, MARKERS, NOBODY, House, address, build_house, ident, of_a_family


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    made = build_house(Settings(data_dir=tmp_path_factory.mktemp("house"), min_free_bytes=0, token=SecretStr(TOKEN)))
    yield made
    made.db.dispose()


_OF_ONESELF = {"POST /api/v1/session", "DELETE /api/v1/session", "DELETE /api/v1/sessions"}
"""They begin and end the asker's own session: tests/api/test_who_may.py."""
_DAY = "2026-11-27"
_BODIES: dict[str, Any] = {
    "POST /api/v1/families": {"code": CODE},
    "POST /api/v1/families/hand-over": {"reason": "I want to see it."},
    "PUT /api/v1/families/{family_id}": {"people": [], "ended_at": "2026-11-27T00:00:00Z"},
    "POST /api/v1/families/{family_id}/shares": {"kind": "colleague"},
    "PUT /api/v1/logbook": {"profile": "vig", "began_on": _DAY},
    "PUT /api/v1/logbook/cycles": {"family": None, "cycle": 1, "left_out": True},
    "POST /api/v1/logbook/hours": {"kind": "supervision", "on": _DAY},
    "PUT /api/v1/operations/jobs/{job_id}/priority": {"priority": 2},
    "POST /api/v1/selections": shape(family=CODE),
    "POST /api/v1/people": {"login": "x", "display_name": "x", "roles": ["guider"]},
    "PUT /api/v1/people/{account_id}/roles": {"roles": ["it"]},
    "POST /api/v1/people/{account_id}/invitation": {"reason": "forgot_password"},
    "POST /api/v1/tokens": {"name": "x", "scopes": ["reviews:read"]},
}


def traces(house: House, ids: set[str]) -> dict[str, list[str]]:
    """Every row that names one of these ids, but for the record of who asked."""
    with house.db.snapshot() as connection:
        tables = [table for table in Base.metadata.sorted_tables if table.name not in {"audit", "jobs"}]
        rows = {table.name: [repr(row) for row in connection.execute(select(table))] for table in tables}
    return {name: sorted(row for row in found if any(one in row for one in ids)) for name, found in rows.items()}


@pytest.mark.parametrize("who", NOBODY)
def test_no_other_request_changes_anything_of_it(house: House, who: str) -> None:
    """With the owner's ids wherever an address or a body takes one."""
    owner, client, wrong = house.client("owner"), house.client(who), []
    cycle = {"family": CODE, "cycle": 1, "filmed_on": _DAY}
    owner.put("/api/v1/logbook/cycles", json=cycle).raise_for_status()
    with house.db.reading() as session:
        family_id = session.get_one(SelectionRow, house.ids["selection_id"]).family_id or ""
        ids = house.ids | {
            "family_id": family_id,
            "account_id": ident("owner"),
            "share_id": session.scalars(select(FamilyShareRow.id).where(FamilyShareRow.family_id == family_id)).first(),
            "session_id": session.scalars(select(SessionRow.id).where(SessionRow.account_id == ident("owner"))).first(),
            "token_id": session.scalars(select(ApiTokenRow.id).where(ApiTokenRow.account_id == ident("owner"))).first(),
            "entry_id": session.scalars(select(LogbookCycleRow.id)).first(),
            "job_id": session.scalars(select(JobRow.id)).first(),
        }
    named = {"from_account_id": ident("owner"), "to_account_id": ident("governance"), "family_ids": [family_id]}
    writes = {one for one in routes_of(house.app) if one[0] not in {"GET", "HEAD", "OPTIONS"}}
    asked = sorted(writes - set(of_a_family(house.app)))
    assert len(asked) > 40
    theirs = {family_id, ident("owner"), *(house.ids[name] for name in ("selection_id", "moment_id", "upload_id"))}
    before = traces(house, theirs)
    for method, path in asked:
        if (route := f"{method} {path}") in _OF_ONESELF:
            continue
        body = dict(_BODIES.get(route, {}))
        body |= named if path.endswith("/hand-over") else {}
        body |= {"account_id": ident("other")} if path.endswith("/shares") else {}
        answer = client.request(method, address(path, ids), json=body, headers=TUS)
        if answer.status_code >= 500 or any(marker in answer.content for marker in MARKERS):
            wrong.append(f"{route} {answer.status_code} {answer.text}")
    assert wrong == []
    assert traces(house, theirs) == before


def test_a_share_that_ends_while_a_photograph_is_sent_is_asked_for_again(house: House) -> None:
    owner, other = house.client("colleague"), house.client("other")
    family = owner.post("/api/v1/families", json={"code": "W-4428"}).json()
    shares = f"/api/v1/families/{family['id']}/shares"
    given = owner.post(shares, json={"account_id": ident("other"), "kind": "colleague"}).json()["shares"][0]["id"]
    made = owner.post("/api/v1/selections", json=shape(family="W-4428")).json()["selection"]["id"]
    picture = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(picture, "JPEG")

    def body() -> Iterator[bytes]:
        yield picture.getvalue()[:100]
        owner.delete(f"{shares}/{given}").raise_for_status()
        yield picture.getvalue()[100:]

    path = f"/api/v1/selections/{made}/artwork"
    answer = other.post(path, content=body(), headers={"Content-Type": "image/jpeg"})
    assert (answer.status_code, answer.json()["code"]) == (404, "selection_gone")
    assert owner.get(f"/api/v1/selections/{made}").json()["artwork"] == []
