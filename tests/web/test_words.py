"""All words of the page are in one catalogue: it is complete, and a page built in another language shows no English."""

from __future__ import annotations

import mimetypes
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from tests.made_once import made_once
from tests.web.desk import LAPTOP, DeskService, Guider
from tests.web.engine import WEB, run_npm

TOGETHER = "desk_review"

LOCALES = WEB / "src" / "locales"
LATIN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
PSEUDO = "áƀćđéƒğĥíĵķĺɱñóƥɋŕšťúṽŵẋýžÁƁĆĐÉƑĞĤÍĴĶĹṀÑÓƤɊŔŠŤÚṼŴẊÝŽ"
"""As web/wuchale.config.js writes it."""
IN_PSEUDO = str.maketrans(LATIN, PSEUDO)

SHOWN = """() => {
    const said = [document.title];
    for (const one of document.querySelectorAll('body *')) {
        if (!one.checkVisibility() || one.closest('svg, textarea, kbd')) continue;
        for (const name of ['aria-label', 'title', 'placeholder', 'alt']) said.push(one.getAttribute(name) ?? '');
        for (const part of one.childNodes) if (part.nodeType === Node.TEXT_NODE) said.push(part.data);
    }
    return [said, window.saidByTheService.join(' ')];
}"""
REMEMBER = """
    window.saidByTheService = [];
    const ask = window.fetch;
    window.fetch = async (...asked) => {
        const answer = await ask(...asked);
        if (/json/.test(answer.headers.get('content-type') ?? ''))
            void answer.clone().json().then((told) => window.saidByTheService.push(JSON.stringify(told)));
        return answer;
    };
"""
LATIN_RUN = re.compile(r"[A-Za-z][A-Za-z_ ,’'-]*[A-Za-z]")
NO_WORDS = re.compile(r"vigpack|VIGPACK_[A-Z_, ]+|worker|PDF|min|h|kB|MB|GB|\w+day|[A-Z][a-z]{2}|Sept")
"""Names, of settings too, units, and days as the browser writes them."""


def test_the_catalogue_holds_each_word_of_the_page_and_none_besides(tmp_path: Path) -> None:
    for loader in LOCALES.glob("*.loader.js"):
        shutil.copy(loader, tmp_path)
    done = run_npm("words", PAGE_LOCALES=str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    kept = (LOCALES / "en.po").read_text("utf-8")
    assert (tmp_path / "en.po").read_text("utf-8") == kept, "run npm --prefix web run words"


def build_in_pseudo(destination: Path) -> None:
    options = ["--outDir", str(destination), "--minify", "false", "--logLevel", "error"]
    built = run_npm("build:page", "--", *options, PAGE_LANGUAGE="en-XA")
    assert built.returncode == 0, built.stdout + built.stderr


@pytest.fixture
def in_pseudo(browser: Browser) -> Iterator[BrowserContext]:
    """A profile that gets the page in a language in which nobody has written anything."""
    built = made_once("pseudo", build_in_pseudo)
    context = browser.new_context(viewport=LAPTOP, reduced_motion="reduce")  # type: ignore[arg-type]  # just these two

    def serve(route: Route) -> None:
        path = urlsplit(route.request.url).path
        file = built / {"/": "index.html", "/it": "it.html"}.get(path, path.lstrip("/"))
        headers = route.fetch().headers if file.suffix == ".html" else {}
        headers["content-type"] = mimetypes.guess_type(file.name)[0] or ""
        route.fulfill(body=file.read_bytes(), headers=headers)

    context.route(re.compile(r"/(it)?$|/assets/"), serve)
    yield context
    context.close()


class Reader:
    """Tells what a tab shows in English that the service has not said."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.found: dict[str, list[str]] = {}
        self._said = ""
        page.add_init_script(REMEMBER)

    def look(self, view: str) -> None:
        shown, said = self.page.evaluate(SHOWN)
        self._said += said + said.replace("_", " ")  # names of settings and the like are shown with spaces
        runs = {run for text in shown for run in LATIN_RUN.findall(text) if not NO_WORDS.fullmatch(run)}
        self.found[view] = sorted(run for run in runs if run not in self._said)


def test_the_page_in_another_language_shows_no_english_of_its_own(
    desk_service: DeskService, in_pseudo: BrowserContext, film: Path
) -> None:
    guider = Guider(in_pseudo.new_page(), desk_service.url, desk_service.address)
    page, reader = guider.page, Reader(guider.page)
    page.goto(guider.address)
    expect(guider.button("Choose a film".translate(IN_PSEUDO))).to_be_visible()
    reader.look("start")
    page.locator("main input[type=file]").set_input_files(film)
    expect(guider.button("Starts here".translate(IN_PSEUDO))).to_be_visible()
    guider.press("?")
    reader.look("help")
    guider.press("Escape", "i", *["Shift+ArrowRight"] * 2, "o", "s")
    expect(page.locator("article.card")).to_have_count(2)
    page.get_by_label("Family code".translate(IN_PSEUDO)).fill("5-104")
    reader.look("desk")
    page.get_by_role("button", name=re.compile("^" + "Send".translate(IN_PSEUDO))).click()
    expect(page.get_by_role("link", name="Open the review".translate(IN_PSEUDO))).to_be_visible()
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    expect(page.locator("main details form").first).to_be_visible()
    reader.look("review")
    page.goto(guider.url + "/#/")
    expect(page.get_by_role("link", name=re.compile("5-104")).first).to_be_visible()
    reader.look("families")
    for place in ("families", "logbook", "rating", "audit", "reports", "about"):
        page.goto(f"{guider.url}/#/{place}")
        expect(page.locator("main :is(h1, h2)").first).to_be_visible()
        expect(page.get_by_text("Looking…".translate(IN_PSEUDO))).to_have_count(0)
        page.wait_for_timeout(300)  # for what else it asks the service
        reader.look(place)
    page.goto(guider.url + "/it")
    expect(page.locator("main h1, main h2").first).to_be_visible()
    reader.look("it")
    assert {view: words for view, words in reader.found.items() if words} == {}
    assert guider.complaints == []
