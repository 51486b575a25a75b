"""Other ends for a moment, and what was sent around it, over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import update

from api.parts import Parts
from records.models import MomentRow, MomentState
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
    parts: Parts = client.app.state.parts  # type: ignore[attr-defined]  # Starlette's client names the bare protocol
    with parts.db.session() as session:
        session.execute(update(MomentRow).values(state=MomentState.READY))
    path = source_of(sent).replace("/source", "/ends")
    refused = client.put(path, json={"in": "00:01:10.200", "out": "00:01:24.001"})
    assert refused.status_code == 422
    assert refused.json()["detail"] == "These seconds were not sent; open the film and send them."
    taken = client.put(path, json={"in": "00:01:12", "out": "00:01:24"})
    assert taken.status_code == 202
    assert taken.json()["moments"][0]["moment"]["in"] == 72_000
    assert taken.json()["moments"][0]["state"] == "queued"
