"""Who may see whose films: every route, read from the application itself, for everybody, with real rows and files."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import select

from api.app import create_app
from pipeline.purposes import Purpose
from records.accounts.api_tokens import create_api_token
from records.accounts.closing import FamiliesLeft, close_account
from records.accounts.principal import Principal, Role, Scope, Via, scopes_of
from records.accounts.sessions import Lifetime, begin_session
from records.actions.complete_job import finish
from records.clock import utcnow
from records.database import Database
from records.documents import MomentFacts
from records.ledger.outputs import new_output
from records.models import (
    AccountRow,
    ArtifactRow,
    FamilyShareRow,
    MomentRow,
    OutputRow,
    SelectionRow,
    UploadRow,
)
from records.settings import Settings
from records.storage.open import open_storage
from tests.api.conftest import HERE, TOKEN
from tests.api.service import TUS, shape
from tests.api.test_who_may import OWN, routes_of
from tests.databases import make_tables
from tests.effects import open_alone
from tests.records.cast import add_selection, complete_upload, take

CODE, CAPTION, FOOTAGE = "Q-7739", "Marker of a caption", b"marker of footage"
MARKERS = (CODE.encode(), CAPTION.encode(), FOOTAGE)
PEOPLE = {
    "owner": Role.GUIDER,
    "colleague": Role.GUIDER,
    "supervisor": Role.SUPERVISOR,
    "ended": Role.GUIDER,
    "other": Role.GUIDER,
    "manager": Role.MANAGER,
    "governance": Role.GOVERNANCE,
    "it": Role.IT,
}
SEE = {"owner", "colleague", "supervisor", "owner's program"}
WORK = {"owner", "colleague"}
RATE = WORK | {"supervisor"}
OWNS = {"owner"}
NOBODY = ["ended", "other", "manager", "governance", "it", "other's program", "shared token", "signed out"]
ENDLESS = {"/api/v1/operations/events", "/api/v1/events"}
ANOTHER = "0" * 31 + "f"


def ident(name: str) -> str:
    return f"{sorted(PEOPLE).index(name) + 100:032x}"


@dataclass
class House:
    """One family with a film that is ready, everybody, and what stands for each part of an address."""

    app: FastAPI
    db: Database
    settings: Settings
    cookies: dict[str, str]
    tokens: dict[str, str]
    ids: dict[str, str]
    unshared: str
    """Another selection of the family, which the supervisor was not shown."""

    def client(self, who: str) -> TestClient:
        client = TestClient(self.app, base_url="http://127.0.0.1:8000", client=HERE, raise_server_exceptions=False)
        client.headers.update(OWN)
        if who in self.cookies:
            client.cookies.set("vigpack_session_8000", self.cookies[who])
        elif who in self.tokens:
            client.headers["Authorization"] = f"Bearer {self.tokens[who]}"
        return client


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    made = build_house(Settings(data_dir=tmp_path_factory.mktemp("house"), min_free_bytes=0, token=SecretStr(TOKEN)))
    yield made
    made.db.dispose()


def build_house(settings: Settings) -> House:
    folder = settings.data_dir
    make_tables(settings)
    db, app = open_alone(settings), create_app(settings)
    secrets, cookies, tokens = app.state.identity.secrets, {}, {"shared token": TOKEN}
    with db.session() as session:
        for name, role in PEOPLE.items():
            session.add(AccountRow(id=ident(name), kind="person", display_name=name, roles=role))
        session.flush()
        lifetime = Lifetime(3600, 3600)
        for name in PEOPLE:
            cookies[name] = begin_session(
                session, secrets, ident(name), by=Via.SESSION, device="a browser", lifetime=lifetime
            )
        for name in ("owner", "other"):
            tokens[f"{name}'s program"] = create_api_token(
                session, secrets, ident(name), name="x", scopes=[Scope.REVIEWS_READ], days=1
            )[0]
    selection_id, unshared = (_ready(db, settings, folder, number) for number in (1, 2))
    with db.session() as session:
        family_id = session.get_one(SelectionRow, selection_id).family_id
        for name, kind, one in (
            ("colleague", "colleague", None), ("supervisor", "supervisor", selection_id), ("ended", "colleague", None)
        ):  # fmt: skip
            until = utcnow() if name == "ended" else None
            share = FamilyShareRow(family_id=family_id, selection_id=one, account_id=ident(name), kind=kind)
            share.by, share.until = ident("owner"), until
            session.add(share)
    with db.reading() as session:
        ids = {
            "selection_id": selection_id,
            "moment_id": session.scalars(select(MomentRow.id).where(MomentRow.selection_id == selection_id)).one(),
            "artifact_id": session.scalars(
                select(ArtifactRow.id).where(ArtifactRow.selection_id == selection_id)
            ).one(),
            "upload_id": session.scalars(select(UploadRow.id).where(UploadRow.selection_id == selection_id)).one(),
            "rater": "self",
            "part": "covered",
        }
    return House(app, db, settings, cookies, tokens, ids, unshared)


def _ready(db: Database, settings: Settings, folder: Path, cycle: int) -> str:
    """A selection of the owner's whose one clip is ready and in the store."""
    guider = frozenset({Role.GUIDER})
    owner = Principal(ident("owner"), "owner", guider, Via.SESSION, scopes_of(guider))
    clip = {"in": 0, "out": 1000, "caption": CAPTION}
    made = add_selection(
        db,
        {"family": CODE, "cycle": cycle, "clip": [clip]},
        outputs=(),
        whole_film=False,
        guider=f"account {owner.account_id}",
        who=owner,
    )
    with db.reading() as session:
        moment_id = session.scalars(select(MomentRow.id).where(MomentRow.selection_id == made)).one()
    file = folder / f"{made}.mp4"
    file.write_bytes(FOOTAGE)
    sent = open_storage(settings).put(file, f"selections/{made}/uploads/x")
    [job] = complete_upload(db, made, moment_id=moment_id, storage_key=sent.key, sha256=sent.sha256)
    file.write_bytes(FOOTAGE)
    stored = open_storage(settings).put(file, f"selections/{made}/clip.mp4")
    row = ArtifactRow(
        kind="clip", name="01.mp4", storage_key=stored.key, media_type="video/mp4", bytes=stored.bytes,
        sha256=stored.sha256,
    )  # fmt: skip
    finish(db, take(db, settings, job), [row], MomentFacts(in_ms=0, width_px=320, height_px=240, duration_ms=1000))
    return made


def address(path: str, ids: dict[str, str]) -> str:
    """With an identifier in each place; of what is no family's one that does not exist."""
    return re.sub(r"\{(\w+)(:path)?\}", lambda found: ids.get(found[1], "0" * 32), path)


def of_a_family(app: FastAPI) -> list[tuple[str, str]]:
    """Every route whose address names something of a family; the one that erases it comes last."""
    named = [one for one in set(routes_of(app)) if "{selection_id}" in one[1] or "{upload_id}" in one[1]]
    found = [one for one in named if one[1].startswith("/api/")]
    return sorted(found, key=lambda one: (one == ("DELETE", "/api/v1/selections/{selection_id}"), one[1], one[0]))


_KNOWN = {
    "selection_id", "moment_id", "artifact_id", "artwork_id", "upload_id", "rater", "part", "session_id", "token_id",
    "job_id", "name", "worker", "entry_id", "format_", "path", "family_id", "share_id", "account_id", "invitation_id",
    "notice_id", "passkey_id", "hold_id", "copy_id", "form_id", "request_id", "item_id", "form", "draft_id",
}  # fmt: skip


def test_every_part_of_an_address_is_one_of_which_it_was_decided_whose_it_is(house: House) -> None:
    parts = {part for _, path in routes_of(house.app) for part in re.findall(r"\{(\w+)", path)}
    assert parts - _KNOWN == set()
    assert len(of_a_family(house.app)) > 30


@pytest.mark.parametrize("who", NOBODY)
def test_somebody_else_s_family_is_answered_as_one_that_does_not_exist(house: House, who: str) -> None:
    client, wrong = house.client(who), []
    gone = dict.fromkeys(house.ids, ANOTHER) | {"rater": "self", "part": "covered"}
    for method, path in of_a_family(house.app):
        there = client.request(method, address(path, house.ids), headers=TUS)
        nowhere = client.request(method, address(path, gone), headers=TUS)
        answers = [
            (one.status_code, one.headers.get("content-type"), one.json().get("code") if one.content else None)
            for one in (there, nowhere)
        ]
        if answers[0] != answers[1] or answers[0][0] not in {401, 403, 404}:
            wrong.append(f"{method} {path}: {answers}")
        if any(marker in there.content for marker in MARKERS):
            wrong.append(f"{method} {path} tells")
    assert wrong == []


@pytest.mark.parametrize("who", NOBODY)
def test_no_other_answer_holds_a_word_a_code_or_a_byte_of_it(house: House, who: str) -> None:
    client, wrong = house.client(who), []
    wanted = house.ids["selection_id"]
    for method, path in sorted(set(routes_of(house.app)) - set(of_a_family(house.app))):
        if path in ENDLESS or method not in {"GET", "HEAD"}:
            continue
        params = {"one": wanted, "other": wanted, "guider": "", "selection": wanted}
        answer = client.get(address(path, {"format_": "csv"}), params=params)
        told = MARKERS[1:] if (who, path) == ("governance", "/api/v1/audit") else MARKERS  # a line names its family
        if answer.status_code >= 500 or any(marker in answer.content for marker in told):
            wrong.append(f"{method} {path} {answer.status_code}")
    assert wrong == []


@pytest.mark.parametrize("who", ["other", "ended", "shared token"])
def test_nothing_is_sent_to_it_compared_or_followed_by_others(house: House, who: str) -> None:
    client = house.client(who)
    metadata = "moment " + b64encode(house.ids["moment_id"].encode()).decode()
    announced = client.post("/api/v1/uploads", headers={**TUS, "Upload-Length": "9", "Upload-Metadata": metadata})
    assert (announced.status_code, announced.json()["code"]) == (404, "upload_target_missing")
    wanted = house.ids["selection_id"]
    compared = client.get("/api/v1/ratings/comparison", params={"one": wanted, "other": wanted})
    assert (compared.status_code, compared.json()["code"]) == (404, "selection_gone")
    told = client.get("/api/v1/events", params={"selection": wanted}).text
    assert "event: gone" in told
    assert CAPTION not in told
    refused = client.post("/api/v1/selections", json=shape(family=CODE))
    assert (refused.status_code, refused.json()["code"]) == (409, "family_code_taken")
    proposed = re.fullmatch(r"This code is taken here\. Take the proposed one: (\S+)\.", refused.json()["detail"])
    assert proposed
    assert client.post("/api/v1/selections", json=shape(family=proposed[1])).status_code == 201


def test_a_supervisor_sees_what_was_shared_and_nothing_else_of_the_family(house: House) -> None:
    client = house.client("supervisor")
    assert client.get(f"/api/v1/selections/{house.ids['selection_id']}").json()["family"] == CODE
    assert client.get(f"/api/v1/selections/{house.unshared}").status_code == 404
    listed = client.get("/api/v1/selections").json()["items"]
    assert [one["id"] for one in listed] == [house.ids["selection_id"]]


def test_a_family_is_shared_and_unshared_by_its_guider_alone(house: House) -> None:
    owner, other = house.client("owner"), house.client("other")
    [family] = [one for one in owner.get("/api/v1/families").json()["items"] if one["code"] == CODE]
    shares = f"/api/v1/families/{family['id']}/shares"
    assert CODE not in other.get("/api/v1/families").text
    wanted = {"account_id": ident("other"), "kind": "colleague"}
    for who in ("colleague", "other"):
        assert house.client(who).post(shares, json=wanted).json()["code"] == "family_gone"
        assert house.client(who).put(f"/api/v1/families/{family['id']}", json={}).status_code == 404
    film = f"/api/v1/selections/{house.ids['selection_id']}"
    assert other.get(film).status_code == 404
    shared = owner.post(shares, json=wanted).json()["shares"]
    assert other.get(film).status_code == 200
    [given] = [one["id"] for one in shared if one["account_id"] == ident("other")]
    assert owner.delete(f"{shares}/{given}").status_code == 200
    assert other.get(film).status_code == 404
    yesterday = wanted | {"until": "2020-01-01T00:00:00Z"}
    assert owner.post(shares, json=yesterday).json()["code"] == "share_wrong"
    assert other.post("/api/v1/families", json={"code": CODE}).json()["code"] == "family_code_taken"
    proposed = other.get("/api/v1/families/proposal").json()["code"]
    assert other.post("/api/v1/families", json={"code": proposed}).json()["mine"]


def test_who_shares_is_told_with_whom_by_name_and_nothing_more_of_them(house: House) -> None:
    told = house.client("owner").get("/api/v1/colleagues").json()
    assert {one["name"]: one["roles"] for one in told} == {
        "colleague": ["guider"], "ended": ["guider"], "other": ["guider"], "supervisor": ["supervisor"],
    }  # fmt: skip
    assert {key for one in told for key in one} == {"id", "name", "roles"}
    for who in ("supervisor", "manager", "governance", "it", "owner's program"):
        assert house.client(who).get("/api/v1/colleagues").json()["code"] in {"not_in_scope", "not_for_it"}


def test_both_sides_read_whose_a_family_is_and_until_when_and_the_day_can_be_moved(house: House) -> None:
    owner, other = house.client("owner"), house.client("other")
    [family] = [one for one in owner.get("/api/v1/families").json()["items"] if one["code"] == CODE]
    shares = f"/api/v1/families/{family['id']}/shares"
    wanted = {"account_id": ident("other"), "kind": "colleague"}
    for until in (None, "2199-01-01T00:00:00Z"):
        shared = owner.post(shares, json=wanted | {"until": until}).json()["shares"]
    [given] = [one for one in shared if one["account_id"] == ident("other")]
    assert (given["name"], given["until"]) == ("other", "2199-01-01T00:00:00Z")
    [seen] = [one for one in other.get("/api/v1/families").json()["items"] if one["code"] == CODE]
    assert (seen["owner"], seen["mine"], [one["until"] for one in seen["shares"]]) == ("owner", False, [given["until"]])
    owner.delete(f"{shares}/{given['id']}").raise_for_status()
    assert CODE not in other.get("/api/v1/families").text


@pytest.mark.parametrize(("who", "kind"), [("supervisor", "colleague"), ("other", "supervisor"), ("it", "supervisor")])
def test_nothing_is_shared_with_somebody_as_what_they_are_not(house: House, who: str, kind: str) -> None:
    owner = house.client("owner")
    [family] = [one for one in owner.get("/api/v1/families").json()["items"] if one["code"] == CODE]
    wanted = {"account_id": ident(who), "kind": kind}
    assert owner.post(f"/api/v1/families/{family['id']}/shares", json=wanted).json()["code"] == "share_wrong"


def test_a_key_used_again_shows_nothing_once_the_share_has_ended(house: House) -> None:
    """The selection that a colleague began with it is its family's, not hers."""
    owner, other = house.client("colleague"), house.client("other")
    family = owner.post("/api/v1/families", json={"code": "W-4427"}).json()
    shares = f"/api/v1/families/{family['id']}/shares"
    given = owner.post(shares, json={"account_id": ident("other"), "kind": "colleague"}).json()["shares"][0]["id"]
    wanted, key = shape(family="W-4427"), {"Idempotency-Key": "a-key-that-is-used-twice"}
    begun = other.post("/api/v1/selections", json=wanted, headers=key).json()["selection"]["id"]
    assert other.post("/api/v1/selections", json=wanted, headers=key).json()["selection"]["id"] == begun
    owner.delete(f"{shares}/{given}").raise_for_status()
    again = other.post("/api/v1/selections", json=wanted, headers=key)
    assert (again.status_code, again.json()["code"]) == (404, "selection_gone")
    assert "W-4427" not in again.text


def test_a_pack_that_shows_another_selection_is_not_for_who_was_not_shown_that_one(house: House) -> None:
    shared = house.ids["selection_id"]
    file = house.settings.data_dir / "booklet.pdf"
    file.write_bytes(FOOTAGE)
    stored = open_storage(house.settings).put(file, f"selections/{shared}/booklet.pdf")
    with house.db.session() as session:
        pack = ArtifactRow(
            selection_id=shared, kind="booklet", name="booklet.pdf", storage_key=stored.key,
            media_type="application/pdf", bytes=stored.bytes, sha256=stored.sha256,
        )  # fmt: skip
        output = new_output("booklet", {"earlier": [house.unshared]}, 0, Purpose.PICTURE_NOTES, awaited=False)
        output.selection_id = shared
        session.add_all([pack, output])
        session.flush()
        path, output_id = f"/api/v1/selections/{shared}/artifacts/{pack.id}", output.id
    statuses = {who: house.client(who).get(path).status_code for who in ("owner", "colleague", "supervisor")}
    assert statuses == {"owner": 200, "colleague": 200, "supervisor": 404}
    with house.db.session() as session:
        session.delete(session.get_one(OutputRow, output_id))
        session.delete(session.get_one(ArtifactRow, path.rpartition("/")[2]))


def test_who_may_does_and_no_more_than_they_may(house: House) -> None:
    wrong = []
    for who in ("supervisor", "owner's program", "colleague", "owner"):
        client = house.client(who)
        for method, path in of_a_family(house.app):
            if path.endswith("/events") or method == "HEAD":  # its answer has no words
                continue
            erases = (method, path) == ("DELETE", "/api/v1/selections/{selection_id}")
            rates = path.endswith("/ratings/{rater}")
            enough = SEE if method == "GET" else OWNS if erases else RATE if rates else WORK
            answer = client.request(method, address(path, house.ids), headers=TUS)
            is_problem = answer.headers.get("content-type") == "application/problem+json"
            code = answer.json()["code"] if is_problem else None
            refused = answer.status_code in {401, 403} or code in {"selection_gone", "upload_missing"}
            if refused == (who in enough) or answer.status_code >= 500:
                wrong.append(f"{who}: {method} {path} {answer.status_code} {code}")
    assert wrong == []
    file = house.client("colleague").get(address("/api/v1/selections/{selection_id}", house.ids))
    assert file.status_code == 404  # the owner erased it, as the last thing of all


def test_an_account_is_closed_only_once_its_families_are_another_s(house: House) -> None:
    with house.db.reading() as session, pytest.raises(FamiliesLeft):
        close_account(session, ident("owner"))
    wanted = {"from_account_id": ident("owner"), "to_account_id": ident("other"), "reason": "The owner leaves."}
    for who in (*NOBODY, "owner", "colleague", "supervisor"):
        if who != "manager":
            answer = house.client(who).post("/api/v1/families/hand-over", json=wanted)
            assert answer.status_code in {401, 403}, who
    manager = house.client("manager")
    owners = {one["name"]: one for one in manager.get("/api/v1/families/owners").json()}
    assert (owners["owner"]["families"], owners["owner"]["is_guider"]) == (1, True)
    assert not {"manager", "it", "supervisor"} & set(owners)
    to_it = manager.post("/api/v1/families/hand-over", json=wanted | {"to_account_id": ident("it")})
    assert to_it.json()["code"] == "hand_over_wrong"
    assert manager.post("/api/v1/families/hand-over", json=wanted).json() == {"families": 1}
    assert manager.get(f"/api/v1/selections/{house.unshared}").status_code == 403
    for who, status in (("other", 200), ("owner", 404), ("colleague", 404)):
        assert house.client(who).get(f"/api/v1/selections/{house.unshared}").status_code == status
    with house.db.session() as session:
        assert close_account(session, ident("owner"))
