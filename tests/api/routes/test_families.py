"""Who gets other people's families: handing over, and what those whom it concerns are told."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from cli.users import Act, users
from records.accounts.principal import Role
from records.audit.actions import Action
from records.audit.actor import NamedActor
from records.audit.log import Wanted, find_lines
from records.clock import utcnow
from records.copies.register import Carrier, add_copy
from records.models import HandedOutCopyRow, SelectionRow
from tests.api.accounts import browser, code_of, invited, logins, make_app, set_up
from tests.api.service import shape

HAND_OVER, REASON = "/api/v1/families/hand-over", "She is on leave until the spring."


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    return make_app(tmp_path_factory.mktemp("families"))


@pytest.fixture(autouse=True)
def _calm(app: FastAPI) -> None:
    """No test is slowed for what another one tried."""
    app.state.sign_in_tries.wrong._tried.clear()


def person(app: FastAPI, *roles: Role) -> TestClient:
    return set_up(app, invited(app, next(logins), *roles))[0]


def id_of(client: TestClient) -> str:
    return str(client.get("/api/v1/session").json()["account_id"])


@pytest.fixture(scope="module")
def ada(app: FastAPI) -> TestClient:
    return person(app)


@pytest.fixture(scope="module")
def ben(app: FastAPI) -> TestClient:
    return person(app)


@pytest.fixture(scope="module")
def mara(app: FastAPI) -> TestClient:
    """A manager who is a guider too."""
    return person(app, Role.MANAGER, Role.GUIDER)


def opened(client: TestClient) -> tuple[str, str]:
    """A new family of theirs: its id and its code."""
    code = client.get("/api/v1/families/proposal").json()["code"]
    return client.post("/api/v1/families", json={"code": code}).raise_for_status().json()["id"], code


def wanted(former: TestClient, to: TestClient | str, *family_ids: str) -> dict[str, object]:
    to_account_id = to if isinstance(to, str) else id_of(to)
    return {
        "from_account_id": id_of(former), "to_account_id": to_account_id, "family_ids": family_ids, "reason": REASON,
    }  # fmt: skip


def test_nobody_hands_families_over_to_herself(ada: TestClient, mara: TestClient) -> None:
    family_id, code = opened(ada)
    assert code_of(mara.post(HAND_OVER, json=wanted(ada, mara, family_id))) == (403, "not_to_yourself")
    assert mara.post("/api/v1/selections", json=shape(family=code)).json()["code"] == "family_code_taken"


def test_a_hand_over_has_a_reason_that_both_guiders_are_told_and_the_audit_does_not_hold(
    app: FastAPI, ada: TestClient, ben: TestClient, mara: TestClient
) -> None:
    family_id, code = opened(ada)
    given = wanted(ada, ben, family_id)
    for reason in (None, "", "  x "):
        assert mara.post(HAND_OVER, json={**given, "reason": reason}).status_code == 422
    assert mara.post(HAND_OVER, json=given).json() == {"families": 1}
    told = {}
    for name, client in (("ada", ada), ("ben", ben)):
        [told[name]] = [one for one in client.get("/api/v1/notices").json() if one["family_id"] == family_id]
    assert [one["is_mine_now"] for one in told.values()] == [False, True]
    ada_s = told["ada"]
    assert (ada_s["kind"], ada_s["family_code"], ada_s["reason"]) == ("handed_over", code, REASON)
    assert (ada_s["by"], ada_s["to"]) == (
        mara.get("/api/v1/session").json()["name"],
        ben.get("/api/v1/session").json()["name"],
    )
    seen = f"/api/v1/notices/{ada_s['id']}/acknowledgement"
    assert (ben.put(seen).status_code, ada.put(seen).status_code) == (404, 204)
    assert next(one for one in ada.get("/api/v1/notices").json() if one["id"] == ada_s["id"])["seen_at"]
    with app.state.context.db.reading() as session:
        [line] = find_lines(session, Wanted(action=Action.HAND_OVER, family_id=family_id))
    to, _, kept = line.target.partition(" ")
    assert (to, len(kept), line.account_id) == (id_of(ben), 32, id_of(mara))
    assert REASON not in line.model_dump_json()


def test_links_end_with_a_colleague_s_share_and_all_of_them_with_a_hand_over(
    app: FastAPI, ada: TestClient, ben: TestClient, mara: TestClient
) -> None:
    family_id, code = opened(ada)
    made = ada.post("/api/v1/selections", json=shape(family=code)).raise_for_status().json()["selection"]["id"]
    with app.state.context.db.session() as session:
        row, until = session.get_one(SelectionRow, made), utcnow() + timedelta(days=1)
        named = {"purpose": "shared_review", "to_whom": "mother, A. B.", "until": until}
        ids = {
            who: add_copy(session, NamedActor(id_of(client)), row, "review_pack", Carrier.LINK, **named).id
            for who, client in (("ada", ada), ("ben", ben))
        }

    def out() -> set[str]:
        with app.state.context.db.reading() as session:
            return {who for who, copy_id in ids.items() if not session.get_one(HandedOutCopyRow, copy_id).ended_at}

    shares = f"/api/v1/families/{family_id}/shares"
    shared = ada.post(shares, json={"account_id": id_of(ben), "kind": "colleague"}).raise_for_status().json()["shares"]
    assert out() == {"ada", "ben"}
    ada.delete(f"{shares}/{shared[0]['id']}").raise_for_status()
    assert out() == {"ada"}
    mara.post(HAND_OVER, json=wanted(ada, ben, family_id)).raise_for_status()
    assert out() == set()


def test_nothing_is_given_to_an_account_that_its_owner_has_not_opened(
    app: FastAPI, ada: TestClient, mara: TestClient
) -> None:
    """Whoever made its invitation could open that first, and have the families."""
    family_id, _ = opened(ada)
    new = mara.post("/api/v1/people", json={"login": next(logins), "roles": ["guider"]}).json()
    to = new["account_id"]
    assert mara.post(HAND_OVER, json=wanted(ada, to, family_id)).json()["code"] == "hand_over_wrong"
    share = {"account_id": to, "kind": "colleague"}
    assert ada.post(f"/api/v1/families/{family_id}/shares", json=share).json()["code"] == "share_wrong"
    set_up(app, new["invitation"])
    assert ada.post(f"/api/v1/families/{family_id}/shares", json=share).status_code == 201
    assert mara.post(HAND_OVER, json=wanted(ada, to, family_id)).json() == {"families": 1}


def test_where_there_is_one_manager_the_console_hands_over_to_her(
    app: FastAPI, mara: TestClient, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    leaving = person(app)
    family_id, code = opened(leaving)
    logins_of = {one["id"]: one["login"] for one in mara.get("/api/v1/people").json()}
    monkeypatch.setenv("VIGPACK_DATA_DIR", str(app.state.context.settings.data_dir))
    monkeypatch.setenv("VIGPACK_LOCAL_ACCOUNTS", "true")
    users(Act.HAND_OVER, logins_of[id_of(leaving)], to=logins_of[id_of(mara)], why=REASON)
    assert capsys.readouterr().out.startswith("The families of")
    assert [one["code"] for one in mara.get("/api/v1/families").json()["items"] if one["id"] == family_id] == [code]
    [notice] = leaving.get("/api/v1/notices").json()
    assert notice["by"].startswith("command-line:")
    assert notice["reason"] == REASON


BREAK_GLASS = "/api/v1/families/break-glass"


def test_a_broken_glass_is_told_at_once_shows_without_changing_and_ends_by_itself(
    app: FastAPI, ada: TestClient, mara: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    sol, governance = person(app, Role.SUPERVISOR), person(app, Role.GOVERNANCE)
    family_id, code = opened(ada)
    people = [{"role": "mother", "initials": "E"}]
    ada.put(f"/api/v1/families/{family_id}", json={"people": people}).raise_for_status()
    film = ada.post("/api/v1/selections", json=shape(family=code)).json()["selection"]["id"]
    path, wanted = f"/api/v1/selections/{film}", {"code": code, "reason": REASON}
    assert sol.get(path).status_code == 404
    assert sol.post(BREAK_GLASS, json={"code": code}).status_code == 422
    assert governance.post(BREAK_GLASS, json=wanted).status_code == 403
    broken = sol.post(BREAK_GLASS, json=wanted).raise_for_status().json()
    assert sol.get(path).status_code == 200
    assert sol.post(BREAK_GLASS, json=wanted).json()["code"] == "share_wrong"
    assert sol.delete(path).status_code == 403
    [seen] = [one for one in sol.get("/api/v1/families").json()["items"] if one["id"] == family_id]
    assert (seen["code"], seen["people"]) == (code, [])
    for client, told_code in ((ada, code), (mara, None), (governance, None)):
        [notice] = [one for one in client.get("/api/v1/notices").json() if one["kind"] == "glass_broken"]
        assert (notice["reason"], notice["family_code"], notice["until"]) == (REASON, told_code, broken["until"])
    [share] = next(one for one in ada.get("/api/v1/families").json()["items"] if one["id"] == family_id)["shares"]
    assert (share["kind"], share["reason"]) == ("break_glass", REASON)
    with app.state.context.db.reading() as session:
        [line] = find_lines(session, Wanted(action=Action.BREAK_GLASS, family_id=family_id))
    assert (line.account_id, line.target) == (id_of(sol), broken["share_id"])
    later = utcnow() + timedelta(hours=4, seconds=1)
    with monkeypatch.context() as clock:
        clock.setattr("records.families.access.utcnow", lambda: later)
        assert sol.get(path).status_code == 404
    assert ada.delete(f"/api/v1/families/{family_id}/shares/{broken['share_id']}").status_code == 200
    assert sol.get(path).status_code == 404


def test_the_glass_is_broken_three_times_a_day_at_most_and_by_no_program(app: FastAPI, ada: TestClient) -> None:
    sol = person(app, Role.SUPERVISOR)
    codes = [opened(ada)[1] for _ in range(4)]
    token = sol.post("/api/v1/tokens", json={"name": "x", "scopes": ["reviews:read"]}).json()["token"]
    program = browser(app)
    program.headers["Authorization"] = f"Bearer {token}"
    assert program.post(BREAK_GLASS, json={"code": codes[0], "reason": REASON}).status_code == 403
    answers = [sol.post(BREAK_GLASS, json={"code": code, "reason": REASON}) for code in codes]
    assert [one.status_code for one in answers] == [201, 201, 201, 403]
    assert answers[3].json()["code"] == "break_glass_too_often"
    there_is_none = sol.post(BREAK_GLASS, json={"code": "N-99999", "reason": REASON})  # which nobody learns by trying
    assert there_is_none.json()["code"] == "break_glass_too_often"


def test_a_supervisor_is_told_nothing_of_the_family_s_other_people(app: FastAPI, ada: TestClient) -> None:
    sol, colleague = person(app, Role.SUPERVISOR), person(app)
    family_id, _ = opened(ada)
    people = [{"role": "mother", "initials": "E"}]
    people = ada.put(f"/api/v1/families/{family_id}", json={"people": people}).json()["people"]
    for client, kind in ((sol, "supervisor"), (colleague, "colleague")):
        share = {"account_id": id_of(client), "kind": kind}
        ada.post(f"/api/v1/families/{family_id}/shares", json=share).raise_for_status()
    assert [client.get("/api/v1/families").json()["items"][0]["people"] for client in (sol, colleague)] == [[], people]


def codes(client: TestClient, **asked: object) -> list[str]:
    """Of every page, one after the other."""
    found, there = [], str(httpx.URL("/api/v1/families", params=asked))
    while there:
        page = client.get(there).raise_for_status().json()
        assert len(page["items"]) <= asked.get("limit", 20)
        found, there = found + [one["code"] for one in page["items"]], page["next"]
    return found


def test_families_come_page_by_page_and_each_once(app: FastAPI) -> None:
    eve = person(app)
    opened_one_by_one = [opened(eve)[1] for _ in range(5)]
    for limit in (1, 2, 4, 5, 100):
        assert codes(eve, limit=limit) == opened_one_by_one[::-1]
    behind = eve.get("/api/v1/families?limit=2").json()["next"]
    opened(eve)
    assert [one["code"] for one in eve.get(behind).json()["items"]] == opened_one_by_one[2:0:-1]
    for wrong in ("x", "-", "1-", "9" * 18 + "-" + "0" * 32, "١-" + "0" * 32):
        assert eve.get("/api/v1/families", params={"cursor": wrong}).status_code == 422


def test_the_family_that_somebody_looked_at_last_comes_first_in_their_list_alone(app: FastAPI) -> None:
    eve, sol, colleague = person(app), person(app, Role.SUPERVISOR), person(app)
    (old_id, old), (_, new) = opened(eve), opened(eve)
    review = eve.post("/api/v1/selections", json=shape(family=old)).raise_for_status().json()["selection"]["id"]
    for client, kind in ((colleague, "colleague"), (sol, "supervisor")):
        share = {"account_id": id_of(client), "kind": kind}
        eve.post(f"/api/v1/families/{old_id}/shares", json=share).raise_for_status()
    own = opened(colleague)[1]
    assert [codes(one) for one in (eve, colleague, sol)] == [[new, old], [own, old], [old]]
    for client in (sol, colleague):
        client.get(f"/api/v1/selections/{review}").raise_for_status()
    assert [codes(one) for one in (eve, colleague, sol)] == [[new, old], [old, own], [old]]
    eve.get(f"/api/v1/selections/{review}").raise_for_status()
    assert codes(eve) == [old, new]
    assert codes(colleague, limit=1) == [old, own]


def test_a_family_is_found_by_its_code_or_a_part_of_it_and_nobody_else_s(app: FastAPI, ben: TestClient) -> None:
    eve, there = person(app), {}
    for code in ("Q-6104", "Q-6105", "R-61"):
        there[code] = eve.post("/api/v1/families", json={"code": code}).raise_for_status().json()
    assert codes(eve, code="q_6104") == ["Q-6104"]
    assert codes(eve, code="Q-61") == []
    assert codes(eve, search=" q-61", limit=1) == ["Q-6105", "Q-6104"]
    assert codes(eve, search="61") == ["R-61", "Q-6105", "Q-6104"]
    assert codes(eve, search="4") == ["Q-6104"]
    assert eve.get(f"/api/v1/families/{there['R-61']['id']}").json() == there["R-61"]
    assert codes(ben, code="Q-6104") == codes(ben, search="6104") == []
    assert ben.get(f"/api/v1/families/{there['R-61']['id']}").json()["code"] == "family_gone"


def test_codes_that_look_alike_are_one_family(ada: TestClient, ben: TestClient) -> None:
    _, code = opened(ada)
    alike = code.lower().replace("-", "_")
    assert ben.post("/api/v1/families", json={"code": alike}).json()["code"] == "family_code_taken"
    assert ben.post("/api/v1/selections", json=shape(family=alike)).json()["code"] == "family_code_taken"
    assert ada.post("/api/v1/families", json={"code": alike}).json()["code"] == "family_code_taken"
    key = {"Idempotency-Key": f"a-key-that-is-used-twice-{alike}"}
    begun = [ada.post("/api/v1/selections", json=shape(family=alike), headers=key).json() for _ in range(2)]
    assert "selection" in begun[1], begun[1]
    assert begun[0]["selection"]["id"] == begun[1]["selection"]["id"]
    assert begun[0]["selection"]["family"] == code


def test_a_supervisor_rates_the_recording_that_is_shown_to_her_and_nobody_changes_another_s_answers(
    app: FastAPI, ada: TestClient, ben: TestClient
) -> None:
    sol, eve = person(app, Role.SUPERVISOR), person(app, Role.SUPERVISOR)
    family_id, code = opened(ada)
    begun = ada.post("/api/v1/selections", json=shape(family=code, of="review_recording"))
    ratings = f"/api/v1/selections/{begun.json()['selection']['id']}/ratings"
    answers = {"answers": {"4.1": 3}}
    assert ada.put(f"{ratings}/self", json=answers).status_code == 200
    assert code_of(sol.put(f"{ratings}/sup-1", json=answers)) == (404, "selection_gone")
    for one, kind in ((sol, "supervisor"), (ben, "colleague")):
        wanted = {"account_id": id_of(one), "kind": kind}
        ada.post(f"/api/v1/families/{family_id}/shares", json=wanted).raise_for_status()
    assert sol.put(f"{ratings}/sup-1", json=answers).json()["may_change"]
    assert {one["rater"]: one["may_change"] for one in ada.get(ratings).json()} == {"self": True, "sup-1": False}
    assert {one["rater"]: one["may_change"] for one in sol.get(ratings).json()} == {"self": False, "sup-1": True}
    for one, rater in ((sol, "self"), (ben, "self"), (ada, "sup-1"), (ben, "sup-1")):
        assert code_of(one.put(f"{ratings}/{rater}", json={"answers": {}})) == (409, "rater_taken")
    program = sol.post("/api/v1/tokens", json={"name": "x", "scopes": ["reviews:read"]}).json()["token"]
    asks = browser(app)
    asks.headers["Authorization"] = f"Bearer {program}"
    assert code_of(asks.put(f"{ratings}/sup-1", json=answers)) == (403, "not_in_scope")
    eve.post(BREAK_GLASS, json={"code": code, "reason": REASON}).raise_for_status()
    assert eve.get(ratings).status_code == 200
    assert code_of(eve.put(f"{ratings}/sup-2", json=answers)) == (404, "selection_gone")
    assert code_of(ben.delete(f"{ratings}/sup-1")) == (409, "rater_taken")
    assert ada.delete(f"{ratings}/sup-1").status_code == 204
