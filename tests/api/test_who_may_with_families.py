"""Every route that names a family, a hold, a form or a copy, with a body that is right, as everybody who may not."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import select
from sqlalchemy.exc import StatementError

from records.models import (
    ArtworkRow,
    ConsentFormRow,
    FamilyRow,
    FamilyShareRow,
    HandedOutCopyRow,
    RetentionHoldRow,
    SelectionRow,
)
from records.settings import Settings
from tests.api.conftest import TOKEN
from tests.api.service import shape
from tests.api.test_who_may import routes_of
from tests.api.test_who_may_change import traces
from tests.api.test_who_may_see import CODE, MARKERS, NOBODY, House, address, build_house, ident

_PERSON = {"role": "mother", "initials": "M"}
_SAID = {"statements": [{"person": _PERSON, "purposes": ["shared_review"]}]}
BODIES: dict[str, Any] = {
    "DELETE /api/v1/copies/{copy_id}": None,
    "DELETE /api/v1/families/{family_id}": None,
    "GET /api/v1/families/{family_id}": None,
    "PUT /api/v1/families/{family_id}": {"people": [_PERSON]},
    "POST /api/v1/families/{family_id}/consent-forms": b"%PDF-1.7 a form",
    "GET /api/v1/families/{family_id}/consent-forms/{form_id}": None,
    "GET /api/v1/families/{family_id}/consents": None,
    "POST /api/v1/families/{family_id}/consents": _SAID,
    "POST /api/v1/families/{family_id}/consents/preview": _SAID,
    "POST /api/v1/families/{family_id}/holds": {"reason": "A complaint is being looked into."},
    "DELETE /api/v1/families/{family_id}/holds/{hold_id}": None,
    "PUT /api/v1/families/{family_id}/involvement": {"ended_at": "2026-11-27T00:00:00Z"},
    "GET /api/v1/families/{family_id}/films": None,
    "GET /api/v1/families/{family_id}/last-review": None,
    "GET /api/v1/families/{family_id}/retention": None,
    "PUT /api/v1/families/{family_id}/retention": {"schedule": "vig"},
    "POST /api/v1/families/{family_id}/shares": {"account_id": ident("other"), "kind": "colleague"},
    "DELETE /api/v1/families/{family_id}/shares/{share_id}": None,
    "GET /api/v1/families/{family_id}/subject-access": None,
    "POST /api/v1/families/{family_id}/subject-access": {"asked_by": "mother M"},
    "GET /api/v1/families/{family_id}/subject-access/{request_id}": None,
    "DELETE /api/v1/families/{family_id}/subject-access/{request_id}": None,
    "PUT /api/v1/families/{family_id}/subject-access/{request_id}/decisions": {
        "item": f"notes:{'0' * 32}",
        "decision": "include",
        "fingerprint": "0" * 64,
    },
    "PUT /api/v1/families/{family_id}/subject-access/{request_id}/check": {"name": "Ada"},
    "PUT /api/v1/families/{family_id}/subject-access/{request_id}/extension": {"because": "There is much of it."},
    "POST /api/v1/families/{family_id}/subject-access/{request_id}/copies": {"to_whom": "mother M"},
    "GET /api/v1/families/{family_id}/subject-access/{request_id}/items/{item_id}/file": None,
    "GET /api/v1/families/{family_id}/subject-access/{request_id}/answer": None,
    "POST /api/v1/families/{family_id}/subject-access/{request_id}/sealed-answer": {
        "passphrase": "dentist hockey engine empty salute once"
    },
}
"""What each is asked with. A new route that is not here fails."""
COPY = {"kind": "review_pack", "carrier": "plain", "purpose": "shared_review", "by": ident("owner")}
LOOKS = {f"GET /api/v1/families/{{family_id}}{what}" for what in ("", "/films", "/last-review")}
"""What a supervisor is shown too, of the review that is shared; where there is none to be seen it answers nothing."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    made = build_house(Settings(data_dir=tmp_path_factory.mktemp("house"), min_free_bytes=0, token=SecretStr(TOKEN)))
    yield made
    made.db.dispose()


@pytest.fixture(scope="module")
def ids(house: House) -> dict[str, str]:
    return ids_of_a_family(house)


def ids_of_a_family(house: House) -> dict[str, str]:
    """The owner's own: a family, one of its shares, a hold, a form and a copy."""
    owner = house.client("owner")
    with house.db.reading() as session:
        family_id = session.get_one(SelectionRow, house.ids["selection_id"]).family_id or ""
        share_id = session.scalars(select(FamilyShareRow.id).where(FamilyShareRow.family_id == family_id)).first() or ""
    family = f"/api/v1/families/{family_id}"
    owner.post(f"{family}/holds", json={"reason": "A complaint is being looked into."}).raise_for_status()
    asked = owner.post(f"{family}/subject-access", json={"asked_by": "mother M"})
    request_id = asked.raise_for_status().json()["request"]["id"]
    owner.post(f"{family}/consent-forms", content=b"%PDF-1.7 a form").raise_for_status()
    copy = HandedOutCopyRow(family_id=family_id, selection_id=house.ids["selection_id"], **COPY)
    with house.db.session() as session:
        session.add(copy)
        session.flush()
        made = {"copy_id": copy.id}
        for name, row in (("hold_id", RetentionHoldRow), ("form_id", ConsentFormRow)):
            made[name] = session.scalars(select(row.id).order_by(row.id)).first() or ""
    made |= {"request_id": request_id, "item_id": f"notes:{family_id}"}
    return house.ids | {"family_id": family_id, "share_id": share_id, **made}


def test_every_route_that_names_a_family_is_tried(house: House) -> None:
    named = [
        f"{method} {path}" for method, path in routes_of(house.app) if "{family_id}" in path or "{copy_id}" in path
    ]
    told = {one for one in named if not one.partition(" ")[2].startswith("/api/v1/links/") and "HEAD" not in one}
    assert told == set(BODIES)


@pytest.mark.parametrize("who", [*NOBODY, "supervisor"])
def test_nobody_else_looks_at_a_family_or_changes_it(house: House, ids: dict[str, str], who: str) -> None:
    client, wrong = house.client(who), []
    before = traces(house, {ids["family_id"]})
    for route, body in BODIES.items():
        if who == "supervisor" and route in LOOKS:
            continue
        method, _, path = route.partition(" ")
        sent = {"content": body} if isinstance(body, bytes) else {"json": body}
        answer = client.request(method, address(path, ids), **sent)
        told = any(marker in answer.content for marker in MARKERS)
        refusals = {401, 403, 404} | ({204} if route in LOOKS else set())
        if told or answer.status_code not in refusals:
            wrong.append(f"{route} {answer.status_code} {answer.text[:120]}")
    assert wrong == []
    assert traces(house, {ids["family_id"]}) == before


_WITHIN = {"moment_id", "artifact_id", "artwork_id", "share_id", "hold_id", "form_id", "request_id"}
INNER_BODIES: dict[str, Any] = {
    "PUT ends": {"in": 0, "out": 500},
    "PUT hiding": {"marks": []},
    "PUT confirmation": {"sha256": "0" * 64},
    "PUT silence": {"silence": [{"from": 0, "to": 100}]},
    "PUT seen": {"sha256": "0" * 64, "pictures": [[0, 1]]},
    "PUT {artwork_id}": {"words": "Mine"},
    "PUT people": {"people": []},
    "PATCH {moment_id}": {"caption": "Mine"},
}


def test_nothing_of_elsewhere_is_reached_through_what_is_one_s_own(house: House, ids: dict[str, str]) -> None:
    """Every route that names a thing within a thing, as who may do all of it: the outer one holds another inner one."""
    owner, wrong = house.client("owner"), []
    picture = ArtworkRow(
        selection_id=ids["selection_id"], storage_key="x", bytes=1, sha256="0" * 64, width_px=1, height_px=1
    )
    with house.db.session() as session:
        session.add(picture)
        session.flush()
        there = ids | {"artwork_id": picture.id}
    other = owner.post("/api/v1/families", json={"code": "W-4431"}).json()["id"]
    named = there | {"selection_id": house.unshared, "family_id": other}
    asked = [one for one in routes_of(house.app) if _WITHIN & set(re.findall(r"\{(\w+)\}", one[1]))]
    asked = [one for one in asked if one[0] != "HEAD" and not one[1].startswith("/api/v1/links/")]
    theirs = {there[name] for name in _WITHIN}
    before = traces(house, theirs)
    for method, path in asked:
        body = INNER_BODIES.get(f"{method} {path.rpartition('/')[2]}", BODIES.get(f"{method} {path}"))
        revision = {"If-Match": '"0"'} if method == "PATCH" else {}
        answer = owner.request(method, address(path, named), json=body, headers=revision)
        if answer.status_code != 404 or any(marker in answer.content for marker in MARKERS):
            wrong.append(f"{method} {path} {answer.status_code} {answer.text[:120]}")
    assert wrong == []
    assert len(asked) > 20
    assert traces(house, theirs) == before


def test_no_family_has_more_people_than_can_be_read_again(house: House, ids: dict[str, str]) -> None:
    family = f"/api/v1/families/{ids['family_id']}"
    client, answers = house.client("colleague"), []
    for letter in "AB":
        people = [{"role": "aunt", "initials": f"{letter}{number:c}"} for number in range(65, 77)]
        said = [{"person": person, "purposes": ["training"]} for person in people]
        answers.append(client.post(f"{family}/consents", json={"statements": said}))
    assert [one.status_code for one in answers] == [200, 409]
    assert answers[1].json()["code"] == "family_full"
    assert len(house.client("owner").get(f"{family}/consents").raise_for_status().json()["people"]) == 12
    with house.db.session() as session:
        row = session.get_one(FamilyRow, ids["family_id"])
        row.people = (*row.people, *row.people)
        with pytest.raises(StatementError):
            session.flush()
        session.rollback()


def test_a_guider_is_told_of_a_no_that_a_colleague_wrote_down(house: House, ids: dict[str, str]) -> None:
    consents, owner = f"/api/v1/families/{ids['family_id']}/consents", house.client("owner")
    no = {"statements": [{"person": _PERSON, "purposes": ["research"], "agrees": False}]}
    owner.post(consents, json=no).raise_for_status()
    assert owner.get("/api/v1/notices").json() == []
    house.client("colleague").post(consents, json=no).raise_for_status()
    [told] = owner.get("/api/v1/notices").json()
    assert (told["kind"], told["by"], told["family_code"]) == ("no_written_down", "colleague", CODE)


_NO_SUCH_TIMES = ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"]
"""Of which there is none in UTC, and from which no retention can be reckoned."""
TIMED: dict[str, tuple[str, str, dict[str, Any]]] = {
    "ChosenSchedule born_in": ("PUT", "/api/v1/families/{family_id}/retention", {"schedule": "dob-25"}),
    "FamilyChange ended_at": ("PUT", "/api/v1/families/{family_id}", {"people": []}),
    "Involvement ended_at": ("PUT", "/api/v1/families/{family_id}/involvement", {}),
    "NewCopy until": ("POST", "/api/v1/selections/{selection_id}/copies", {"kind": "reel", "carrier": "plain"}),
    "NewCycle filmed_on": ("PUT", "/api/v1/logbook/cycles", {"family": None, "cycle": 1}),
    "NewCycle reviewed_on": ("PUT", "/api/v1/logbook/cycles", {"family": None, "cycle": 1}),
    "Choice began_on": ("PUT", "/api/v1/logbook", {"profile": "vig"}),
    "NewHold review_on": ("POST", "/api/v1/families/{family_id}/holds", {"reason": "A complaint."}),
    "NewHours on": ("POST", "/api/v1/logbook/hours", {"kind": "supervision"}),
    "NewSealedCopy until": (
        "POST",
        "/api/v1/selections/{selection_id}/sealed-copies",
        {"passphrase": "x", "kind": "x"},
    ),
    "NewSelection review_on": ("POST", "/api/v1/selections", shape(family="W-4433")),
    "GivenExtension told_on": (
        "PUT",
        "/api/v1/families/{family_id}/subject-access/{request_id}/extension",
        {"because": "There is much of it."},
    ),
    "NewSubjectAccess received_on": ("POST", "/api/v1/families/{family_id}/subject-access", {"asked_by": "mother M"}),
    "NewShare until": (
        "POST",
        "/api/v1/families/{family_id}/shares",
        {"account_id": ident("other"), "kind": "colleague"},
    ),
    "Statement said_on": ("POST", "/api/v1/families/{family_id}/consents", {"person": _PERSON, "purposes": ["court"]}),
    "ReviewWords written_at": ("", "", {}),  # the page's own clock; kept as it came
}
"""Each time that a body takes, and what else belongs into it."""


def _times_asked_for(description: dict[str, Any]) -> set[str]:
    schemas, asked = description["components"]["schemas"], set[str]()
    todo = [operation.get("requestBody") for path in description["paths"].values() for operation in path.values()]
    while todo:
        one = todo.pop()
        if isinstance(one, list):
            todo += one
        elif isinstance(one, dict):
            if (name := str(one.get("$ref", "")).rpartition("/")[2]) and name not in asked:
                asked.add(name)
                todo.append(schemas[name])
            todo += one.values()
    return {
        f"{name} {field}"
        for name in asked
        for field, shaped in schemas[name].get("properties", {}).items()
        if '"format": "date' in json.dumps(shaped)
    }


def test_times_at_the_end_of_all_times_are_refused(house: House, ids: dict[str, str]) -> None:
    assert _times_asked_for(house.app.openapi()) == set(TIMED)
    client, wrong = house.client("owner"), []
    for field, (method, path, body) in TIMED.items():
        for time in _NO_SUCH_TIMES if method else []:
            name = field.partition(" ")[2]
            given = body | {name: time if name in {"until", "ended_at"} else time[:10]}
            sent = {"statements": [given]} if field.startswith("Statement") else given
            answer = client.request(method, address(path, ids), json=sent)
            if answer.status_code != 422 or name not in answer.text:
                wrong.append(f"{field} {answer.status_code} {answer.text[:200]}")
    for time in _NO_SUCH_TIMES:
        answer = house.client("governance").get("/api/v1/audit", params={"since": time, "until": time})
        wrong += [answer.text] if answer.status_code != 422 else []
    assert wrong == []
