"""What one person has at most, so that nobody takes the service from the others."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import update

from api.app import create_app
from api.middleware.rate import RatePerPerson
from records.clock import utcnow
from records.models import SelectionRow
from records.settings import Settings
from records.uploads.admission import COUNTED_FOR
from tests.api.conftest import HERE, TOKEN, client_of
from tests.api.service import SELECTIONS, TUS, UPLOADS, announce, begin, metadata, send, shape
from tests.effects import open_alone


@pytest.fixture
def person(app_settings: Settings) -> Callable[..., TestClient]:
    """Somebody with a browser of their own, of a service with these limits; all have the same token."""

    def sign_in(address: str = HERE[0], **limits: int) -> TestClient:
        given = app_settings.model_copy(update={"token": SecretStr(TOKEN), **limits})
        client = client_of(create_app(given))
        client.headers.update({"Authorization": f"Bearer {TOKEN}", "X-Forwarded-For": address})
        return client

    return sign_in


COLLEAGUE = "203.0.113.2"


def test_who_begins_very_much_and_sends_nothing_begins_no_more(
    person: Callable[..., TestClient], app_settings: Settings
) -> None:
    client = person(most_begun_selections=2)
    first = begin(client)
    begin(client)
    refused = client.post(SELECTIONS, json=shape())
    assert (refused.status_code, refused.json()["code"]) == (429, "too_much_begun")
    assert refused.headers["Retry-After"] == "30"
    assert refused.json()["detail"].startswith("You have begun very many reviews")
    begin(person(COLLEAGUE, most_begun_selections=2))

    upload = announce(client, 9, first)
    assert send(client, upload, 0, b"film", **{"Content-Length": "4"}).status_code == 204
    again = begin(client)  # a byte has come of the first
    assert client.post(SELECTIONS, json=shape()).status_code == 429
    client.delete(f"{SELECTIONS}/{again['selection']['id']}")
    begin(client)

    db = open_alone(app_settings)
    with db.session() as session:
        session.execute(update(SelectionRow).values(created_at=utcnow() - COUNTED_FOR))
    db.dispose()
    begin(client)  # what was left alone for a day keeps nobody from anything


def test_the_same_beginning_asked_for_again_is_no_further_one(person: Callable[..., TestClient]) -> None:
    client = person(most_begun_selections=1)
    key = {"Idempotency-Key": "of-one-list-of-moments"}
    answers = [client.post(SELECTIONS, json=shape(), headers=key).status_code for _ in range(2)]
    assert answers == [201, 201]


def test_who_promises_very_much_and_sends_nothing_promises_no_more(person: Callable[..., TestClient]) -> None:
    client = person(most_promised_bytes=100)
    first = begin(client)
    places = [announce(client, 60, first) for _ in range(2)]  # the answer was lost: the same moment counts once
    other = {**TUS, "Upload-Length": "60", "Upload-Metadata": metadata(**begin(client)["uploads"][0]["metadata"])}
    refused = client.post(UPLOADS, headers=other)
    assert (refused.status_code, refused.json()["code"]) == (429, "too_much_promised")
    assert int(refused.headers["Retry-After"]) > 0
    announce(person(COLLEAGUE, most_promised_bytes=100), 60)
    for place in places:
        client.delete(place, headers=TUS)
    assert client.post(UPLOADS, headers=other).status_code == 201


def test_more_previews_than_a_person_can_look_at_are_refused(person: Callable[..., TestClient]) -> None:
    client = person(most_previews_per_minute=2)
    path = f"{SELECTIONS}/{begin(client)['selection']['id']}/preview"
    answers = [client.post(path, json={"kind": "review_pack"}) for _ in range(3)]
    assert [one.status_code for one in answers] == [409, 409, 429]
    assert answers[-1].json()["code"] == "too_many_previews"
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 60
    client.headers["X-Forwarded-For"] = COLLEAGUE
    assert client.post(path, json={"kind": "review_pack"}).status_code == 409


def test_the_rate_of_one_is_not_that_of_another_and_time_gives_it_back() -> None:
    now_s = 0.0
    rate = RatePerPerson(2, 60, lambda: now_s)
    assert [rate.wait_s("a"), rate.wait_s("a"), rate.wait_s("a"), rate.wait_s("b")] == [0, 0, 60, 0]
    now_s = 59.0
    assert rate.wait_s("a") == 1
    now_s = 60.0
    assert rate.wait_s("a") == 0
