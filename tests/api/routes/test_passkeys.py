"""Passkeys: made by an invitation or later, used after the password and instead of it, and what must not work.

The answers are those of a device in software (tests/authenticator.py); a real browser's: tests/web/test_people.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import select, update

from records.accounts.local.people import ResetReason, close_person, invite_again
from records.accounts.local.relying_party import relying_party
from records.audit.actor import command_line
from records.clock import utcnow
from records.models import AuditRow, CredentialRow, PasskeyRow, PendingSignInRow
from records.settings import Settings
from tests.api.accounts import (
    OTHER_PASSWORD,
    PASSWORD,
    code_of,
    give_code,
    give_password,
    invited,
    logins,
    make_app,
    set_up,
)
from tests.api.accounts import browser as a_browser
from tests.authenticator import PRESENT, VERIFIED, Authenticator, encoded

pytestmark = pytest.mark.usefixtures("no_time_passes")

PUBLIC = "http://localhost:8000"
SIGN_IN = "/api/v1/sign-in"
PASSKEYS = "/api/v1/account/passkeys"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    return make_app(tmp_path_factory.mktemp("passkeys"), public_url=PUBLIC)


@pytest.fixture(autouse=True)
def _calm(app: FastAPI) -> None:
    """No test is slowed for what another one tried."""
    app.state.sign_in_tries.wrong._tried.clear()


def browser(app: FastAPI) -> TestClient:
    return a_browser(app, base=PUBLIC)


def make(client: TestClient, device: Authenticator) -> dict[str, Any]:
    """The answer of the device to what the invitation's next step asks."""
    return device.make(client.post("/api/v1/invitations/passkey-options").raise_for_status().json()["options"])


def send_new(client: TestClient, credential: dict[str, Any], name: str = "My laptop") -> Any:
    return client.post("/api/v1/invitations/passkey", json={"name": name, "credential": credential})


def begun(app: FastAPI, login: str = "") -> TestClient:
    """A browser that has opened an invitation and chosen a password."""
    client = browser(app)
    invitation = invited(app, login or next(logins))
    client.post("/api/v1/invitations/password", json={"invitation": invitation, "password": PASSWORD})
    return client


@dataclass
class Ada:
    """Somebody who has a passkey and no app."""

    login: str
    account_id: str
    client: TestClient
    device: Authenticator
    codes: list[str]


@pytest.fixture
def ada(app: FastAPI) -> Ada:
    login, device = next(logins), Authenticator(PUBLIC)
    client = begun(app, login)
    made = send_new(client, make(client, device)).raise_for_status().json()
    return Ada(login, made["session"]["account_id"], client, device, made["recovery_codes"])


def asked(client: TestClient, *, after_password: bool = False) -> dict[str, Any]:
    answer = client.post(f"{SIGN_IN}/passkey-options", json={"after_password": after_password})
    options: dict[str, Any] = answer.raise_for_status().json()["options"]
    return options


def give(client: TestClient, credential: dict[str, Any]) -> Any:
    return client.post(f"{SIGN_IN}/passkey", json={"credential": credential})


def test_an_invitation_leads_to_an_account_with_a_passkey_and_recovery_codes(app: FastAPI, ada: Ada) -> None:
    assert ada.client.get("/api/v1/selections").status_code == 200
    mine = ada.client.get("/api/v1/account").json()
    assert mine["factors"] == ["passkey", "recovery-code"]
    assert [one["name"] for one in mine["passkeys"]] == ["My laptop"]
    assert len(ada.codes) == 10
    other = browser(app)
    assert give_password(other, ada.login).json() == {"factors": ["passkey", "recovery-code"]}
    assert code_of(give_code(other, "123456")) == (401, "sign_in_wrong")
    assert other.post(f"{SIGN_IN}/recovery-code", json={"code": ada.codes[0]}).status_code == 200


def test_a_passkey_signs_in_after_the_password(app: FastAPI, ada: Ada) -> None:
    client = browser(app)
    give_password(client, ada.login)
    options = asked(client, after_password=True)
    assert [one["id"] for one in options["allowCredentials"]] == [ada.device.id]
    assert client.get("/api/v1/selections").status_code == 401
    assert give(client, ada.device.sign(options)).json()["account_id"] == ada.account_id
    assert client.get("/api/v1/selections").status_code == 200
    assert "vigpack_sign_in" not in client.cookies
    assert client.get(PASSKEYS[: -len("/passkeys")]).json()["passkeys"][0]["used_at"]
    # An authenticator that says nothing of the account is believed, as the password has named it.
    again = browser(app)
    give_password(again, ada.login)
    assert give(again, ada.device.sign(asked(again, after_password=True), userHandle=None)).status_code == 200


def test_a_passkey_signs_in_by_itself(app: FastAPI, ada: Ada) -> None:
    assert browser(app).get(SIGN_IN).json()["passkey"] is True
    client = browser(app)
    options = asked(client)
    assert options["allowCredentials"] == []
    assert give(client, ada.device.sign(options)).json()["account_id"] == ada.account_id
    assert client.get("/api/v1/selections").status_code == 200
    with app.state.context.db.reading() as session:
        lines = select(AuditRow.via).where(AuditRow.account_id == ada.account_id, AuditRow.action == "sign_in")
        assert "passkey" in list(session.scalars(lines))


WRONG: dict[str, Callable[[Authenticator], Any]] = {
    "another challenge": lambda device: setattr(device, "challenge", encoded(b"x" * 32)),
    "another origin": lambda device: setattr(device, "origin", "https://vigpack.example.net"),
    "another port": lambda device: setattr(device, "origin", "http://localhost:8001"),
    "another address": lambda device: setattr(device, "rp_id", "example.net"),
    "no user verification": lambda device: setattr(device, "flags", PRESENT),
    "nobody was there": lambda device: setattr(device, "flags", VERIFIED),
    "within a frame of another site": lambda device: device.client_data.update(crossOrigin=True),
}
WRONG_SIGNATURES = WRONG | {
    "another key": lambda device: setattr(device, "key", ec.generate_private_key(ec.SECP256R1())),
    "made, not signed": lambda device: setattr(device, "kind", "webauthn.create"),
    "a count that stands still": lambda device: vars(device).update(count=1, step=0),
    "a count that goes back": lambda device: vars(device).update(count=0, step=0),
    "a passkey that nobody has": lambda device: setattr(device, "credential_id", b"unknown" * 4),
}
WRONG_KEYS = WRONG | {
    "signed, not made": lambda device: setattr(device, "kind", "webauthn.get"),
    "an algorithm that was not asked for": lambda device: setattr(device, "algorithm", -36),
}


@pytest.mark.parametrize("after_password", [False, True], ids=["by itself", "after the password"])
def test_an_answer_with_something_wrong_opens_nothing(app: FastAPI, ada: Ada, after_password: bool) -> None:
    def begin() -> tuple[TestClient, dict[str, Any]]:
        app.state.sign_in_tries.wrong._tried.clear()
        client = browser(app)
        if after_password:
            give_password(client, ada.login)
        return client, asked(client, after_password=after_password)

    client, options = begin()
    assert give(client, ada.device.sign(options)).status_code == 200
    for what, change in WRONG_SIGNATURES.items():
        liar = replace(ada.device, client_data={})
        change(liar)
        client, options = begin()
        assert code_of(give(client, liar.sign(options))) == (401, "passkey_wrong"), what
        assert client.get("/api/v1/selections").status_code == 401, what
        # Once is once: what was asked is good no more, even for the right one.
        assert code_of(give(client, ada.device.sign(options))) == (410, "sign_in_ended"), what
    client, options = begin()
    assert give(client, ada.device.sign(options)).status_code == 200


def test_what_cannot_be_read_is_refused(app: FastAPI, ada: Ada) -> None:
    for changes in (
        {"clientDataJSON": "no base64 …"},
        {"clientDataJSON": encoded(b"[]")},
        {"authenticatorData": encoded(b"short")},
        {"signature": ""},
    ):
        client = browser(app)
        assert code_of(give(client, ada.device.sign(asked(client), **changes))) == (401, "passkey_wrong"), changes
    client = begun(app)
    made = make(client, Authenticator(PUBLIC))
    made["response"]["attestationObject"] = encoded(b"\xff\x00")
    assert code_of(send_new(client, made)) == (401, "passkey_wrong")


def test_a_signature_is_good_once_and_in_the_browser_that_asked(app: FastAPI, ada: Ada) -> None:
    client, thief = browser(app), browser(app)
    signed = ada.device.sign(asked(client))
    asked(thief)
    assert code_of(give(thief, signed)) == (401, "passkey_wrong")
    between = client.cookies["vigpack_sign_in"]
    assert give(client, signed).status_code == 200
    thief.cookies.set("vigpack_sign_in", between)
    assert code_of(give(thief, signed)) == (410, "sign_in_ended")


def test_what_was_asked_is_good_for_five_minutes(app: FastAPI, ada: Ada) -> None:
    client = browser(app)
    options = asked(client)
    with app.state.context.db.session() as session:
        session.execute(update(PendingSignInRow).values(ends_at=utcnow() - timedelta(seconds=1)))
    assert code_of(give(client, ada.device.sign(options))) == (410, "sign_in_ended")


def test_after_a_password_another_person_s_passkey_opens_nothing(app: FastAPI, ada: Ada) -> None:
    other, device = begun(app), Authenticator(PUBLIC)
    send_new(other, make(other, device)).raise_for_status()
    client = browser(app)
    give_password(client, ada.login)
    assert code_of(give(client, device.sign(asked(client, after_password=True)))) == (401, "passkey_wrong")


def test_by_itself_a_passkey_has_to_name_its_account(app: FastAPI, ada: Ada) -> None:
    for handle in (None, "", encoded(b"0" * 32)):
        client = browser(app)
        answer = give(client, ada.device.sign(asked(client), userHandle=handle))
        assert code_of(answer) == (401, "passkey_wrong"), handle


def test_without_a_password_nothing_is_asked_after_one(app: FastAPI) -> None:
    client = browser(app)
    for _ in range(2):  # without anything, and having begun with a passkey
        answer = client.post(f"{SIGN_IN}/passkey-options", json={"after_password": True})
        assert code_of(answer) == (410, "sign_in_ended")
        asked(client)
    assert code_of(give_code(client, "123456")) == (410, "sign_in_ended")


def test_wrong_answers_after_the_password_are_counted_and_a_passkey_by_itself_still_opens(
    app: FastAPI, ada: Ada
) -> None:
    with app.state.context.db.session() as session:
        session.execute(update(CredentialRow).where(CredentialRow.account_id == ada.account_id).values(wrong_codes=49))
    client = browser(app)
    give_password(client, ada.login)
    wrong = replace(ada.device, key=ec.generate_private_key(ec.SECP256R1()))
    assert give(client, wrong.sign(asked(client, after_password=True))).status_code == 401
    assert code_of(give_password(browser(app), ada.login)) == (403, "second_factor_blocked")
    alone = browser(app)
    assert give(alone, ada.device.sign(asked(alone))).status_code == 200
    assert code_of(give_password(browser(app), ada.login)) == (403, "second_factor_blocked")
    # Whoever knew the password, knows it no more.
    changed = {"password": PASSWORD, "new_password": OTHER_PASSWORD}
    assert alone.put("/api/v1/account/password", json=changed).status_code == 204
    assert give_password(browser(app), ada.login, OTHER_PASSWORD).status_code == 200


def test_of_300_wrong_answers_ten_are_looked_at(app: FastAPI, ada: Ada) -> None:
    client = browser(app)
    wrong = replace(ada.device, key=ec.generate_private_key(ec.SECP256R1()))
    codes = []
    for _ in range(14):
        begun_with = client.post(f"{SIGN_IN}/passkey-options", json={})
        codes.append(
            begun_with.status_code
            if begun_with.status_code != 200
            else give(client, wrong.sign(begun_with.json()["options"])).status_code
        )
    assert codes == [401] * 10 + [429] * 4


def add(client: TestClient, device: Authenticator, password: str = PASSWORD) -> Any:
    begun_with = client.post("/api/v1/account/passkey-options", json={"password": password})
    if begun_with.status_code != 200:
        return begun_with
    made = device.make(begun_with.json()["options"])
    return client.post(PASSKEYS, json={"name": " Office laptop ", "credential": made})


def remove(client: TestClient, passkey_id: str, password: str = PASSWORD) -> Any:
    return client.post(f"{PASSKEYS}/{passkey_id}/removal", json={"password": password})


def test_passkeys_are_added_named_and_removed_with_the_password_and_never_the_last_second_factor(
    app: FastAPI, ada: Ada
) -> None:
    first = ada.client.get("/api/v1/account").json()["passkeys"][0]["id"]
    assert code_of(remove(ada.client, first)) == (409, "last_second_factor")
    office = Authenticator(PUBLIC)
    assert code_of(add(ada.client, office, "not this one")) == (401, "sign_in_wrong")
    added = add(ada.client, office)
    assert (added.status_code, added.json()["name"]) == (201, "Office laptop")
    assert code_of(add(ada.client, office)) == (409, "passkey_taken")
    client = browser(app)
    assert give(client, office.sign(asked(client))).status_code == 200
    assert code_of(remove(ada.client, first, "not this one")) == (401, "sign_in_wrong")
    assert remove(ada.client, first).status_code == 204
    assert code_of(remove(ada.client, first)) == (404, "no_such_passkey")
    client = browser(app)
    assert code_of(give(client, ada.device.sign(asked(client)))) == (401, "passkey_wrong")
    assert code_of(remove(ada.client, added.json()["id"])) == (409, "last_second_factor")
    with app.state.context.db.reading() as session:
        lines = select(AuditRow.action, AuditRow.target).where(AuditRow.account_id == ada.account_id)
        noted = [tuple(line) for line in session.execute(lines)]
    assert ("add_second_factor", added.json()["id"]) in noted
    assert ("remove_second_factor", first) in noted


def test_who_has_an_app_may_remove_the_last_passkey(app: FastAPI) -> None:
    client, _, _ = set_up(app, invited(app, next(logins)), base=PUBLIC)
    added = add(client, Authenticator(PUBLIC))
    assert client.get("/api/v1/account").json()["factors"] == ["passkey", "code", "recovery-code"]
    assert remove(client, added.json()["id"]).status_code == 204
    assert client.get("/api/v1/account").json()["factors"] == ["code", "recovery-code"]


def test_of_another_s_passkeys_none_is_removed_and_none_is_added_for_another(app: FastAPI, ada: Ada) -> None:
    client, _, _ = set_up(app, invited(app, next(logins)), base=PUBLIC)
    hers = ada.client.get("/api/v1/account").json()["passkeys"][0]["id"]
    assert code_of(remove(client, hers)) == (404, "no_such_passkey")
    options = client.post("/api/v1/account/passkey-options", json={"password": PASSWORD}).json()["options"]
    ada.client.cookies.set("vigpack_sign_in", client.cookies["vigpack_sign_in"])
    made = {"name": "x", "credential": Authenticator(PUBLIC).make(options)}
    assert code_of(ada.client.post(PASSKEYS, json=made)) == (410, "sign_in_ended")


def test_a_new_invitation_and_a_closed_account_leave_no_passkey_behind(app: FastAPI, ada: Ada) -> None:
    with app.state.context.db.session() as session:
        invite_again(session, command_line(), ada.account_id, ResetReason.LOST_SECOND_FACTOR)
    client = browser(app)
    assert code_of(give(client, ada.device.sign(asked(client)))) == (401, "passkey_wrong")
    with app.state.context.db.session() as session:
        close_person(session, command_line(), ada.account_id)
        assert session.query(PasskeyRow).filter_by(account_id=ada.account_id).count() == 0


@pytest.mark.parametrize(
    ("public_url", "host"),
    [
        ("https://vigpack.example.org", "vigpack.example.org"),
        ("https://vigpack.example.org:8443", "vigpack.example.org"),
        ("http://localhost:8000", "localhost"),
        ("http://vigpack.example.org", None),
        ("https://192.0.2.7", None),
        ("https://[2001:db8::7]", None),
        ("", None),
    ],
)
def test_passkeys_are_for_the_public_address_alone(public_url: str, host: str | None) -> None:
    party = relying_party(Settings(public_url=public_url))
    assert (party.id, party.origin) == (host, public_url) if host else party is None


def test_where_the_address_has_none_passkeys_are_not_offered(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    client = a_browser(app)
    assert client.get(SIGN_IN).json()["passkey"] is False
    assert client.post(f"{SIGN_IN}/passkey-options", json={}).status_code == 404


@pytest.mark.parametrize("what", WRONG_KEYS)
def test_a_new_passkey_with_something_wrong_sets_up_no_account(app: FastAPI, what: str) -> None:
    client, device = begun(app), Authenticator(PUBLIC)
    WRONG_KEYS[what](device)
    assert code_of(send_new(client, make(client, device))) == (401, "passkey_wrong")
    assert client.get("/api/v1/account").status_code == 401
    # What is right then is taken all the same.
    good = Authenticator(PUBLIC)
    assert send_new(client, make(client, good)).status_code == 200
