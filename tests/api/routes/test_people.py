"""The people of a service: a manager's rights over accounts, and that they reach no film."""

from __future__ import annotations

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from cli.screen import CommandFailed
from cli.users import Act, users
from records.accounts.local.errors import NoSuchPerson
from records.accounts.local.people import ResetReason
from records.accounts.principal import Role
from records.audit.actions import Action
from records.audit.log import Wanted, find_lines, newest
from records.models import AccountRow, ExternalIdentityRow
from tests.api.accounts import (
    OTHER_PASSWORD,
    browser,
    code_of,
    give_code,
    give_password,
    invited,
    logins,
    make_app,
    set_up,
)

pytestmark = pytest.mark.usefixtures("no_time_passes")


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    return make_app(tmp_path_factory.mktemp("accounts"))


@pytest.fixture(autouse=True)
def _calm(app: FastAPI) -> None:
    """No test is slowed for what another one tried."""
    app.state.sign_in_tries.wrong.forget()


def test_the_first_manager_is_invited_on_the_console(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VIGPACK_DATA_DIR", str(app.state.context.settings.data_dir))
    login = next(logins)
    with pytest.raises(CommandFailed):
        users(Act.INVITE, login, role=[Role.MANAGER])
    monkeypatch.setenv("VIGPACK_LOCAL_ACCOUNTS", "true")
    users(Act.INVITE, login, role=[Role.MANAGER])
    link = next(word for word in capsys.readouterr().out.split() if "#invite=" in word)
    first, _, _ = set_up(app, link.partition("#invite=")[2])
    assert first.get("/api/v1/people").status_code == 200
    users(Act.RESET, login, reason=ResetReason.SEEN_BY_OTHERS)
    assert first.get("/api/v1/people").status_code == 401
    users(Act.CLOSE, login)
    with pytest.raises(NoSuchPerson):
        users(Act.ROLES, login, role=[Role.GUIDER])


@pytest.fixture(scope="module")
def manager(app: FastAPI) -> TestClient:
    return set_up(app, invited(app, "mara", Role.MANAGER))[0]


def test_a_manager_invites_changes_resets_and_closes_and_sees_no_films(app: FastAPI, manager: TestClient) -> None:
    login = next(logins)
    made = manager.post("/api/v1/people", json={"login": login, "roles": ["guider"]}).json()
    assert code_of(manager.post("/api/v1/people", json={"login": login.upper(), "roles": []})) == (409, "login_taken")
    person, _, _ = set_up(app, made["invitation"])
    assert person.get("/api/v1/selections").status_code == 200
    assert manager.get("/api/v1/selections").status_code == 403
    path = f"/api/v1/people/{made['account_id']}"
    manager.put(f"{path}/roles", json={"roles": ["supervisor", "it"]}).raise_for_status()
    assert person.get("/api/v1/session").json()["roles"] == ["it", "supervisor"]
    assert manager.post(f"{path}/invitation", json={"reason": "K-104"}).status_code == 422
    wanted = {"name": "a program", "scopes": ["reviews:read"]}
    program = browser(app)
    program.headers["Authorization"] = f"Bearer {person.post('/api/v1/tokens', json=wanted).json()['token']}"
    assert program.get("/api/v1/session").status_code == 200
    link = manager.post(f"{path}/invitation", json={"reason": "lost_second_factor"}).json()["invitation"]
    assert person.get("/api/v1/session").status_code == 401
    assert program.get("/api/v1/session").status_code == 401
    assert give_password(browser(app), login).status_code == 401
    again, _, _ = set_up(app, link, OTHER_PASSWORD)
    assert manager.delete(path).status_code == 204
    assert again.get("/api/v1/session").status_code == 401
    assert give_password(browser(app), login, OTHER_PASSWORD).status_code == 401
    assert manager.delete(path).status_code == 404
    [row] = [one for one in manager.get("/api/v1/people").json() if one["id"] == made["account_id"]]
    assert (row["state"], row["login"]) == ("closed", None)


def test_a_manager_signs_somebody_out_everywhere_who_can_sign_in_again(app: FastAPI, manager: TestClient) -> None:
    login = next(logins)
    made = manager.post("/api/v1/people", json={"login": login, "roles": ["guider"]}).json()
    person, _, _ = set_up(app, made["invitation"])
    path = f"/api/v1/people/{made['account_id']}/sessions"
    assert person.delete(path).status_code == 403
    assert manager.delete(path).status_code == 204
    assert person.get("/api/v1/session").status_code == 401
    assert give_password(browser(app), login).status_code == 200
    own = manager.get("/api/v1/session").json()["account_id"]
    assert code_of(manager.delete(f"/api/v1/people/{own}/sessions"))[1] == "not_yourself"
    with app.state.context.db.reading() as session:
        assert [line.target for line in newest(session) if line.action == "end_session"] == [made["account_id"]]


def test_the_browser_of_a_lost_device_is_told_to_forget_what_it_keeps_and_no_other_is(
    app: FastAPI, manager: TestClient
) -> None:
    login = next(logins)
    made = manager.post("/api/v1/people", json={"login": login, "roles": ["guider"]}).json()
    lost, phone, _ = set_up(app, made["invitation"])
    path, cookies = f"/api/v1/people/{made['account_id']}/sessions", dict(lost.cookies)
    assert manager.delete(path, params={"forget": True}).status_code == 204
    anew = browser(app)
    give_password(anew, login)
    assert give_code(anew, phone.another()).status_code == 200
    assert [one["is_this_one"] for one in anew.get("/api/v1/sessions").json()] == [True]
    assert manager.delete(f"/api/v1/people/{made['account_id']}").status_code == 204  # that it is lost is still known
    answer = lost.get("/api/v1/selections")
    assert (answer.status_code, answer.headers["Clear-Site-Data"]) == (401, '"storage"')
    assert not any(name.startswith("vigpack_session") for name in lost.cookies)
    assert "Clear-Site-Data" not in anew.get("/api/v1/selections").headers
    again = browser(app)
    again.cookies.update(cookies)
    assert "Clear-Site-Data" in again.get("/api/v1/session").headers


def test_a_manager_gives_herself_nothing_and_does_not_take_herself_out(manager: TestClient) -> None:
    own = f"/api/v1/people/{manager.get('/api/v1/session').json()['account_id']}"
    roles = {"roles": ["guider", "manager"]}
    assert code_of(manager.put(f"{own}/roles", json=roles)) == (403, "not_yourself")
    assert code_of(manager.delete(own)) == (403, "not_yourself")
    assert code_of(manager.post(f"{own}/invitation", json={"reason": "forgot_password"})) == (403, "not_yourself")


@pytest.mark.parametrize("role", [Role.GUIDER, Role.SUPERVISOR, Role.IT, Role.GOVERNANCE])
def test_nobody_else_makes_people(app: FastAPI, role: Role) -> None:
    client, _, _ = set_up(app, invited(app, next(logins), role))
    assert client.post("/api/v1/people", json={"login": "friend", "roles": ["guider"]}).status_code == 403
    assert client.get("/api/v1/people").status_code == 403


def id_of(client: TestClient) -> str:
    return str(client.get("/api/v1/session").json()["account_id"])


def family_of(client: TestClient) -> str:
    code = client.get("/api/v1/families/proposal").json()["code"]
    client.post("/api/v1/families", json={"code": code}).raise_for_status()
    return str(code)


def invite_anew(manager: TestClient, account_id: str, reason: str = "lost_second_factor") -> str:
    made = manager.post(f"/api/v1/people/{account_id}/invitation", json={"reason": reason})
    return str(made.raise_for_status().json()["invitation"])


def test_who_opens_another_s_account_by_a_new_invitation_gets_none_of_her_families(
    app: FastAPI, manager: TestClient
) -> None:
    """A manager makes the link, opens it herself, and is told by every route that she may not yet."""
    ada, _, _ = set_up(app, invited(app, next(logins)))
    code, account_id = family_of(ada), id_of(ada)
    thief, _, new_codes = set_up(app, invite_anew(manager, account_id), OTHER_PASSWORD)
    assert thief.get("/api/v1/session").json()["waits_for_confirmation"]
    for path in ("/api/v1/families", "/api/v1/selections", "/api/v1/notices", "/api/v1/logbook"):
        assert code_of(thief.get(path)) == (403, "not_confirmed"), path
    assert code not in thief.get("/api/v1/families").text
    token = {"name": "x", "scopes": ["reviews:read"]}
    assert thief.post("/api/v1/tokens", json=token).status_code == 403
    proof = "/api/v1/account/confirmation"
    assert code_of(thief.post(proof, json={"code": new_codes[0]})) == (401, "sign_in_wrong")
    # A second invitation does not make what the first was opened with a proof.
    thief, _, _ = set_up(app, invite_anew(manager, account_id), OTHER_PASSWORD)
    assert code_of(thief.post(proof, json={"code": new_codes[1]})) == (401, "sign_in_wrong")
    confirm = f"/api/v1/resets/{account_id}/confirmation"
    assert code_of(thief.put(confirm)) == (403, "not_confirmed")
    assert code_of(manager.put(confirm)) == (403, "reset_not_independent")
    # Nor does an accomplice that she makes up, or one whom that one makes up.
    made = manager.post("/api/v1/people", json={"login": next(logins), "roles": ["manager"]}).json()
    accomplice, _, _ = set_up(app, made["invitation"])
    made = accomplice.post("/api/v1/people", json={"login": next(logins), "roles": ["governance"]}).json()
    another, _, _ = set_up(app, made["invitation"])
    for client in (accomplice, another):
        assert code_of(client.put(confirm)) == (403, "reset_not_independent")


def test_a_second_person_confirms_who_was_invited_anew_and_she_is_told(app: FastAPI, manager: TestClient) -> None:
    governance, _, _ = set_up(app, invited(app, next(logins), Role.GOVERNANCE))
    ada, _, _ = set_up(app, invited(app, next(logins)))
    code, account_id = family_of(ada), id_of(ada)
    link, confirm = invite_anew(manager, account_id), f"/api/v1/resets/{account_id}/confirmation"
    assert code_of(governance.put(confirm)) == (409, "reset_not_opened")
    again, _, _ = set_up(app, link, OTHER_PASSWORD)
    [waiting] = [one for one in governance.get("/api/v1/resets").json() if one["account_id"] == account_id]
    assert (waiting["is_opened"], waiting["can_be_mine"], waiting["by"]) == (True, True, "Mara")
    [waiting] = [one for one in manager.get("/api/v1/resets").json() if one["account_id"] == account_id]
    assert not waiting["can_be_mine"]
    assert again.get("/api/v1/families").status_code == 403
    governance.put(confirm).raise_for_status()
    assert [one["code"] for one in again.get("/api/v1/families").json()["items"]] == [code]
    [notice] = again.get("/api/v1/notices").json()
    told = (notice["kind"], notice["by"], notice["reason"], notice["confirmed_by"])
    assert told == ("sign_in_reset", "Mara", "lost_second_factor", governance.get("/api/v1/session").json()["name"])
    assert code_of(governance.put(confirm)) == (404, "reset_gone")
    with app.state.context.db.reading() as session:
        [line] = [one for one in find_lines(session, Wanted(action=Action.CONFIRM_RESET)) if one.target == account_id]
    assert line.account_id == id_of(governance)


def test_a_recovery_code_from_before_confirms_at_once_unless_others_may_have_seen_it(
    app: FastAPI, manager: TestClient
) -> None:
    proof = "/api/v1/account/confirmation"
    ada, _, codes = set_up(app, invited(app, next(logins)))
    family_of(ada)
    again, _, _ = set_up(app, invite_anew(manager, id_of(ada)), OTHER_PASSWORD)
    assert again.post(proof, json={"code": codes[3]}).status_code == 204
    assert again.get("/api/v1/families").status_code == 200
    ben, _, codes = set_up(app, invited(app, next(logins)))
    again, _, _ = set_up(app, invite_anew(manager, id_of(ben), "seen_by_others"), OTHER_PASSWORD)
    assert code_of(again.post(proof, json={"code": codes[3]})) == (401, "sign_in_wrong")


def test_where_there_is_one_manager_it_confirms_at_the_console(
    app: FastAPI, manager: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIGPACK_DATA_DIR", str(app.state.context.settings.data_dir))
    monkeypatch.setenv("VIGPACK_LOCAL_ACCOUNTS", "true")
    login = next(logins)
    ada, _, _ = set_up(app, invited(app, login))
    again, _, _ = set_up(app, invite_anew(manager, id_of(ada)), OTHER_PASSWORD)
    assert again.get("/api/v1/families").status_code == 403
    users(Act.CONFIRM, login)
    assert again.get("/api/v1/families").status_code == 200


def test_who_never_opened_the_invitation_is_invited_anew_without_more_ado(app: FastAPI, manager: TestClient) -> None:
    made = manager.post("/api/v1/people", json={"login": next(logins), "roles": ["guider"]}).json()
    client, _, _ = set_up(app, invite_anew(manager, made["account_id"]))
    assert client.get("/api/v1/families").status_code == 200


def test_whom_the_organisation_signs_in_has_no_password_made_for_them(app: FastAPI, manager: TestClient) -> None:
    with app.state.context.db.session() as session:
        account = AccountRow(kind="person", display_name="Olga", roles=Role.GUIDER)
        session.add(account)
        session.flush()
        identity = ExternalIdentityRow(issuer="https://id.example.org", subject="1", account_id=account.id)
        session.add(identity)
        account_id = account.id
    asked = manager.post(f"/api/v1/people/{account_id}/invitation", json={"reason": "forgot_password"})
    assert code_of(asked) == (409, "signs_in_elsewhere")
