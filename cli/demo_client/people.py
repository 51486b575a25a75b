"""People of a demo service: invited, set up and signed in over HTTP, as their browsers would."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import httpx
import pyotp

from cli.demo_client.sender import WorkFailed, ask
from records.accounts.local.people import invite_person
from records.accounts.principal import Role
from records.audit.actor import command_line
from records.database import open_database
from records.settings import Settings

_STEP_S: Final = 30
"""Of the codes that a phone's app shows (RFC 6238)."""


@dataclass(frozen=True)
class People:
    """Who works at the demo's service, each in a browser of their own."""

    manager: httpx.Client
    guider: httpx.Client
    colleague: httpx.Client
    supervisor: httpx.Client

    def share(self, selection_id: str) -> list[str]:
        """Have the guider share the family with the supervisor until tomorrow; who saw what then, in plain sentences.

        Raises: WorkFailed where somebody sees what is not theirs, or not what is.
        """
        review = f"/api/v1/selections/{selection_id}"
        for client in (self.manager, self.colleague, self.supervisor):
            _expect(client, review, seen=False)
        [family] = ask(self.guider, "GET", "/api/v1/families").json()["items"]
        supervisor = ask(self.supervisor, "GET", "/api/v1/session").json()["account_id"]
        until = (datetime.now(UTC) + timedelta(days=1)).isoformat()
        share = {"account_id": supervisor, "kind": "supervisor", "until": until}
        ask(self.guider, "POST", f"/api/v1/families/{family['id']}/shares", json=share)
        _expect(self.supervisor, review, seen=True)
        _expect(self.colleague, review, seen=False)
        return [
            "Ada, a guider, signed in with a password and the code of an app, and sent the moments.",
            "Mo, the manager, and Ben, another guider, see nothing of them.",
            "Sue, the supervisor, saw nothing until Ada shared the family with her, until tomorrow.",
        ]


@contextmanager
def signed_in_people(url: str, data_dir: Path) -> Iterator[People]:
    """The manager is invited on the console, the others by her; all sign in with a password and a code of an app.

    Raises: WorkFailed.
    """
    clients = [_browser(url) for _ in range(4)]
    people = People(*clients)
    try:
        _sign_in(people.manager, "mo@demo.example", _first_invitation(data_dir))
        for client, login, role in (
            (people.guider, "ada@demo.example", Role.GUIDER),
            (people.colleague, "ben@demo.example", Role.GUIDER),
            (people.supervisor, "sue@demo.example", Role.SUPERVISOR),
        ):
            new = {"login": login, "display_name": login.partition("@")[0].title(), "roles": [role]}
            _sign_in(client, login, ask(people.manager, "POST", "/api/v1/people", json=new).json()["invitation"])
        yield people
    finally:
        for client in clients:
            client.close()


def _browser(url: str) -> httpx.Client:
    own_page = {"Origin": url, "Sec-Fetch-Site": "same-origin"}
    return httpx.Client(base_url=url, headers=own_page, trust_env=False, timeout=60)


def _first_invitation(data_dir: Path) -> str:
    """What ``vigpack users invite`` prints."""
    settings = Settings(data_dir=data_dir, local_accounts=True)
    database = open_database(settings)
    try:
        with database.session() as session:
            return invite_person(session, command_line(), "mo@demo.example", "Mo", (Role.MANAGER,))[1]
    finally:
        database.dispose()


def _sign_in(client: httpx.Client, login: str, invitation: str) -> None:
    """Set the account up by its invitation, leave, and sign in again."""
    password = secrets.token_urlsafe(18)
    chosen = ask(client, "POST", "/api/v1/invitations/password", json={"invitation": invitation, "password": password})
    app, step = pyotp.TOTP(chosen.json()["secret"]), int(time.time() // _STEP_S)
    ask(client, "POST", "/api/v1/invitations/code", json={"code": app.generate_otp(step)})
    ask(client, "DELETE", "/api/v1/session")
    ask(client, "POST", "/api/v1/sign-in/password", json={"login": login, "password": password})
    # A code is good once; the next one is taken a little early.
    ask(client, "POST", "/api/v1/sign-in/code", json={"code": app.generate_otp(step + 1)})


def _expect(client: httpx.Client, address: str, *, seen: bool) -> None:
    answer = client.get(address)
    if answer.is_success != seen:
        raise WorkFailed(f"{answer.status_code}", for_guider="The demo's people do not see what they may.")
