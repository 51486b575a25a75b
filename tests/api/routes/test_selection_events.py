"""What becomes of one selection, told at its own address: kept for one release."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.app import create_app
from api.feeds.selections import SelectionFeed
from records.errors import DatabaseUnavailable
from records.settings import Settings
from tests.api.conftest import client_of
from tests.api.service import SELECTIONS, Service, begin, finish
from tests.servers import PostgresServer, wait_until


def events_of(
    client: httpx.Client, path: str, *, after_first: Callable[[], object] | None = None, seen: str = ""
) -> list[tuple[str, str]]:
    """The (name, id) of each event until the stream ends; ``after_first`` is done once the first is here."""
    found: list[tuple[str, str]] = []
    fields: dict[str, str] = {}
    with client.stream("GET", f"{path}/events", headers={"Last-Event-ID": seen} if seen else {}) as stream:
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        for line in stream.iter_lines():
            if line:
                name, _, value = line.partition(": ")
                fields[name] = value
            elif "data" in fields:
                found.append((fields["event"], fields.get("id", "")))
                fields = {}
                if after_first and len(found) == 1:
                    after_first()
    return found


def test_events_tell_each_change_and_end_when_all_is_ready(api: httpx.Client, running: Service) -> None:
    selection_id = begin(api)["selection"]["id"]
    path = f"{SELECTIONS}/{selection_id}"
    events = events_of(api, path, after_first=lambda: finish(running.settings(), selection_id))
    assert [name for name, _ in events] == ["selection", "selection"]
    assert len({number for _, number in events}) == 2
    last = events[-1][1]
    assert api.get(f"{path}/events", headers={"Last-Event-ID": last}).status_code == 204
    assert [number for _, number in events_of(api, path, seen=events[0][1])] == [last]


def test_events_end_when_the_selection_is_erased(api: httpx.Client) -> None:
    path = f"{SELECTIONS}/{begin(api)['selection']['id']}"
    names = [name for name, _ in events_of(api, path, after_first=lambda: api.delete(path))]
    assert names == ["selection", "erased"]


def test_events_outlive_an_outage_of_the_database(
    postgres_server: PostgresServer, postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[bool] = []

    class WatchedFeed(SelectionFeed):
        async def _tell(self, watchers: tuple[Any, ...]) -> None:
            try:
                await super()._tell(watchers)
            except DatabaseUnavailable:
                looks.append(False)
                raise
            looks.append(True)

    monkeypatch.setattr("api.app.SelectionFeed", WatchedFeed)
    name = postgres_url.rsplit("/", 1)[1]
    given = Settings(data_dir=tmp_path, database_url=postgres_url, min_free_bytes=0)
    with client_of(create_app(given)) as client:
        selection_id = begin(client)["selection"]["id"]

        def go_away_and_come_back() -> None:
            wait_until(lambda: looks, "the stream looks")
            with postgres_server.away(name):
                assert client.get(SELECTIONS).status_code == 503
                wait_until(lambda: not looks[-1], "the stream meets the outage")
            finish(given, selection_id)

        with ThreadPoolExecutor() as pool:
            outage = pool.submit(go_away_and_come_back)
            events = events_of(client, f"{SELECTIONS}/{selection_id}")
            outage.result()
    assert {name for name, _ in events} == {"selection"}
    assert len(events) >= 2  # before and after; how many steps between are seen is a matter of time


def test_an_open_stream_does_not_keep_a_stopped_service_alive(service: Service) -> None:
    process, client = service.start()
    path = f"{SELECTIONS}/{begin(client)['selection']['id']}"
    with client.stream("GET", f"{path}/events") as stream:
        next(stream.iter_lines())
        process.terminate()
        assert process.wait(15) is not None
