"""Several tabs of one browser, which has six connections to the service for all of them."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import BrowserContext, expect

from tests.api.service import begin, finish
from tests.web.desk import DeskService, Guider

TOGETHER = "desk_review"

REMEMBER = """(ids) => new Promise((resolve) => {
    indexedDB.open('vigpack').onsuccess = ({ target: { result: base } }) => {
        const writing = base.transaction('sendings', 'readwrite');
        const sent = [{ moment: null, kind: 'film', title: 'The whole film', cut: null, bytes: 1, done: true }];
        const about = { begunAt: 0, family: 'K-104', cycle: 2, way: 'whole', filmKey: '', filmBytes: 1, paused: false };
        for (const id of ids) writing.objectStore('sendings').put({ id, parts: sent, ...about }, id);
        writing.oncomplete = () => resolve(base.close());
    };
})"""
ALIVE = "() => fetch('/healthz', { signal: AbortSignal.timeout(60_000) }).then((answer) => answer.status)"


def test_one_connection_tells_two_tabs_of_eight_selections_and_outlives_the_tab_that_has_it(
    desk_service: DeskService, visit: Callable[[DeskService], Guider], context: BrowserContext
) -> None:
    """With a stream for each, seven took all connections that a browser has, and every further request hung."""
    settings = desk_service.settings()
    with desk_service.client() as client:
        ids = [begin(client)["selection"]["id"] for _ in range(8)]
    first = visit(desk_service)
    first.page.evaluate(REMEMBER, ids)
    first.page.reload()
    second = visit(desk_service)

    def show(guider: Guider, selection_id: str) -> None:
        guider.page.goto(f"{desk_service.url}/#/review/{selection_id}")
        expect(guider.heading("Not all moments have arrived yet")).to_be_visible()

    def becomes_ready(guider: Guider, selection_id: str) -> None:
        finish(settings, selection_id)
        expect(guider.heading("Your review is ready")).to_be_visible(timeout=60_000)

    show(first, ids[0])
    show(second, ids[1])
    assert [guider.page.evaluate(ALIVE) for guider in (first, second)] == [200, 200]
    becomes_ready(second, ids[1])

    show(second, ids[2])
    # At its next statement the tab stands still and keeps its lock; a tab that Chromium's tools freeze goes on hearing.
    debugger = context.new_cdp_session(first.page)
    debugger.send("Debugger.enable")
    debugger.send("Debugger.pause")
    becomes_ready(second, ids[2])
    finish(settings, ids[0])
    debugger.send("Debugger.disable")
    expect(first.heading("Your review is ready")).to_be_visible(timeout=60_000)

    show(first, ids[3])
    second.page.close()
    becomes_ready(first, ids[3])
