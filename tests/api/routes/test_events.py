"""One stream for all selections that a person watches, and one look at the database for all who watch."""

from __future__ import annotations

import json
import socket
import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from threading import Thread
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from records.accounts.principal import MACHINE_ACCOUNT
from tests.api.service import SELECTIONS, Service, begin, finish
from tests.servers import free_port, wait_until

EVENTS = "/api/v1/events"


@dataclass
class Heard:
    """The events of a stream as they came; ``is_over`` once it ended."""

    events: list[tuple[str, Any]] = field(default_factory=list)
    is_over: bool = False

    def states_of(self, selection_id: str) -> list[str]:
        """What was told of one selection."""
        return [
            data.get("state", name) for name, data in self.events if data.get("id") == selection_id
        ]  # fmt: skip


@contextmanager
def listening(client: httpx.Client, *, selection: list[str], headers: dict[str, str] | None = None) -> Iterator[Heard]:
    """A stream that is read beside the test."""
    heard = Heard()

    def read(stream: httpx.Response) -> None:
        fields: dict[str, str] = {}
        try:
            for line in stream.iter_lines():
                if line:
                    name, _, value = line.partition(": ")
                    fields[name] = value
                elif "data" in fields:
                    heard.events.append((fields["event"], json.loads(fields["data"])))
                    fields = {}
                else:
                    fields = {}
        except (httpx.TransportError, httpx.StreamError):
            pass  # the test closed it
        heard.is_over = True

    with client.stream("GET", EVENTS, params={"selection": selection}, headers=headers, timeout=60) as stream:
        assert stream.status_code == 200, stream.read()
        thread = Thread(target=read, args=(stream,), daemon=True)
        thread.start()
        yield heard
        with suppress(OSError):  # it ended by itself
            stream.extensions["network_stream"].get_extra_info("socket").shutdown(socket.SHUT_RDWR)
        thread.join()


def ids_of(client: httpx.Client, count: int) -> list[str]:
    return [begin(client)["selection"]["id"] for _ in range(count)]


def test_one_stream_tells_each_of_several_as_it_is_and_then_as_it_changes(api: httpx.Client, running: Service) -> None:
    one, other, erased = ids_of(api, 3)
    with listening(api, selection=[one, other, erased, "0" * 32]) as heard:
        wait_until(lambda: len(heard.events) == 4, "each is told once")
        assert {data["id"]: name for name, data in heard.events} == {
            one: "selection", other: "selection", erased: "selection", "0" * 32: "gone",
        }  # fmt: skip
        finish(running.settings(), one)
        api.delete(f"{SELECTIONS}/{erased}")
        wait_until(lambda: heard.states_of(one)[-1] == "ready" and heard.states_of(erased)[-1] == "gone", "changes")
        assert len(heard.states_of(other)) == 1


def test_who_joins_is_told_what_happened_between_two_streams(api: httpx.Client, running: Service) -> None:
    one, other = ids_of(api, 2)
    with listening(api, selection=[one]) as first:
        wait_until(lambda: first.events, "the first stream")
        finish(running.settings(), other)
        with listening(api, selection=[one, other]) as second:
            wait_until(lambda: second.states_of(one) and second.states_of(other), "both are told")
            assert second.states_of(other)[0] == "ready"


def test_it_ends_when_nothing_of_it_is_there_any_more(api: httpx.Client) -> None:
    [one] = ids_of(api, 1)
    with listening(api, selection=[one]) as heard:
        wait_until(lambda: heard.events, "the stream")
        api.delete(f"{SELECTIONS}/{one}")
        wait_until(lambda: heard.is_over, "the stream ends")
    assert [name for name, _ in heard.events] == ["selection", "gone"]


@pytest.mark.parametrize("path", [EVENTS, f"{SELECTIONS}/{{id}}/events", "/api/v1/operations/events"])
def test_it_ends_in_order_when_the_service_does(service: Service, path: str) -> None:
    """A stream broken off in its middle is an error to its reader, and to uvicorn, whose ERROR fails the test."""
    process, client = service.start()
    [one] = ids_of(client, 1)
    params = {"selection": one} if path == EVENTS else {}
    with client.stream("GET", path.format(id=one), params=params) as stream:
        lines = stream.iter_lines()
        assert next(lines)
        process.terminate()
        for _ in lines:
            pass
    process.wait(60)


@pytest.mark.parametrize("wrong", [[], ["x"], ["0" * 32] * 101])
def test_what_names_no_selection_is_refused(api: httpx.Client, wrong: list[str]) -> None:
    assert api.get(EVENTS, params={"selection": wrong}).status_code == 422


def test_beyond_so_many_of_one_person_the_oldest_is_closed_and_says_why(api: httpx.Client) -> None:
    [one] = ids_of(api, 1)
    of = {"X-Forwarded-For": "203.0.113.7"}
    with ExitStack() as open_streams:
        colleague = open_streams.enter_context(listening(api, selection=[one]))
        mine = [open_streams.enter_context(listening(api, headers=of, selection=[one])) for _ in range(13)]
        wait_until(lambda: mine[0].is_over and mine[-1].events, "the oldest is closed")
        assert mine[0].events[-1] == (
            "closed",
            {"code": "too_many_streams", "sentence": mine[0].events[-1][1]["sentence"]},
        )
        assert not any(heard.is_over for heard in [colleague, *mine[1:]])


def test_120_streams_do_not_slow_a_list(api: httpx.Client) -> None:
    """They took it from 0.03 to 4.5 s while each asked the database by itself."""

    def list_s() -> float:
        began = time.perf_counter()
        api.get(SELECTIONS).raise_for_status()
        return time.perf_counter() - began

    selections = ids_of(api, 3)
    many = httpx.Client(
        base_url=api.base_url, headers=api.headers, timeout=60, limits=httpx.Limits(max_connections=None)
    )
    with many, ExitStack() as open_streams:
        list_s()
        alone_s = statistics.median(list_s() for _ in range(5))
        for n in range(120):
            of = {"X-Forwarded-For": f"203.0.113.{n}"}
            params = {"selection": selections}
            open_streams.enter_context(many.stream("GET", EVENTS, params=params, headers=of))
        assert statistics.median(list_s() for _ in range(5)) < 15 * alone_s


@pytest.fixture
def served(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> Iterator[httpx.Client]:
    """This process's application behind a real server, which asks quickly whether those who listen still may."""
    monkeypatch.setattr("api.middleware.authentication._LOOK_AGAIN_S", 0.1)
    server = uvicorn.Server(uvicorn.Config(app, port=free_port(), log_config=None, lifespan="off"))
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    wait_until(lambda: server.started, "the server")
    base_url = f"http://127.0.0.1:{server.config.port}"
    secret = app.state.identity.secrets.by_account[MACHINE_ACCOUNT]
    with httpx.Client(
        base_url=base_url, headers={"Authorization": f"Bearer {secret}"}, trust_env=False, timeout=60
    ) as client:
        yield client
    server.should_exit = True
    thread.join(60)


def test_a_stream_ends_with_its_session(served: httpx.Client) -> None:
    [one] = ids_of(served, 1)
    own = {"Origin": str(served.base_url), "Sec-Fetch-Site": "same-origin"}
    secret = served.headers["Authorization"].removeprefix("Bearer ")
    with httpx.Client(base_url=served.base_url, headers=own, trust_env=False, timeout=60) as browser:
        browser.post("/api/v1/session", json={"secret": secret}).raise_for_status()
        with listening(browser, selection=[one]) as heard, listening(served, selection=[one]) as other:
            wait_until(lambda: heard.events and other.events, "the streams")
            time.sleep(0.3)  # it is asked a few times
            assert not heard.is_over
            assert browser.delete("/api/v1/session").status_code == 204
            wait_until(lambda: heard.is_over, "the stream ends")
            assert not other.is_over


def test_a_stream_ends_with_the_token_of_a_program(served: httpx.Client) -> None:
    [one] = ids_of(served, 1)
    made = served.post("/api/v1/tokens", json={"name": "x", "scopes": ["reviews:read"]}).json()
    token_id = made["about"]["id"]
    program = {"Authorization": f"Bearer {made['token']}"}
    with listening(served, headers=program, selection=[one]) as heard:
        wait_until(lambda: heard.events, "the stream")
        assert served.delete(f"/api/v1/tokens/{token_id}").status_code == 204
        wait_until(lambda: heard.is_over, "the stream ends")
