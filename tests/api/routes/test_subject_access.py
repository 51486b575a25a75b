"""The right to see over HTTP: a family's guider alone looks at what is held; the answer leaves once it is entered."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import select, update

from records.accounts.principal import Role
from records.clock import local_day, utcnow
from records.models import AuditRow, FamilyRow, RetentionHoldRow
from records.retention_policy.periods import Period
from records.subject_access import sealed as sealed_answers
from tests.api.accounts import invited, logins, make_app, set_up
from tests.pipeline.pack.test_sealed import WORDS, opened
from tests.records.subject_access.families import Family, fill_family


@dataclass
class Asked:
    """A family whose guider is Ada, and the address of its requests."""

    app: FastAPI
    ada: TestClient
    family: Family
    address: str

    def open(self) -> dict[str, Any]:
        people = [one.id for one in self.family.people]
        made = self.ada.post(self.address, json={"asked_by": "mother Z", "people": people})
        assert made.status_code == 201, made.text
        view: dict[str, Any] = made.json()
        return view

    def decide_all(self, view: dict[str, Any]) -> None:
        for one in view["items"]:
            decision = "include" if one["may_include"] else "leave_out"
            body = {
                "item": one["id"],
                "fingerprint": one["fingerprint"],
                "decision": decision,
                "reason": "It is another’s.",
            }
            self.ada.put(f"{self.of(view)}/decisions", json=body).raise_for_status()

    def of(self, view: dict[str, Any]) -> str:
        return f"{self.address}/{view['request']['id']}"


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Asked:
    folder: Path = tmp_path_factory.mktemp("subject-access")
    app = make_app(folder)
    ada = set_up(app, invited(app, next(logins), Role.GUIDER))[0]
    context = app.state.context
    family = fill_family(context.db, context.settings, folder, "K-104", "Quittenbaum")
    account = ada.get("/api/v1/session").json()["account_id"]
    with context.db.session() as session:
        session.execute(update(FamilyRow).where(FamilyRow.id == family.id).values(owner_account_id=account))
    return Asked(app, ada, family, f"/api/v1/families/{family.id}/subject-access")


def test_its_guider_looks_checks_and_hands_out_and_the_audit_has_it(
    asked: Asked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = asked.open()
    one = asked.of(view)
    clip = next(item for item in view["items"] if item["kind"] == "clip" and item["may_include"])
    file = asked.ada.get(f"{one}/items/{clip['id']}/file", headers={"Range": "bytes=0-10"})
    assert (file.status_code, file.content) == (206, b"Quittenbaum")
    assert asked.ada.get(f"{one}/items/clip:{'0' * 32}/file").status_code == 404
    assert asked.ada.put(f"{one}/check", json={"name": "Ada"}).json()["code"] == "subject_access_unready"
    assert asked.ada.get(f"{one}/answer").status_code == 404
    asked.decide_all(view)
    assert asked.ada.put(f"{one}/check", json={"name": "Ada"}).json()["request"]["state"] == "checked"
    assert asked.ada.get(f"{one}/answer").status_code == 404  # nothing leaves that is not entered
    assert asked.ada.post(f"{one}/sealed-answer", json={"passphrase": WORDS}).status_code == 404
    handed = asked.ada.post(f"{one}/copies", json={"to_whom": "mother Z"}).raise_for_status().json()
    assert handed["request"]["state"] == "handed_out"
    answer = asked.ada.get(f"{one}/answer")
    assert answer.headers["content-type"] == "application/zip"
    assert "K-104" not in answer.headers["content-disposition"]
    with ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        assert "Looked through by" in archive.read("index.html").decode()
        who = {line["who"] for line in json.loads(archive.read("data/audit.json"))["rows"]}
    assert any(name.startswith("Ada") for name in who)
    half = len(answer.content) // 2
    rest = asked.ada.get(f"{one}/answer", headers={"Range": f"bytes={half}-", "If-Range": answer.headers["etag"]})
    assert (rest.status_code, rest.content == answer.content[half:]) == (206, True)  # who was broken off goes on
    sealed = asked.ada.post(f"{one}/sealed-answer", json={"passphrase": WORDS})
    assert "K-104" not in sealed.headers["content-disposition"]
    (tmp_path / "sealed.zip").write_bytes(sealed.content)
    contents, inside = opened(tmp_path / "sealed.zip")
    [(name, place)] = dict(contents["files"]).items()  # type: ignore[call-overload]
    assert name.endswith(".zip")
    with ZipFile(io.BytesIO(inside[: place["bytes"]])) as archive:
        assert archive.testzip() is None
        assert "Quittenbaum" in archive.read("index.html").decode()
    assert b"Quittenbaum" not in sealed.content
    assert not list((asked.app.state.context.settings.scratch()).rglob("*.zip"))
    assert asked.ada.post(f"{one}/sealed-answer", json={"passphrase": "short"}).json()["code"] == "passphrase_too_short"
    monkeypatch.setattr(sealed_answers, "MOST_SEALED_BYTES", 1000)
    too_large = asked.ada.post(f"{one}/sealed-answer", json={"passphrase": WORDS})
    assert (too_large.status_code, too_large.json()["code"]) == (422, "answer_too_large_to_seal")
    copies = asked.ada.get("/api/v1/copies", params={"family_id": asked.family.id}).json()
    assert [copy["to_whom"] for copy in copies if copy["kind"] == "subject_access"] == ["mother Z"]
    assert asked.ada.delete(one).status_code == 204
    assert asked.ada.get(f"{one}/answer").status_code == 404
    with asked.app.state.context.db.reading() as session:
        mine = select(AuditRow.action).where(AuditRow.family_id == asked.family.id).order_by(AuditRow.sequence)
        noted = list(session.scalars(mine))
    for action in ("open_subject_access", "decide_subject_access", "check_subject_access", "hand_out", "download",
                   "close_subject_access"):  # fmt: skip
        assert action in noted


def test_two_more_months_are_counted_once_where_the_family_was_told_within_the_first(asked: Asked) -> None:
    people = [one.id for one in asked.family.people]
    long_ago = local_day(utcnow()) - timedelta(days=40)
    views = [
        asked.ada.post(asked.address, json={"asked_by": "mother Z", "people": people, "received_on": f"{day}"}).json()
        for day in (long_ago, local_day(utcnow()))
    ]
    late, view = (asked.of(one) for one in views)
    why = "There are films of two years."
    for request, body in (
        (late, {"because": why}),  # told too late
        (late, {"because": why, "told_on": f"{long_ago - timedelta(days=1)}"}),  # before they asked
        (view, {"because": why, "told_on": f"{local_day(utcnow()) + timedelta(days=1)}"}),
        (view, {"because": " "}),
    ):
        refused = asked.ada.put(f"{request}/extension", json=body)
        assert (refused.status_code, refused.json()["code"]) == (422, "subject_access_unready"), body
    in_time = {"because": why, "told_on": f"{long_ago + timedelta(days=20)}"}
    extended = asked.ada.put(f"{late}/extension", json=in_time).raise_for_status().json()["request"]
    assert extended["due_on"] == f"{Period(months=3).after(long_ago)}"
    assert (extended["is_overdue"], extended["extended_because"]) == (False, why)
    assert asked.ada.put(f"{late}/extension", json=in_time).status_code == 422
    with asked.app.state.context.db.reading() as session:
        holds = select(RetentionHoldRow.review_on).where(RetentionHoldRow.family_id == asked.family.id)
        assert Period(months=3).after(long_ago) in session.scalars(holds).all()
        lines = select(AuditRow.action).where(AuditRow.family_id == asked.family.id)
        assert "extend_subject_access" in session.scalars(lines).all()
    for request in (late, view):
        assert asked.ada.delete(request).status_code == 204


def test_nobody_else_does_and_governance_reads_when_it_is_due_and_no_code(asked: Asked) -> None:
    view = asked.open()
    item = view["items"][0]["id"]
    ben = set_up(asked.app, invited(asked.app, next(logins), Role.GUIDER))[0]
    gill = set_up(asked.app, invited(asked.app, next(logins), Role.GOVERNANCE))[0]
    for client, refused in ((ben, 404), (gill, 403)):
        for path in ("", f"/{view['request']['id']}", f"/{view['request']['id']}/answer",
                     f"/{view['request']['id']}/items/{item}/file"):  # fmt: skip
            assert client.get(asked.address + path).status_code == refused
    [figures] = gill.get("/api/v1/reports/subject-access").raise_for_status().json()
    assert (figures["state"], figures["due_on"], figures["undecided"]) == (
        "open", view["request"]["due_on"], len(view["items"]),
    )  # fmt: skip
    assert "K-104" not in str(figures)
    assert ben.get("/api/v1/reports/subject-access").status_code == 403


def test_who_asks_and_about_whom_is_said(asked: Asked) -> None:
    for body in (
        {"asked_by": "mother Z", "people": ["0" * 32]},
        {"asked_by": "mother Z", "people": []},
        {"asked_by": " ", "people": [asked.family.people[0].id]},
        {"asked_by": "mother Z", "people": [asked.family.people[0].id], "received_on": "2199-01-01"},
    ):
        answer = asked.ada.post(asked.address, json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, "subject_access_unready"), body
