"""One look for all who watch: how often the database is asked, and what each watcher gets."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from sqlalchemy import event, update

from api.feeds.outbox import Outbox
from api.feeds.selections import GoneEvent, SelectionEvent, SelectionFeed
from records.accounts.principal import MACHINE_ACCOUNT, SHARED_GUIDER_ACCOUNT, Principal, Role, Via, scopes_of
from records.database import Database
from records.models import SelectionRow
from records.settings import Settings
from tests.effects import open_alone
from tests.records.cast import add_selection
from tests.threads import in_a_thread

GUIDER = Principal(SHARED_GUIDER_ACCOUNT, "guider", frozenset({Role.GUIDER}), Via.SESSION, scopes_of({Role.GUIDER}))


class CountingFeed(SelectionFeed):
    """Notes how many statements each round took."""

    def __init__(self, db: Database) -> None:
        super().__init__(db)
        self.asked: list[str] = []
        self.rounds: list[int] = []
        self.is_over = asyncio.Event()
        event.listen(db.engine, "before_cursor_execute", lambda *given: self.asked.append(given[2]))

    async def _tell(self, watchers: tuple[Any, ...]) -> None:
        self.asked.clear()
        await super()._tell(watchers)
        self.rounds.append(len([one for one in self.asked if not one.startswith(("BEGIN", "PRAGMA"))]))
        self.is_over.set()

    async def next_round(self) -> None:
        self.is_over.clear()
        await asyncio.wait_for(self.is_over.wait(), 60)


@pytest.fixture
def database(app_settings: Settings) -> Iterator[Database]:
    made = open_alone(app_settings)
    yield made
    made.dispose()


def change(db: Database, selection_id: str, **values: Any) -> None:
    with db.session() as session:
        session.execute(update(SelectionRow).where(SelectionRow.id == selection_id).values(values))


async def next_of(outbox: Outbox) -> Any:
    async with asyncio.timeout(60):
        async for told in outbox.read():
            return told.event
    return None


def test_a_hundred_watchers_cost_one_statement_a_round(database: Database) -> None:
    ids = [add_selection(database) for _ in range(10)]

    async def watch() -> None:
        feed = CountingFeed(database)
        with ExitStack() as watching:
            boxes = [watching.enter_context(feed.watch(GUIDER, [ids[n % 10], ids[0]])) for n in range(100)]
            first = [await next_of(box) for box in boxes]
            assert {type(one) for one in first} == {SelectionEvent}
            feed.rounds.clear()
            while len(feed.rounds) < 3:
                await feed.next_round()
            assert set(feed.rounds) == {1}
            change(database, ids[0], state="ready")
            for box in boxes:
                while (await next_of(box)).data.state != "ready":
                    pass
            assert max(feed.rounds) < 12

    in_a_thread(asyncio.run, watch())


def test_nobody_watches_and_nothing_is_asked(database: Database) -> None:
    [one] = [add_selection(database)]

    async def watch() -> None:
        feed = CountingFeed(database)
        with feed.watch(GUIDER, [one]) as box:
            await next_of(box)
        before = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        await asyncio.wait_for(asyncio.gather(*before), 60)
        with feed.watch(GUIDER, [one]) as box:  # and it begins anew
            assert (await next_of(box)).data.id == one

    in_a_thread(asyncio.run, watch())


def test_what_somebody_may_not_see_is_gone_for_them_alone(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = add_selection(database), add_selection(database)
    manager = Principal(MACHINE_ACCOUNT, "x", frozenset({Role.MANAGER}), Via.SESSION, frozenset())
    theirs = {SHARED_GUIDER_ACCOUNT: {one, other}, MACHINE_ACCOUNT: {one}}
    monkeypatch.setattr("api.feeds.selections._ASK_ACCESS_EVERY_S", 0.0)

    class FamiliesFeed(SelectionFeed):
        def _visible_to(self, who: Principal, ids: set[str]) -> set[str]:
            return theirs[who.account_id] & ids

    async def watch() -> None:
        feed = FamiliesFeed(database)
        with feed.watch(GUIDER, [one, other]) as hers, feed.watch(manager, [one, other]) as his:
            assert {type(await next_of(hers)), type(await next_of(hers))} == {SelectionEvent}
            assert {type(await next_of(his)), type(await next_of(his))} == {SelectionEvent, GoneEvent}
            theirs[SHARED_GUIDER_ACCOUNT].discard(one)  # what was shared is taken back
            gone = await next_of(hers)
            assert (type(gone), gone.data.id) == (GoneEvent, one)

    in_a_thread(asyncio.run, watch())


def test_a_reader_who_lags_gets_the_newest_state_only(database: Database) -> None:
    one = add_selection(database)

    async def watch() -> None:
        feed = CountingFeed(database)
        with feed.watch(GUIDER, [one]) as slow, feed.watch(GUIDER, [one]) as quick:
            await next_of(quick)
            for cycle in (3, 4):
                change(database, one, cycle=cycle)
                assert (await next_of(quick)).data.cycle == cycle
            assert (await next_of(slow)).data.cycle == 4

    in_a_thread(asyncio.run, watch())
