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
from tests.api.accounts import OTHER_PASSWORD, browser, code_of, give_password, invited, logins, make_app, set_up


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
