"""Accounts of the service: invitation, password, second factor, recovery codes, and what must not work."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import update

from api.app import create_app
from records.accounts.local.invitations import create_invitation
from records.accounts.local.people import close_person, invite_person
from records.accounts.principal import Role
from records.audit.actor import command_line
from records.clock import utcnow
from records.models import InvitationRow, PendingSignInRow
from records.settings import Settings
from tests.api.accounts import (
    BASE,
    OTHER_PASSWORD,
    OWN,
    PASSWORD,
    Phone,
    browser,
    code_of,
    give_code,
    give_password,
    invited,
    logins,
    make_app,
    set_up,
)
from tests.databases import make_tables

pytestmark = pytest.mark.usefixtures("no_time_passes")


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    return make_app(tmp_path_factory.mktemp("accounts"))


@pytest.fixture(autouse=True)
def _calm(app: FastAPI) -> None:
    """No test is slowed for what another one tried."""
    app.state.sign_in_tries.wrong.forget()


@pytest.fixture
def ada(app: FastAPI) -> tuple[str, Phone, list[str], TestClient]:
    login = next(logins)
    client, phone, codes = set_up(app, invited(app, login))
    return login, phone, codes, client


def test_an_invitation_leads_to_an_account_that_is_signed_in(app: FastAPI) -> None:
    invitation = invited(app, " Grace@Example.org ")
    client = browser(app)
    assert client.get("/api/v1/sign-in").json()["local"] is True
    shown = client.post("/api/v1/invitations", json={"invitation": invitation}).json()
    assert shown["login"] == "grace@example.org"
    chosen = client.post("/api/v1/invitations/password", json={"invitation": invitation, "password": PASSWORD})
    assert chosen.json()["picture_svg"].startswith("<svg")
    assert client.get("/api/v1/selections").status_code == 401
    phone = Phone(chosen.json()["secret"])
    made = client.post("/api/v1/invitations/code", json={"code": phone.code()})
    assert made.json()["session"]["roles"] == ["guider"]
    assert len(set(made.json()["recovery_codes"])) == 10
    assert client.get("/api/v1/selections").status_code == 200
    mine = client.get("/api/v1/account").json()
    assert mine == {
        "login": "grace@example.org",
        "display_name": " Grace@Example.Org ".strip(),
        "factors": ["code", "recovery-code"],
        "recovery_codes_left": 10,
        "passkeys": [],
        "can_add_passkeys": False,
    }


def test_signing_in_takes_a_password_and_a_code(app: FastAPI, ada: tuple[str, Phone, list[str], TestClient]) -> None:
    login, phone, _, _ = ada
    client = browser(app)
    first = give_password(client, login.upper())
    assert first.json() == {"factors": ["code", "recovery-code"]}
    for path in ("/api/v1/selections", "/api/v1/session", "/api/v1/account", "/api/v1/sessions"):
        assert client.get(path).status_code == 401, path
    assert give_code(client, phone.code()).json()["roles"] == ["guider"]
    assert client.get("/api/v1/selections").status_code == 200
    assert "vigpack_sign_in" not in client.cookies


def test_a_code_is_good_once(app: FastAPI, ada: tuple[str, Phone, list[str], TestClient]) -> None:
    login, phone, _, _ = ada
    code = phone.code()
    for again in (False, True):
        client = browser(app)
        give_password(client, login)
        answer = give_code(client, code)
        assert (answer.status_code == 401) == again
    assert client.get("/api/v1/selections").status_code == 401
    assert give_code(client, phone.another()).status_code == 200


def test_a_recovery_code_is_good_once(app: FastAPI, ada: tuple[str, Phone, list[str], TestClient]) -> None:
    login, _, codes, _ = ada
    client = browser(app)
    give_password(client, login)
    typed = codes[3].lower().replace("-", " ")
    assert client.post("/api/v1/sign-in/recovery-code", json={"code": typed}).status_code == 200
    assert client.get("/api/v1/account").json()["recovery_codes_left"] == 9
    other = browser(app)
    give_password(other, login)
    assert code_of(other.post("/api/v1/sign-in/recovery-code", json={"code": codes[3]})) == (401, "sign_in_wrong")


def test_of_another_s_recovery_codes_none_is_good(app: FastAPI, ada: tuple[str, Phone, list[str], TestClient]) -> None:
    _, _, codes = set_up(app, invited(app, next(logins)))
    client = browser(app)
    give_password(client, ada[0])
    assert client.post("/api/v1/sign-in/recovery-code", json={"code": codes[0]}).status_code == 401


def test_what_lies_between_the_steps_is_good_once_in_one_browser_and_for_five_minutes(
    app: FastAPI, ada: tuple[str, Phone, list[str], TestClient]
) -> None:
    login, phone, codes, _ = ada
    client = browser(app)
    give_password(client, login)
    between = client.cookies["vigpack_sign_in"]
    assert code_of(give_code(browser(app), phone.code())) == (410, "sign_in_ended")
    assert give_code(client, phone.code()).status_code == 200
    thief = browser(app)
    thief.cookies.set("vigpack_sign_in", between)
    replayed = thief.post("/api/v1/sign-in/recovery-code", json={"code": codes[0]})
    assert code_of(replayed) == (410, "sign_in_ended")
    late = browser(app)
    give_password(late, login)
    with app.state.context.db.session() as session:
        session.execute(update(PendingSignInRow).values(ends_at=utcnow() - timedelta(seconds=1)))
    assert code_of(give_code(late, phone.another())) == (410, "sign_in_ended")


def test_five_wrong_codes_and_the_password_is_asked_again(
    app: FastAPI, ada: tuple[str, Phone, list[str], TestClient]
) -> None:
    login, phone, _, _ = ada
    client = browser(app)
    give_password(client, login)
    for _ in range(5):
        assert give_code(client, "00000").status_code == 401
    assert code_of(give_code(client, phone.code())) == (410, "sign_in_ended")


def test_fifty_wrong_codes_in_a_row_and_a_new_invitation_is_wanted(
    app: FastAPI, ada: tuple[str, Phone, list[str], TestClient]
) -> None:
    login, _, _, _ = ada
    for tries in range(10):
        client = browser(app)
        app.state.sign_in_tries.wrong.forget()
        assert give_password(client, login).status_code == 200, tries
        for _ in range(5):
            assert give_code(client, "00000").status_code == 401
    app.state.sign_in_tries.wrong.forget()
    assert code_of(give_password(browser(app), login)) == (403, "second_factor_blocked")


def test_nobody_learns_which_logins_there_are(
    app: FastAPI, ada: tuple[str, Phone, list[str], TestClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    from api.routes import local_sign_in

    hashed: list[str | None] = []
    verify = local_sign_in.verify_password

    def counted(password: str, kept: str | None) -> bool:
        hashed.append(kept)
        return verify(password, kept)

    monkeypatch.setattr(local_sign_in, "verify_password", counted)
    unknown, wrong = give_password(browser(app), "nobody"), give_password(browser(app), ada[0], "x" * 20)
    assert unknown.json() == wrong.json()
    assert unknown.status_code == wrong.status_code == 401
    assert unknown.headers.keys() == wrong.headers.keys()
    assert len(hashed) == 2
    not_set_up = next(logins)
    invited(app, not_set_up)
    assert give_password(browser(app), not_set_up).json() == wrong.json()


def test_signing_in_gives_another_session_than_the_browser_brought(
    app: FastAPI, ada: tuple[str, Phone, list[str], TestClient]
) -> None:
    login, phone, _, _ = ada
    client = browser(app)
    client.cookies.set("vigpack_session_8000", "chosen-by-an-attacker")
    client.cookies.set("vigpack_sign_in", "chosen-too")
    give_password(client, login)
    assert give_code(client, phone.code()).status_code == 200
    thief = browser(app)
    thief.cookies.set("vigpack_session_8000", "chosen-by-an-attacker")
    assert thief.get("/api/v1/selections").status_code == 401


def test_of_300_wrong_passwords_ten_are_looked_at_and_others_sign_in(
    app: FastAPI, ada: tuple[str, Phone, list[str], TestClient]
) -> None:
    login, phone, _, known = ada
    colleague, colleague_phone, _ = (next(logins), None, None)
    _, colleague_phone, _ = set_up(app, invited(app, colleague))
    before = app.state.sign_in_tries.wrong.counted

    def guess(number: int) -> int:
        return int(give_password(browser(app, "192.0.2.7"), login, f"wrong password {number}").status_code)

    with ThreadPoolExecutor(8) as many:
        answers = list(many.map(guess, range(300)))
    assert answers.count(401) == 10
    assert answers.count(429) == 290
    assert app.state.sign_in_tries.wrong.counted == before + 10
    # From elsewhere, and in the same office in a browser that she has used before.
    other = browser(app)
    assert give_password(other, colleague).status_code == 200
    assert give_code(other, colleague_phone.code()).status_code == 200
    known.delete("/api/v1/session")
    assert give_password(known, login).status_code == 200
    assert give_code(known, phone.code()).status_code == 200


def test_one_account_is_tried_ten_times_a_minute_from_many_places(
    app: FastAPI, ada: tuple[str, Phone, list[str], TestClient]
) -> None:
    login = ada[0]
    answers = [give_password(browser(app), login, f"wrong {number}").status_code for number in range(12)]
    assert answers == [401] * 10 + [429] * 2
    # A colleague's browser is known, too, but not to this account.
    colleague, _, _ = set_up(app, invited(app, next(logins)))
    assert code_of(give_password(colleague, login, "wrong")) == (429, "too_many_sign_ins")


def test_an_invitation_is_good_once_and_for_72_hours_and_the_newest_alone(app: FastAPI) -> None:
    login = next(logins)
    first = invited(app, login)
    set_up(app, first)
    again = browser(app).post("/api/v1/invitations/password", json={"invitation": first, "password": PASSWORD})
    assert code_of(again) == (410, "invitation_ended")
    old = invited(app, next(logins))
    with app.state.context.db.session() as session:
        session.execute(update(InvitationRow).where(InvitationRow.used_at.is_(None)).values(ends_at=utcnow()))
    assert code_of(browser(app).post("/api/v1/invitations", json={"invitation": old})) == (410, "invitation_ended")
    with app.state.context.db.session() as session:
        account_id, replaced = invite_person(session, command_line(), next(logins), "", [Role.GUIDER])
        newer = create_invitation(session, account_id)
    assert browser(app).post("/api/v1/invitations", json={"invitation": replaced}).status_code == 410
    assert browser(app).post("/api/v1/invitations", json={"invitation": newer}).status_code == 200


def test_two_who_open_one_link_at_the_same_time_do_not_both_get_the_account(app: FastAPI) -> None:
    invitation = invited(app, next(logins))
    browsers = [browser(app), browser(app)]
    phones = []
    for client in browsers:
        chosen = client.post("/api/v1/invitations/password", json={"invitation": invitation, "password": PASSWORD})
        phones.append(Phone(chosen.json()["secret"]))
    answers = [
        client.post("/api/v1/invitations/code", json={"code": phone.code()}).status_code
        for client, phone in zip(browsers, phones, strict=True)
    ]
    assert answers == [200, 410]


def test_without_a_right_code_no_account_is_made(app: FastAPI) -> None:
    login = next(logins)
    client = browser(app)
    given = {"invitation": invited(app, login), "password": PASSWORD}
    client.post("/api/v1/invitations/password", json=given)
    assert client.post("/api/v1/invitations/code", json={"code": "00000"}).status_code == 401
    assert give_password(browser(app), login).status_code == 401
    # What was begun with an invitation does not serve for signing in.
    assert give_code(client, "00000").status_code == 410


@pytest.mark.parametrize(
    "password",
    ["short", "password1234", "qwertyuiop12", "aaaaaaaaaaaaaaaa", "weak@example.org", "Weak Weak Weak", "x" * 257],
)
def test_passwords_that_are_easily_guessed_are_refused(app: FastAPI, password: str) -> None:
    with app.state.context.db.session() as session:
        _, invitation = invite_person(session, command_line(), f"weak+{next(logins)}", "Weak", [Role.GUIDER])
    chosen = browser(app).post("/api/v1/invitations/password", json={"invitation": invitation, "password": password})
    assert code_of(chosen) == (422, "password_too_weak")


@pytest.mark.parametrize(
    "password",
    [
        PASSWORD,
        "ﬁve quilts and a ladder",
        "ночь улица фонарь аптека",
        "".join(chr(33 + (i * i * 7 + i * 13) % 90) for i in range(128)),
    ],
)
def test_long_passwords_of_any_letters_are_taken(app: FastAPI, password: str) -> None:
    login = next(logins)
    _, phone, _ = set_up(app, invited(app, login), password)
    client = browser(app)
    assert give_password(client, login, password).status_code == 200
    assert give_code(client, phone.code()).status_code == 200


def test_another_password_ends_all_other_sessions(app: FastAPI, ada: tuple[str, Phone, list[str], TestClient]) -> None:
    login, phone, _, first = ada
    second = browser(app)
    give_password(second, login)
    give_code(second, phone.code())
    wrong = {"password": "not this one at all", "new_password": OTHER_PASSWORD}
    assert second.put("/api/v1/account/password", json=wrong).status_code == 401
    right = {"password": PASSWORD, "new_password": OTHER_PASSWORD}
    assert second.put("/api/v1/account/password", json=right).status_code == 204
    assert second.get("/api/v1/selections").status_code == 200
    assert first.get("/api/v1/selections").status_code == 401
    assert give_password(browser(app), login).status_code == 401
    assert give_password(browser(app), login, OTHER_PASSWORD).status_code == 200


def test_new_recovery_codes_replace_the_old(app: FastAPI, ada: tuple[str, Phone, list[str], TestClient]) -> None:
    login, _, codes, client = ada
    made = client.post("/api/v1/account/recovery-codes", json={"password": PASSWORD}).json()["recovery_codes"]
    other = browser(app)
    give_password(other, login)
    assert other.post("/api/v1/sign-in/recovery-code", json={"code": codes[0]}).status_code == 401
    assert other.post("/api/v1/sign-in/recovery-code", json={"code": made[0]}).status_code == 200


def test_what_was_begun_ends_with_the_account(app: FastAPI, ada: tuple[str, Phone, list[str], TestClient]) -> None:
    login, phone, _, _ = ada
    client = browser(app)
    give_password(client, login)
    with app.state.context.db.session() as session:
        from records.accounts.local.people import person_by_login

        close_person(session, command_line(), person_by_login(session, login))
    assert code_of(give_code(client, phone.code())) == (410, "sign_in_ended")


def test_without_the_setting_there_is_nothing_of_it(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, min_free_bytes=0)
    make_tables(settings)
    client = TestClient(create_app(settings), base_url=BASE, client=("127.0.0.1", 50000))
    assert client.get("/api/v1/sign-in").json()["machine"] is True
    for path in ("sign-in/password", "invitations"):
        assert client.post(f"/api/v1/{path}", json={}, headers=OWN).status_code == 404
