"""What the page shows of a film and keeps of its cuts, in a real Chromium; how cuts end that cannot be finished."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.footage import numbered_film, read_number, run
from tests.servers import wait_until
from tests.web.engine import grey_of

TOGETHER = "engine"

KEPT = """async () => {
    const found = {};
    const root = await navigator.storage.getDirectory();
    for (const name of ['cuts', 'cuts-unfinished']) {
        const folder = await root.getDirectoryHandle(name, { create: true });
        found[name] = [];
        for await (const file of folder.keys()) found[name].push(file);
    }
    return found;
}"""
READ_PIXELS = """const grey = (bitmap) => {
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    const context = canvas.getContext('2d');
    context.drawImage(bitmap, 0, 0);
    const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
    bitmap.close();
    const green = new Uint8Array(data.filter((_, n) => n % 4 === 1));
    return { width: canvas.width, height: canvas.height, grey: green.toBase64() };
};
const file = document.querySelector('input').files[0];
const never = new AbortController().signal;
"""


@pytest.fixture
def address(engine_page: tuple[str, Path]) -> str:
    return engine_page[0]


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context()
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext, address: str) -> Page:
    """A tab of its own with the engine."""
    opened = context.new_page()
    opened.goto(address)
    return opened


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten seconds of numbered pictures, a key frame each second, turned upright by its rotation, with beeps."""
    folder = tmp_path_factory.mktemp("film")
    codec = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "18", "-bf", "2", "-g", "30")
    flat = numbered_film(folder / "flat.mp4", frames=300, filters="transpose=cclock", codec=codec)
    run("-display_rotation", "-90", "-i", str(flat), "-c", "copy", str(folder / "film.mp4"))
    return folder / "film.mp4"


def number_in(picture: dict[str, Any]) -> int:
    return read_number(grey_of(picture))


def look(page: Page, film: Path, body: str) -> Any:
    page.locator("input").set_input_files(film)
    return page.evaluate(f"async () => {{ {READ_PIXELS} const film = await window.film.openFilm(file); {body} }}")


def test_the_strip_shows_key_frames_upright_from_start_to_end(page: Page, film: Path) -> None:
    body = """const shown = [];
        await film.strip(5, 60, (index, timeMs, bitmap) => shown.push({ index, timeMs, ...grey(bitmap) }), never);
        return shown;"""
    shown = look(page, film, body)
    assert [one["timeMs"] for one in shown] == [1000, 3000, 5000, 7000, 9000]
    assert [number_in(one) for one in shown] == [30, 90, 150, 210, 270]
    assert {(one["width"], one["height"]) for one in shown} == {(80, 60)}


def test_pictures_of_odd_sizes_and_shapes_are_not_skewed(page: Page, tmp_path: Path) -> None:
    codec = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "30")
    odd = numbered_film(tmp_path / "odd.mp4", frames=60, width=426, height=234, codec=codec, filters="setsar=4/3")
    shown = look(page, odd, "return grey(await film.picture(1500, 120));")
    assert number_in(shown) == 45
    assert abs(shown["width"] - 120 * 426 * 4 / 3 / 234) <= 1


def test_a_picture_is_the_one_on_screen(page: Page, film: Path) -> None:
    body = """const shown = [];
        for (const ms of [0, 32, 33, 1999, 2000, 9999]) shown.push(grey(await film.picture(ms, 120)));
        return shown;"""
    assert [number_in(one) for one in look(page, film, body)] == [0, 0, 1, 59, 60, 299]


WAVEFORM = """let last = null;
    await film.waveform(%d, (peaks) => { last = Array.from(peaks); }, never);
    return last;"""


def test_beeps_stand_out_of_the_waveform(page: Page, film: Path) -> None:
    peaks = look(page, film, WAVEFORM % 100)
    loud = [bucket for bucket, peak in enumerate(peaks) if peak > 0.25]
    assert len(peaks) == 100
    assert set(range(0, 100, 10)) <= set(loud)  # a beep of 40 ms at each whole second
    assert all(bucket % 10 in (9, 0, 1) for bucket in loud)


def test_a_short_film_is_listened_to_without_a_gap(page: Page, film: Path) -> None:
    """Parts of 10 ms, of which a beep is heard in four; the coding lets it begin and end a little softly."""
    peaks = look(page, film, WAVEFORM % 1000)
    assert len(peaks) == 1000
    for second in range(10):
        assert min(peaks[second * 100 + 1 : second * 100 + 3]) > 0.4, second
        assert max(peaks[second * 100 + 6 : second * 100 + 98]) < 0.05, second


def test_looking_stops_when_told(page: Page, film: Path) -> None:
    body = """const stop = new AbortController();
        let shown = 0;
        const strip = film.strip(60, 60, (_, __, bitmap) => { bitmap.close(); shown += 1; stop.abort(); }, stop.signal);
        const name = await strip.then(() => 'done', (error) => error.name);
        return [name, shown];"""
    assert look(page, film, body) == ["AbortError", 1]


def test_a_closed_film_answers_no_more(page: Page, film: Path) -> None:
    body = """film.close();
        return film.picture(0, 60).then(() => 'shown', (error) => error.name);"""
    assert look(page, film, body) == "AbortError"


def test_a_cut_that_is_stopped_leaves_nothing(page: Page, film: Path) -> None:
    body = """const stop = new AbortController();
        const clip = { kind: 'clip', inMs: 0, outMs: 9000 };
        const stopped = window.film.cut(file, clip, 'light', 'stopped', () => stop.abort(), stop.signal);
        const waiting = new AbortController();
        const queued = window.film.cut(file, clip, 'light', 'queued', () => undefined, waiting.signal);
        waiting.abort();
        const ends = await Promise.all([stopped, queued].map((one) => one.then(() => 'done', (error) => error.name)));
        const after = await window.film.cut(file, { ...clip, outMs: 500 }, 'light', 'after', () => undefined, never);
        return [ends, after.name];"""
    assert look(page, film, body) == [["AbortError", "AbortError"], "after"]
    assert page.evaluate(KEPT) == {"cuts": ["after"], "cuts-unfinished": []}


def test_a_quick_copy_does_not_wait_for_a_slow_re_encoding(page: Page, film: Path) -> None:
    body = """const order = [];
        const note = (made) => order.push(made.name);
        const clip = { kind: 'clip', inMs: 0, outMs: 9000 };
        const light = window.film.cut(file, clip, 'light', 'light', () => undefined, never).then(note);
        await window.film.cut(file, clip, 'lossless', 'lossless', () => undefined, never).then(note);
        await light;
        return order;"""
    assert look(page, film, body) == ["lossless", "light"]


def test_a_full_disk_is_told_and_leaves_nothing_half_there(
    page: Page, context: BrowserContext, address: str, tmp_path: Path
) -> None:
    heavy = tmp_path / "heavy.mp4"
    noise = "nullsrc=s=320x240:r=25:d=4,geq=random(1)*255:128:128"
    run("-f", "lavfi", "-i", noise, "-c:v", "libx264", "-preset", "ultrafast", "-crf", "5", "-g", "25", str(heavy))
    assert heavy.stat().st_size > 4_000_000
    session = context.new_cdp_session(page)
    session.send("Storage.overrideQuotaForOrigin", {"origin": address, "quotaSize": 500_000})
    body = """return window.film.cut(file, { kind: 'clip', inMs: 0, outMs: 4000 }, 'lossless', 'x', () => {}, never)
        .then(() => 'done', (error) => error.code);"""
    assert look(page, heavy, body) == "no_space"
    assert page.evaluate(KEPT) == {"cuts": [], "cuts-unfinished": []}
    session.send("Storage.overrideQuotaForOrigin", {"origin": address})
    assert look(page, heavy, body) == "done"


def test_a_film_that_is_taken_away_is_told(page: Page, tmp_path: Path, film: Path) -> None:
    path = tmp_path / "stick.mp4"
    path.write_bytes(film.read_bytes())
    body = "window.gone = file; return null;"
    look(page, path, body)
    path.unlink()
    said = page.evaluate(
        """() => window.film.cut(window.gone, { kind: 'clip', inMs: 0, outMs: 4000 }, 'lossless', 'x', () => undefined,
            new AbortController().signal).then(() => 'done', (error) => error.code)"""
    )
    assert said == "film_gone"


def test_what_a_crashed_tab_left_is_swept_away_and_what_another_writes_is_not(
    page: Page, context: BrowserContext, address: str, film: Path
) -> None:
    other = context.new_page()
    other.goto(address)
    page.evaluate(
        """async () => {
            const root = await navigator.storage.getDirectory();
            const folder = await root.getDirectoryHandle('cuts-unfinished', { create: true });
            await folder.getFileHandle('orphan', { create: true });
        }"""
    )
    other.locator("input").set_input_files(film)
    other.evaluate(
        """() => { window.made = window.film.cut(document.querySelector('input').files[0],
            { kind: 'clip', inMs: 0, outMs: 9900 }, 'light', 'theirs', () => { window.began = true; },
            new AbortController().signal); }"""
    )
    wait_until(lambda: other.evaluate("window.began === true"), "the other tab's cut has begun")
    assert page.evaluate("window.film.listCuts()") == []
    assert other.evaluate("window.made.then((made) => made.name)") == "theirs"
    assert page.evaluate("window.film.listCuts()") == ["theirs"]
    assert page.evaluate(KEPT)["cuts-unfinished"] == []


def test_a_cut_that_is_gone_is_told(page: Page) -> None:
    assert page.evaluate("window.film.cutFile('never').then(() => 'there', (error) => error.code)") == "cut_gone"
    assert page.evaluate("window.film.discardCut('never').then(() => 'fine')") == "fine"
