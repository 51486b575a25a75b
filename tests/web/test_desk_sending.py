"""Moments on their way through everything that goes wrong: nothing is sent twice, nothing arrives damaged."""

from __future__ import annotations

import hashlib
import itertools
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import pytest
from playwright.sync_api import Browser, BrowserContext, Playwright, expect
from sqlalchemy import select

from records.ledger.jobs import claim_next
from records.models import SelectionRow, UploadRow
from tests.conftest import CHROMIUM_ARGS
from tests.effects import open_alone
from tests.records.cast import add_jobs
from tests.web.desk import LAPTOP, DeskService, Guider, Line

TOGETHER = "desk_sending"

SLOW = 3_000_000
OFFLINE_S = 5


@pytest.fixture(scope="module")
def sending_service(built_page: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskService]:
    """An API without a worker, for tests that end when the bytes are there; who kills it starts it again."""
    assert built_page.is_dir()
    service = DeskService(tmp_path_factory.mktemp("sending"))
    service.start(worker=False)
    yield service
    service.stop()


def arrived(service: DeskService, selection_id: str) -> list[str]:
    """The SHA-256 of what arrived of a selection, in the order it was announced."""
    database = open_alone(service.settings())
    try:
        with database.reading() as session:
            rows = select(UploadRow).where(UploadRow.selection_id == selection_id).order_by(UploadRow.created_at)
            return [str(row.sha256) for row in session.scalars(rows)]
    finally:
        database.dispose()


def mark_two(guider: Guider, film: Path) -> list[str]:
    """Two clips of some chunks each; the SHA-256 of their cuts, in order."""
    guider.open(film)
    guider.mark_clip(1, 6)
    guider.mark_clip(7, 9)
    guider.wait_until_cut()
    return sorted(guider.cuts().values())


def picture_of(film: Path, at_s: float) -> bytes:
    """Bytes of one coded picture, which a cut as filmed holds unchanged."""
    with av.open(str(film)) as container:
        video = container.streams.video[0]
        [packet] = itertools.islice((one for one in container.demux(video) if one.pts * one.time_base >= at_s), 1)
        return bytes(packet)[200:264]


def assert_lies_nowhere(folder: Path, *said: str | bytes) -> None:
    """None of it can be read in any file there, however letters are written."""
    wanted = [
        form for one in said for form in ([one] if isinstance(one, bytes) else [one.encode(), one.encode("utf-16-le")])
    ]
    for path in folder.rglob("*"):
        if path.is_file():
            held = path.read_bytes()
            assert not [one for one in wanted if one in held], path


def keys_of_cuts(profile: Path) -> list[str]:
    """The ids of the keys that cuts in a browser's folder are sealed with."""
    found = [
        re.findall(rb"vigcut2\n([0-9a-f]{32})", path.read_bytes()) for path in profile.rglob("*") if path.is_file()
    ]
    return sorted({one.decode() for some in found for one in some})


def given_keys(guider: Guider, ids: list[str]) -> dict[str, Any]:
    """What the service gives a signed-in browser of these keys."""
    address, asked = f"{guider.url}/api/v1/session/draft-keys", {"ids": ids}
    told: dict[str, Any] = guider.page.request.post(address, data=asked, headers={"Origin": guider.url}).json()
    return told


def wait_until_sent(guider: Guider) -> None:
    expect(guider.heading("Your review is being prepared")).to_be_visible(timeout=60_000)


def test_a_line_that_is_gone_for_a_while_is_waited_for(
    sending_service: DeskService, visit: Callable[[DeskService], Guider], context: BrowserContext, heavy_film: Path
) -> None:
    guider = visit(sending_service)
    sums = mark_two(guider, heavy_film)
    line = Line(context, guider.page, SLOW)
    selection = guider.send()
    guider.wait_until_some_has_gone()
    line.cut()
    expect(guider.page.get_by_text("This computer is offline").first).to_be_visible()
    guider.page.wait_for_timeout(OFFLINE_S * 1000)
    line.hurry()
    wait_until_sent(guider)
    assert sorted(arrived(sending_service, selection)) == sums


def test_a_reload_goes_on_where_it_was(
    sending_service: DeskService, visit: Callable[[DeskService], Guider], context: BrowserContext, heavy_film: Path
) -> None:
    guider = visit(sending_service)
    sums = mark_two(guider, heavy_film)
    line = Line(context, guider.page, SLOW)
    selection = guider.send()
    wait_for_bytes(sending_service, selection, 8 << 20)
    held = sending_service.selection(selection)["bytes_received"]
    guider.page.reload()
    line.hurry()
    wait_until_sent(guider)
    assert sorted(arrived(sending_service, selection)) == sums
    sent_again = [one for one in guider.requests if one.method == "POST" and one.url.endswith("/uploads")]
    assert held > 0
    assert len(sent_again) == 2  # one for each moment, none anew


def test_a_browser_that_was_ended_goes_on_without_the_film(
    sending_service: DeskService, playwright: Playwright, chromium: str, heavy_film: Path, tmp_path: Path
) -> None:
    def launch() -> BrowserContext:
        return playwright.chromium.launch_persistent_context(
            tmp_path / "profile",
            executable_path=chromium,
            args=CHROMIUM_ARGS,
            viewport=LAPTOP,  # type: ignore[arg-type]  # a TypedDict of just these two
        )

    context = launch()
    guider = Guider(context.new_page(), sending_service.url, sending_service.address).start()
    sums = mark_two(guider, heavy_film)
    guider.page.get_by_label("Caption").last.fill("Wren looks up and sings")
    Line(context, guider.page, SLOW)
    selection = guider.send("KESTREL-104")
    wait_for_bytes(sending_service, selection, 8 << 20)
    context.close()
    assert_lies_nowhere(tmp_path / "profile", "Wren looks up", "KESTREL-104", picture_of(heavy_film, 3))
    keys = keys_of_cuts(tmp_path / "profile")
    assert len(keys) == 1
    context = launch()
    guider = Guider(context.new_page(), sending_service.url, sending_service.address).start()
    guider.page.locator(f"a[href='#/review/{selection}']").first.click()
    wait_until_sent(guider)
    assert sorted(arrived(sending_service, selection)) == sums
    assert guider.cuts() == {}
    assert list(given_keys(guider, keys)["keys"]) == keys
    context.close()

    with sending_service.client() as client:  # while the laptop is away
        family = sending_service.selection(selection)["family_id"]
        for other in {one["id"] for one in client.get("/api/v1/selections").json()["items"]} - {selection}:
            client.delete(f"/api/v1/selections/{other}").raise_for_status()  # of the same film: it keeps its key
        client.delete(f"/api/v1/families/{family}").raise_for_status()
    context = launch()
    guider = Guider(context.new_page(), sending_service.url, sending_service.address).start()
    assert given_keys(guider, keys) == {"keys": {}, "gone": keys}
    expect(guider.page.get_by_text("KESTREL-104")).to_have_count(0)
    context.close()


def test_a_service_that_was_killed_goes_on_where_it_was(
    sending_service: DeskService, visit: Callable[[DeskService], Guider], context: BrowserContext, heavy_film: Path
) -> None:
    guider = visit(sending_service)
    sums = mark_two(guider, heavy_film)
    line = Line(context, guider.page, SLOW)
    selection = guider.send()
    wait_for_bytes(sending_service, selection, 8 << 20)
    sending_service.kill_api()
    expect(guider.page.get_by_text("cannot be reached just now").first).to_be_visible()
    sending_service.start_api()
    line.hurry()
    wait_until_sent(guider)
    assert sorted(arrived(sending_service, selection)) == sums


def test_sending_can_be_paused_and_goes_on_even_after_a_reload(
    sending_service: DeskService, visit: Callable[[DeskService], Guider], context: BrowserContext, heavy_film: Path
) -> None:
    guider = visit(sending_service)
    sums = mark_two(guider, heavy_film)
    line = Line(context, guider.page, SLOW)
    selection = guider.send()
    guider.wait_until_some_has_gone()
    guider.button("Pause").click()
    expect(guider.heading("Sending is paused")).to_be_visible()
    held = steady_bytes(sending_service, selection)
    sent: list[str] = []
    guider.page.on("request", lambda request: sent.append(request.url) if request.method == "PATCH" else None)
    guider.page.reload()
    expect(guider.heading("Sending is paused")).to_be_visible()
    assert steady_bytes(sending_service, selection) == held
    assert sent == []
    line.hurry()
    guider.button("Continue").click()
    wait_until_sent(guider)
    assert sorted(arrived(sending_service, selection)) == sums


def test_a_second_tab_takes_over_when_the_first_is_closed(
    sending_service: DeskService, visit: Callable[[DeskService], Guider], context: BrowserContext, heavy_film: Path
) -> None:
    guider = visit(sending_service)
    sums = mark_two(guider, heavy_film)
    Line(context, guider.page, SLOW)
    selection = guider.send()
    other = visit(sending_service)
    other.page.goto(f"{sending_service.url}/#/review/{selection}")
    expect(other.page.get_by_text("Another tab is sending it")).to_be_visible()
    guider.page.close()
    wait_until_sent(other)
    assert sorted(arrived(sending_service, selection)) == sums


def test_a_full_disk_is_told_and_nothing_is_lost(
    sending_service: DeskService, visit: Callable[[DeskService], Guider], context: BrowserContext, heavy_film: Path
) -> None:
    guider = visit(sending_service)
    guider.open(heavy_film)
    guider.mark_clip(1, 2)
    guider.wait_until_cut()
    session = context.new_cdp_session(guider.page)
    session.send("Storage.overrideQuotaForOrigin", {"origin": sending_service.url, "quotaSize": 6_000_000})
    guider.mark_clip(4, 9)
    expect(guider.page.get_by_role("alert")).to_contain_text("not enough free space")
    expect(guider.cards()).to_have_count(2)
    session.send("Storage.overrideQuotaForOrigin", {"origin": sending_service.url})
    guider.button("Try again").click()
    guider.wait_until_cut()
    assert len(guider.cuts()) == 2


def test_a_full_queue_is_waited_for_as_long_as_the_service_wishes(
    built_page: Path, tmp_path: Path, visit: Callable[[DeskService], Guider], heavy_film: Path
) -> None:
    assert built_page.is_dir()
    (tmp_path / "service").mkdir()
    service = DeskService(tmp_path / "service", {"VIGPACK_MOST_WAITING_JOBS": "1"})
    service.start(worker=False)
    database = open_alone(service.settings())
    add_jobs(database)
    guider = visit(service)
    mark_two(guider, heavy_film)
    guider.page.get_by_label("When is the review?").fill("2026-12-01")
    guider.page.get_by_label("Family code").fill("K-104")
    guider.page.get_by_role("button", name=re.compile("^Send ")).click()
    full = guider.page.get_by_text("Very many moments wait to be prepared just now")
    expect(full).to_be_visible()
    claim_next(database, "w", service.settings())  # one waits no longer
    guider.page.wait_for_url("**/#/review/*", timeout=60_000)

    expect(full.first).to_be_visible(timeout=20_000)  # the first clip's job waits now
    claim_next(database, "w", service.settings())
    wait_until_sent(guider)
    asked = [one for one in guider.requests if one.method == "POST" and one.url.endswith(("/selections", "/uploads"))]
    assert len(asked) <= 7  # of 3 that succeeded, none was asked for more often than each 10 s
    with database.reading() as session:
        row = session.scalars(select(SelectionRow).where(SelectionRow.guider.is_not(None))).one()
    assert str(row.review_on) == "2026-12-01"
    database.dispose()
    service.stop()


def test_the_whole_film_goes_on_after_a_reload_once_it_is_chosen_again(
    sending_service: DeskService, visit: Callable[[DeskService], Guider], context: BrowserContext, heavy_film: Path
) -> None:
    guider = visit(sending_service)
    guider.open(heavy_film)
    guider.mark_clip(1, 2)
    guider.choose_way("Whole film")
    line = Line(context, guider.page, SLOW * 3)
    selection = guider.send()
    wait_for_bytes(sending_service, selection, 8 << 20)
    guider.page.reload()
    line.hurry()
    expect(guider.page.get_by_text("so it is needed again")).to_be_visible()
    guider.page.get_by_label("The same film").set_input_files(heavy_film)
    wait_until_sent(guider)
    [upload] = sending_service.selection(selection)["uploads"]
    assert upload["length_bytes"] == heavy_film.stat().st_size


def test_the_whole_film_goes_on_after_a_reload_by_itself_where_the_browser_remembers_it(
    sending_service: DeskService, visit: Callable[[DeskService], Guider], context: BrowserContext, heavy_film: Path
) -> None:
    guider = visit(sending_service)
    drop_film(context, guider, heavy_film)
    guider.mark_clip(1, 2)
    guider.choose_way("Whole film")
    line = Line(context, guider.page, SLOW * 3)
    selection = guider.send()
    wait_for_bytes(sending_service, selection, 8 << 20)
    guider.page.reload()
    line.hurry()
    wait_until_sent(guider)
    [upload] = sending_service.selection(selection)["uploads"]
    assert upload["length_bytes"] == heavy_film.stat().st_size
    assert arrived(sending_service, selection) == [hashlib.sha256(heavy_film.read_bytes()).hexdigest()]


def drop_film(context: BrowserContext, guider: Guider, film: Path) -> None:
    """Drop a file from the file manager on the page, as only the browser's own tools can."""
    session = context.new_cdp_session(guider.page)
    data = {"items": [], "files": [str(film)], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {"type": kind, "x": 400, "y": 300, "data": data})
    expect(guider.button("Starts here")).to_be_visible()


def test_a_sending_erased_elsewhere_is_told(
    sending_service: DeskService, visit: Callable[[DeskService], Guider], context: BrowserContext, heavy_film: Path
) -> None:
    guider = visit(sending_service)
    mark_two(guider, heavy_film)
    Line(context, guider.page, SLOW // 2)
    selection = guider.send()
    with sending_service.client() as client:
        client.delete(f"/api/v1/selections/{selection}").raise_for_status()
    expect(guider.heading("This review was erased")).to_be_visible(timeout=30_000)
    guider.button("Remove from this list").click()
    expect(guider.page.locator(f"header a[href='#/review/{selection}']")).to_have_count(0)


def test_erasing_takes_everything_from_here_and_there(
    sending_service: DeskService, visit: Callable[[DeskService], Guider], context: BrowserContext, heavy_film: Path
) -> None:
    guider = visit(sending_service)
    mark_two(guider, heavy_film)
    Line(context, guider.page, SLOW // 2)
    selection = guider.send()
    guider.button("Erase").click()
    guider.button("Erase it").click()
    expect(guider.button("Choose a film")).to_be_visible()
    expect(guider.page.get_by_text("Continue where you left off")).to_be_hidden()
    with sending_service.client() as client:
        assert client.get(f"/api/v1/selections/{selection}").status_code == 404
    assert guider.cuts() == {}


def test_a_proxy_that_holds_events_back_does_not_hide_that_it_is_ready(
    desk_service: DeskService, visit: Callable[[DeskService], Guider], context: BrowserContext, film: Path
) -> None:
    context.route("**/events*", lambda route: route.abort())
    guider = visit(desk_service)
    guider.open(film)
    guider.mark_clip(1, 2)
    guider.send()
    guider.wait_until_ready()


def test_lighter_moments_are_smaller_and_as_long(browser: Browser, desk_service: DeskService, heavy_film: Path) -> None:
    context = browser.new_context(viewport=LAPTOP)  # type: ignore[arg-type]  # a TypedDict of just these two
    guider = Guider(context.new_page(), desk_service.url, desk_service.address).start().open(heavy_film)
    guider.choose_way("Lighter")
    guider.mark_clip(1, 2)
    guider.wait_until_cut()
    selection = guider.send()
    guider.wait_until_ready()
    view = desk_service.selection(selection)
    assert view["bytes_received"] < 6_000_000  # with what travels around it, untouched, it would be 9 MB
    assert view["moments"][0]["facts"]["duration_ms"] == pytest.approx(1040, abs=40)
    context.close()


def steady_bytes(service: DeskService, selection_id: str) -> int:
    """How many bytes have arrived, once that stood still for two seconds: what was under way still comes in."""
    told = [-3, -2, -1]
    deadline = time.monotonic() + 60
    while len(set(told[-3:])) > 1:
        assert time.monotonic() < deadline, "it goes on arriving"
        told.append(int(service.selection(selection_id)["bytes_received"]))
        time.sleep(1)
    return told[-1]


def wait_for_bytes(service: DeskService, selection_id: str, at_least: int) -> None:
    """Until so many bytes are safely on the service, and not all of them."""
    deadline = time.monotonic() + 60
    while True:
        view = service.selection(selection_id)
        if view["bytes_received"] >= at_least:
            break
        assert time.monotonic() < deadline, "nothing arrives"
        time.sleep(0.1)
    assert view["bytes_expected"] is None or view["bytes_received"] < view["bytes_expected"]
