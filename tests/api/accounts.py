"""People with accounts of the service, their browsers and their phones."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pyotp
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.app import create_app
from api.middleware.sign_in_tries import SignInTries
from records.accounts.local import totp
from records.accounts.local.people import invite_person
from records.accounts.principal import Role
from records.audit.actor import command_line
from records.settings import Settings
from tests.databases import make_tables

BASE = "http://127.0.0.1:8000"
OWN = {"Origin": BASE, "Sec-Fetch-Site": "same-origin"}
PASSWORD = "teapot gravel ninety lantern"
OTHER_PASSWORD = "walrus umbrella seven kettle"


def make_app(folder: Path, **changes: Any) -> FastAPI:
    """A service whose people have accounts; to its limits of tries a minute, no time passes."""
    settings = Settings(data_dir=folder, local_accounts=True, min_free_bytes=0, **changes)
    make_tables(settings)
    app = create_app(settings)
    app.state.sign_in_tries = SignInTries(clock=lambda: 0.0)
    return app


class Phone:
    """An app that shows codes, with a clock of its own."""

    def __init__(self, secret: str) -> None:
        self.secret, self.step = secret, int(time.time() // totp.STEP_S)

    def code(self) -> str:
        return pyotp.TOTP(self.secret).generate_otp(int(time.time() // totp.STEP_S))

    def another(self) -> str:
        """The next step's, which is good a little early."""
        return pyotp.TOTP(self.secret).generate_otp(int(time.time() // totp.STEP_S) + 1)


_numbers = iter(range(1, 1000))


def browser(app: FastAPI, address: str | None = None, base: str = BASE) -> TestClient:
    """A browser that was never here, from an address of its own."""
    client = TestClient(app, base_url=base, client=(address or f"10.0.0.{next(_numbers) % 250}", 50000))
    client.headers.update(OWN | {"Origin": base})
    return client


def invited(app: FastAPI, login: str, *roles: Role) -> str:
    with app.state.context.db.session() as session:
        return invite_person(session, command_line(), login, login.title(), roles or (Role.GUIDER,))[1]


def set_up(
    app: FastAPI, invitation: str, password: str = PASSWORD, base: str = BASE
) -> tuple[TestClient, Phone, list[str]]:
    """A browser that is signed in, the phone and the recovery codes."""
    client = browser(app, base=base)
    chosen = client.post("/api/v1/invitations/password", json={"invitation": invitation, "password": password})
    secret = chosen.raise_for_status().json()["secret"]
    for _ in range(2):  # half a minute may end between the code and the service's look at its clock
        phone = Phone(secret)
        code = pyotp.TOTP(secret).generate_otp(phone.step - 1)
        made = client.post("/api/v1/invitations/code", json={"code": code})
        if made.is_success:
            break
    return client, phone, made.raise_for_status().json()["recovery_codes"]


logins = (f"ada{number}@example.org" for number in range(1000))


def give_password(client: TestClient, login: str, password: str = PASSWORD) -> Any:
    return client.post("/api/v1/sign-in/password", json={"login": login, "password": password})


def give_code(client: TestClient, code: str) -> Any:
    return client.post("/api/v1/sign-in/code", json={"code": code})


def code_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]
