"""A service with the page, films to open in it, and a guider's tab."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect
from playwright.sync_api import Error as PlaywrightError

from api.routes.page import BUILT_PAGE
from tests.conftest import CHROMIUM_ARGS
from tests.footage import numbered_film
from tests.made_once import made_once
from tests.web.desk import LAPTOP, DeskService, Guider
from tests.web.engine import Engine, build_trial, serving

expect.set_options(timeout=60_000)  # on a busy machine too

_SEEN = """() => [location.href, ...[...document.querySelectorAll('video')].map((player) => {
    const { src, currentTime, duration, paused, seeking, readyState, videoWidth, videoHeight, error } = player;
    return JSON.stringify({ src, currentTime, duration, paused, seeking, readyState, videoWidth, videoHeight,
        error: error?.message, frames: player.getVideoPlaybackQuality() });
}), document.body.innerText].join('\\n')"""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What each tab shows when its test fails: the next run may not fail."""
    report = yield
    context = getattr(item, "funcargs", {}).get("context")
    if report.when == "call" and report.failed and isinstance(context, BrowserContext):
        for page in context.pages:
            try:
                report.sections.append(("What the tab showed", page.evaluate(_SEEN)))
            except PlaywrightError as error:
                report.sections.append(("What the tab showed", f"it does not answer: {error}"))
    return report


@pytest.fixture(scope="session")
def built_page() -> Path:
    """The page as `make page` builds it."""
    if not (BUILT_PAGE / "index.html").is_file():
        missing = "the page is not built: run make page"
        pytest.fail(missing) if os.environ.get("CI") == "true" else pytest.skip(missing)
    return BUILT_PAGE


@pytest.fixture(scope="session")
def desk_service(built_page: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskService]:
    """A service shared by the tests of this process; who kills it takes one of their own."""
    assert built_page.is_dir()
    service = DeskService(tmp_path_factory.mktemp("desk"))
    service.start()
    yield service
    service.stop()


@pytest.fixture(scope="session")
def with_people(built_page: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskService]:
    """A service in which everybody has an account of their own; nobody prepares moments."""
    assert built_page.is_dir()
    service = DeskService(tmp_path_factory.mktemp("people"), {"VIGPACK_LOCAL_ACCOUNTS": "true"}, host="localhost")
    service.environment["VIGPACK_PUBLIC_URL"] = service.url
    service.start(worker=False)
    yield service
    service.stop()


@pytest.fixture(scope="session")
def engine_page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The address of a page with nothing but the film engine, and the folder into which it puts its cuts."""
    taken = tmp_path_factory.mktemp("cuts")
    with serving(made_once("trial", build_trial), taken) as url:
        yield url, taken


@pytest.fixture(scope="session")
def engine(browser: Browser, engine_page: tuple[str, Path]) -> Iterator[Engine]:
    """The film engine in an open page."""
    url, taken = engine_page
    page = browser.new_page()
    page.goto(url)
    yield Engine(page, taken)
    page.close()


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A minute of numbered pictures with beeps, 25 a second, a key frame every two seconds."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    codec = ("-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "50", "-crf", "23")
    return numbered_film(path, frames=1500, fps="25", codec=codec)


@pytest.fixture(scope="session")
def heavy_film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve seconds of which each takes 3 MB, so that a moment travels in several chunks.

    Nearly all of it is filler that a decoder passes over: the bytes are to travel, not to be looked at.
    """
    path = tmp_path_factory.mktemp("heavy") / "heavy.mp4"
    rate = ("-b:v", "24M", "-minrate", "24M", "-maxrate", "24M", "-bufsize", "24M", "-x264-params", "nal-hrd=cbr")
    codec = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "25", *rate)
    return numbered_film(path, frames=300, fps="25", codec=codec)


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A fresh profile on a council laptop, of somebody who asked for stillness: what breathes is drawn without end."""
    made = browser.new_context(viewport=LAPTOP, reduced_motion="reduce")  # type: ignore[arg-type]  # just these two
    yield made
    made.close()


@pytest.fixture
def visit(context: BrowserContext) -> Iterator[Callable[[DeskService], Guider]]:
    """Opens the page of a service in a tab; at the end nothing may have been complained of in any."""
    tabs: list[Guider] = []

    def open_tab(service: DeskService) -> Guider:
        tabs.append(Guider(context.new_page(), service.url, service.address))
        return tabs[-1].start()

    yield open_tab
    for tab in tabs:
        assert not tab.complaints, tab.complaints


@pytest.fixture
def guider(desk_service: DeskService, visit: Callable[[DeskService], Guider]) -> Guider:
    """Ada at the page."""
    return visit(desk_service)


@pytest.fixture
def keeping_nothing(playwright: Playwright, chromium: str, tmp_path: Path) -> Iterator[Page]:
    """A tab of a Chromium that is told to block all site data, as councils do by policy."""
    profile = tmp_path / "profile"
    (profile / "Default").mkdir(parents=True)
    blocked = {"profile": {"default_content_setting_values": {"cookies": 2}}}
    (profile / "Default" / "Preferences").write_text(json.dumps(blocked))
    context = playwright.chromium.launch_persistent_context(profile, executable_path=chromium, args=CHROMIUM_ARGS)
    yield context.new_page()
    context.close()
