"""Other ends for a moment, and what was sent around it, over HTTP."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import update
from starlette.responses import Response

from api.app import create_app
from api.dependencies import AppContext
from api.middleware import source_cookie as passes
from api.middleware.source_cookie import PASS, PASS_S
from records.models import MomentRow, MomentState
from records.settings import Settings
from tests.api.conftest import TOKEN, client_of
from tests.api.service import SELECTIONS, announce, begin, send

WEBM = bytes.fromhex("1a45dfa3") + b"the rest"


@pytest.fixture
def sent(client: TestClient) -> dict[str, Any]:
    """A selection whose first moment has arrived."""
    begun = begin(client)
    assert send(client, announce(client, len(WEBM), begun), 0, WEBM).status_code == 204
    return begun["selection"]


def source_of(view: dict[str, Any], position: int = 0) -> str:
    return f"{SELECTIONS}/{view['id']}/moments/{view['moments'][position]['id']}/source"


def test_what_was_sent_can_be_looked_into_in_ranges(client: TestClient, sent: dict[str, Any]) -> None:
    answer = client.get(source_of(sent), headers={"Range": "bytes=4-7"})
    assert (answer.status_code, answer.content) == (206, b"the ")
    assert answer.headers["Content-Type"] == "video/webm"
    assert "Content-Disposition" not in answer.headers
    assert client.head(source_of(sent)).headers["Content-Length"] == str(len(WEBM))


def test_what_has_not_arrived_cannot_be_looked_into(client: TestClient, sent: dict[str, Any]) -> None:
    other = begin(client)["selection"]
    crossed = source_of(sent).replace(sent["id"], other["id"])
    for path in (source_of(sent, 1), source_of(other), crossed, source_of(sent).replace("/source", "x/source")):
        assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    ("asked", "status", "code", "sentence"),
    [
        ({"in": 70_200, "out": 84_000}, 409, "moment_busy", "is being prepared just now"),
        ({"in": 5, "out": 5}, 422, "selection_invalid", "The clip would end before it begins."),
        ({"in": 5}, 422, "selection_invalid", "A clip needs “in” and “out”, a still needs “at”."),
        (
            {"in": 1, "out": 2, "cut": {"at": 1}},
            422,
            "selection_invalid",
            "The cut is of another kind than the moment.",
        ),
        ({"in": -1, "out": 2}, 422, "selection_invalid", "“in” is too small."),
        ({"from": 1}, 422, "selection_invalid", "“from” is not a word this program knows."),
    ],
)
def test_ends_that_cannot_be_are_refused_in_one_sentence(
    client: TestClient, sent: dict[str, Any], asked: dict[str, Any], status: int, code: str, sentence: str
) -> None:
    answer = client.put(source_of(sent).replace("/source", "/ends"), json=asked)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert sentence in answer.json()["detail"]


def test_seconds_that_were_not_sent_are_refused(client: TestClient, sent: dict[str, Any]) -> None:
    ctx: AppContext = client.app.state.context  # type: ignore[attr-defined]  # Starlette's client names the bare protocol
    with ctx.db.session() as session:
        session.execute(update(MomentRow).values(state=MomentState.READY))
    path = source_of(sent).replace("/source", "/ends")
    refused = client.put(path, json={"in": "00:01:10.200", "out": "00:01:24.001"})
    assert refused.status_code == 422
    assert refused.json()["detail"] == "These seconds were not sent; open the film and send them."
    taken = client.put(path, json={"in": "00:01:12", "out": "00:01:24"})
    assert taken.status_code == 202
    assert taken.json()["moments"][0]["moment"]["in"] == 72_000
    assert taken.json()["moments"][0]["state"] == "queued"


@pytest.fixture
def guarded(app_settings: Settings) -> Iterator[TestClient]:
    """A guider's client of a service that asks for a token."""
    with client_of(create_app(app_settings.model_copy(update={"token": SecretStr(TOKEN)}))) as made:
        made.headers["Authorization"] = f"Bearer {TOKEN}"
        yield made


@pytest.fixture
def player(guarded: TestClient) -> Iterator[tuple[TestClient, str]]:
    """A player, which carries cookies and no token, and what it was given a pass for."""
    begun = begin(guarded)
    send(guarded, announce(guarded, len(WEBM), begun), 0, WEBM)
    source = source_of(begun["selection"])
    answer = guarded.post(f"{source}/pass")
    assert answer.status_code == 204
    assert {part.strip() for part in answer.headers["Set-Cookie"].split(";")[1:]} == {
        "HttpOnly", f"Max-Age={PASS_S}", f"Path={source}", "SameSite=strict",
    }  # fmt: skip
    with client_of(guarded.app) as made:  # type: ignore[arg-type]  # Starlette's client names the bare protocol
        made.headers["Cookie"] = answer.headers["Set-Cookie"].split(";")[0]
        yield made, source


def test_a_player_with_a_pass_looks_at_one_source_and_does_nothing_else(
    player: tuple[TestClient, str], guarded: TestClient
) -> None:
    client, source = player
    assert client.get(source, headers={"Range": "bytes=4-7"}).content == b"the "
    assert client.head(source).status_code == 200
    other = source_of(begin(guarded)["selection"])
    for method, path in (("GET", other), ("GET", SELECTIONS), ("POST", f"{source}/pass"), ("DELETE", source)):
        assert client.request(method, path).status_code == 401, (method, path)
    assert client.get(source, headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert guarded.post(f"{other}/pass").status_code == 404


@pytest.mark.parametrize("change", [lambda it: it[:-1] + "x", lambda it: it.replace("=", "=9"), lambda _: f"{PASS}="])
def test_a_pass_that_was_made_up_opens_nothing(player: tuple[TestClient, str], change: Callable[[str], str]) -> None:
    client, source = player
    client.headers["Cookie"] = change(client.headers["Cookie"])
    assert client.get(source).status_code == 401


def test_a_pass_that_another_service_signed_opens_nothing(player: tuple[TestClient, str]) -> None:
    """For the same address, with an hour to come: only the key is another."""
    client, source = player
    theirs = Response()
    passes.give_pass(theirs, b"k" * 32, source, secure=False)
    assert client.get(source).status_code == 200
    client.headers["Cookie"] = theirs.headers["Set-Cookie"].split(";")[0]
    assert client.get(source).status_code == 401


def test_a_pass_shows_nothing_of_what_was_erased(player: tuple[TestClient, str], guarded: TestClient) -> None:
    client, source = player
    selection = source.split("/")[4]
    guarded.delete(f"{SELECTIONS}/{selection}").raise_for_status()
    answer = client.get(source)
    assert (answer.status_code, answer.json()["code"]) == (404, "selection_gone")


def test_a_pass_ends(player: tuple[TestClient, str], monkeypatch: pytest.MonkeyPatch) -> None:
    client, source = player
    now = time.time()
    monkeypatch.setattr(passes.time, "time", lambda: now + PASS_S + 2)
    assert client.get(source).status_code == 401
