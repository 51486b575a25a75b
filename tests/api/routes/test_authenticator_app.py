"""An authenticator app that comes later than the account, or on another phone."""

from __future__ import annotations

import pyotp
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import select

from records.models import AuditRow
from tests.api.accounts import (
    OTHER_PASSWORD,
    PASSWORD,
    Phone,
    code_of,
    give_code,
    give_password,
    invited,
    logins,
    make_app,
    set_up,
)
from tests.api.accounts import browser as a_browser
from tests.api.routes.test_passkeys import PUBLIC, begun, make, send_new
from tests.authenticator import Authenticator

pytestmark = pytest.mark.usefixtures("no_time_passes")

APP = "/api/v1/account/app"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    return make_app(tmp_path_factory.mktemp("apps"), public_url=PUBLIC)


def new_phone(client: TestClient) -> Phone:
    made = client.post(f"{APP}/key", json={"password": PASSWORD})
    assert made.status_code == 201, made.text
    return Phone(made.json()["secret"])


def show(client: TestClient, phone: Phone) -> int:
    """The code of the step before, so that those that come are unused."""
    code = pyotp.TOTP(phone.secret).generate_otp(phone.step - 1)
    return client.post(APP, json={"code": code}).status_code


def test_who_came_by_a_passkey_sets_up_an_app_and_may_then_go_without_the_passkey(app: FastAPI) -> None:
    login, device = next(logins), Authenticator(PUBLIC)
    ada = begun(app, login)
    account = send_new(ada, make(ada, device)).json()["session"]["account_id"]
    assert code_of(ada.post(f"{APP}/key", json={"password": "not this one"})) == (401, "sign_in_wrong")
    phone = new_phone(ada)
    assert code_of(ada.post(APP, json={"code": "000000"})) == (401, "sign_in_wrong")
    assert ada.get("/api/v1/account").json()["factors"] == ["passkey", "recovery-code"]
    assert show(ada, phone) == 204
    assert ada.get("/api/v1/account").json()["factors"] == ["passkey", "code", "recovery-code"]
    assert code_of(ada.post(APP, json={"code": phone.code()})) == (410, "sign_in_ended")
    there = a_browser(app, base=PUBLIC)
    give_password(there, login)
    assert give_code(there, phone.code()).status_code == 200
    [passkey] = ada.get("/api/v1/account").json()["passkeys"]
    assert ada.post(f"/api/v1/account/passkeys/{passkey['id']}/removal", json={"password": PASSWORD}).status_code == 204
    assert code_of(ada.post(f"{APP}/removal", json={"password": PASSWORD})) == (409, "last_second_factor")
    with app.state.context.db.reading() as session:
        lines = select(AuditRow.action).where(AuditRow.account_id == account, AuditRow.target == account)
        assert "add_second_factor" in set(session.scalars(lines))


def test_another_phone_takes_the_place_of_the_one_before(app: FastAPI) -> None:
    login = next(logins)
    ada, old, _ = set_up(app, invited(app, login), base=PUBLIC)
    new = new_phone(ada)
    assert show(ada, new) == 204
    there = a_browser(app, base=PUBLIC)
    give_password(there, login)
    assert give_code(there, old.code()).status_code == 401
    assert give_code(there, new.code()).status_code == 200


def test_signing_in_half_way_is_no_way_to_set_up_an_app(app: FastAPI) -> None:
    """What lies between password and code has no key for an app, and another's key is not hers."""
    ada, ben = (set_up(app, invited(app, next(logins)), base=PUBLIC)[0] for _ in range(2))
    login = ada.get("/api/v1/account").json()["login"]
    give_password(ada, login)
    assert code_of(ada.post(APP, json={"code": "000000"})) == (410, "sign_in_ended")
    phone = new_phone(ben)
    ada.cookies.update({name: value for name, value in ben.cookies.items() if "sign_in" in name})
    assert show(ada, phone) == 410


def test_an_app_is_removed_where_a_passkey_is_left(app: FastAPI) -> None:
    device = Authenticator(PUBLIC)
    ada = begun(app)
    send_new(ada, make(ada, device))
    assert show(ada, new_phone(ada)) == 204
    assert ada.post(f"{APP}/removal", json={"password": "not this one"}).status_code == 401
    assert ada.post(f"{APP}/removal", json={"password": PASSWORD}).status_code == 204
    assert ada.get("/api/v1/account").json()["factors"] == ["passkey", "recovery-code"]


def told(client: TestClient) -> set[str]:
    """What a browser is to show of changes of the sign-in."""
    notices = client.get("/api/v1/notices").json()
    return {one["kind"] for one in notices if not one["is_done_here"] and one["seen_at"] is None}


def test_whose_sign_in_was_changed_is_told_in_every_browser_but_the_one_that_did_it(app: FastAPI) -> None:
    login, device, yes = next(logins), Authenticator(PUBLIC), {"password": PASSWORD}
    there, _, codes = set_up(app, invited(app, login), base=PUBLIC)
    assert told(there) == set()  # setting it up is no change
    ada = a_browser(app, base=PUBLIC)
    ada.headers["User-Agent"] = "Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140.0"
    give_password(ada, login)
    ada.post("/api/v1/sign-in/recovery-code", json={"code": codes[0]}).raise_for_status()
    options = ada.post("/api/v1/account/passkey-options", json=yes).json()["options"]
    made = ada.post("/api/v1/account/passkeys", json={"name": "Mine", "credential": device.make(options)}).json()
    ada.post(f"{APP}/removal", json=yes).raise_for_status()
    ada.post("/api/v1/account/recovery-codes", json=yes).raise_for_status()
    assert told(there) == {"recovery_code_used", "passkey_added", "app_removed", "recovery_codes_made"}
    assert show(ada, new_phone(ada)) == 204
    ada.post(f"/api/v1/account/passkeys/{made['id']}/removal", json=yes).raise_for_status()
    assert {"app_set_up", "passkey_removed"} < told(there)
    assert told(ada) == {"recovery_code_used"}
    newest = there.get("/api/v1/notices").json()[0]
    assert (newest["device"], newest["by"]) == ("Edge on Windows", login.title())
    seen = f"/api/v1/notices/{newest['id']}/acknowledgement"
    assert code_of(ada.put(seen)) == (404, "notice_gone")
    assert there.put(seen).status_code == 204
    assert newest["kind"] not in told(there)


def test_whose_password_was_changed_is_told_at_the_next_sign_in(app: FastAPI) -> None:
    login = next(logins)
    stranger, phone, _ = set_up(app, invited(app, login), base=PUBLIC)
    changed = {"password": PASSWORD, "new_password": OTHER_PASSWORD}
    stranger.put("/api/v1/account/password", json=changed).raise_for_status()
    assert told(stranger) == set()
    ada = a_browser(app, base=PUBLIC)
    give_password(ada, login, OTHER_PASSWORD)
    give_code(ada, phone.code()).raise_for_status()
    assert told(ada) == {"password_changed"}
