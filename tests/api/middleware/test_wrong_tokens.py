"""Somebody who tries tokens is slowed, and nobody else."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from api.middleware.authentication import Guard
from api.middleware.client_address import ClientAddress
from api.middleware.identity import Identity
from api.middleware.request_log import RequestLog
from api.middleware.wrong_tokens import KNOWN_BROWSER, MOST_TRIED, WrongTokens
from records.accounts.shared_secrets import shared_secrets
from records.settings import Settings
from tests.api.conftest import TOKEN

PATH = "/api/v1/selections"


class Place:
    """The doorkeeper alone, with a clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 0.0
        self.wrong = WrongTokens(clock=lambda: self.now)
        inside = Starlette(routes=[Route(PATH, lambda _request: PlainTextResponse("a film"))])
        settings = Settings(token=SecretStr(TOKEN))
        guard = Guard(inside, settings, Identity(settings, shared_secrets(settings), None, self.wrong))
        self.client = TestClient(ClientAddress(RequestLog(guard), "*"), base_url="https://vig.example.org")

    def ask(self, token: str, place: str = "192.0.2.7", **headers: str) -> Response:
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        return self.client.get(PATH, headers={"Authorization": f"Bearer {token}", "X-Forwarded-For": place, **named})


@pytest.fixture
def door() -> Place:
    return Place()


def test_of_300_wrong_tokens_from_one_place_ten_a_minute_are_tried(door: Place) -> None:
    answers = []
    for number in range(300):
        answers.append(door.ask(f"guess-{number}"))
        door.now += 0.5  # 150 s
    tried = [number for number, answer in enumerate(answers) if answer.status_code == 401]
    assert {answer.status_code for answer in answers} == {401, 429}
    assert tried == [*range(10), *range(120, 130), *range(240, 250)]
    assert (door.wrong.counted, door.wrong.refused) == (30, 270)
    assert answers[10].json()["code"] == "too_many_wrong_tokens"
    assert answers[10].headers["Retry-After"] == "55"


def test_the_right_token_is_not_looked_at_either_until_the_minute_is_over(door: Place) -> None:
    for number in range(MOST_TRIED):
        door.ask(f"guess-{number}")
    assert door.ask(TOKEN).status_code == 429
    door.now += 60
    assert door.ask(TOKEN).status_code == 200


def test_other_places_are_unharmed(door: Place) -> None:
    for number in range(20):
        door.ask(f"guess-{number}")
    assert door.ask(TOKEN, "192.0.2.8").status_code == 200


def test_a_sender_cannot_name_another_place_each_time(door: Place) -> None:
    answers = [door.ask(f"guess-{number}", f"198.51.100.{number}, 192.0.2.7") for number in range(20)]
    assert [answer.status_code for answer in answers].count(401) == MOST_TRIED


def test_a_network_of_ipv6_is_one_place(door: Place) -> None:
    answers = [door.ask(f"guess-{number}", f"2001:db8:0:1::{number:x}") for number in range(20)]
    assert [answer.status_code for answer in answers].count(401) == MOST_TRIED
    assert door.ask(TOKEN, "2001:db8:0:2::1").status_code == 200


def test_a_page_that_was_left_open_when_the_token_changed_keeps_nobody_out(door: Place) -> None:
    assert {door.ask("the former token").status_code for _ in range(50)} == {401}
    assert door.ask(TOKEN).status_code == 200


def test_a_browser_that_was_let_in_before_is_not_slowed_with_its_neighbours(door: Place) -> None:
    known = door.ask(TOKEN, Sec_Fetch_Site="same-origin").headers["Set-Cookie"]
    assert all(word in known for word in ("Secure", "HttpOnly", "SameSite=strict"))
    cookie = known.partition(";")[0]
    door.client.cookies.clear()
    for number in range(20):
        door.ask(f"guess-{number}")
    assert door.ask(TOKEN).status_code == 429
    again = door.ask(TOKEN, Cookie=cookie, Sec_Fetch_Site="same-origin")
    assert (again.status_code, again.headers.get("Set-Cookie")) == (200, None)


def test_what_makes_a_browser_known_opens_nothing_and_cannot_be_made_up(door: Place) -> None:
    cookie = door.ask(TOKEN, Sec_Fetch_Site="same-origin").headers["Set-Cookie"].partition(";")[0]
    door.client.cookies.clear()
    assert door.client.get(PATH, headers={"Cookie": cookie}).status_code == 401
    tried = [door.ask(f"guess-{n}", Cookie=cookie).status_code for n in range(20)]
    assert tried.count(401) == MOST_TRIED  # it has a place of its own, no more
    made_up = [door.ask(f"guess-{n}", Cookie=f"{KNOWN_BROWSER}=browser{n}.{'0' * 64}").status_code for n in range(20)]
    assert made_up.count(401) == MOST_TRIED


def test_a_wrong_token_and_a_program_make_no_browser_known(door: Place) -> None:
    assert "Set-Cookie" not in door.ask("guess", Sec_Fetch_Site="same-origin").headers
    assert "Set-Cookie" not in door.ask(TOKEN).headers


def test_no_token_at_all_is_no_try(door: Place) -> None:
    assert {door.client.get(PATH).status_code for _ in range(30)} == {401}
    assert door.wrong.counted == 0


def test_what_is_remembered_has_a_bound() -> None:
    wrong = WrongTokens(clock=lambda: 0.0)
    for number in range(10_050):
        wrong.note(str(number), b"x")
    assert len(wrong._tried) == 10_000


def test_tries_of_several_threads_are_counted_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = WrongTokens(clock=lambda: 0.0)
    recent = wrong._recent

    def slowly(place: str) -> dict[bytes, float]:
        tried = recent(place)
        time.sleep(0.001)
        return tried

    monkeypatch.setattr(wrong, "_recent", slowly)
    with ThreadPoolExecutor(8) as many:
        waits = [wait_s for _, wait_s in many.map(lambda _: wrong.reserve(["here"]), range(40))]
    assert waits.count(0.0) == MOST_TRIED
