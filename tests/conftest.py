"""Fixtures for every room: real servers, an empty service, and the rule that no error is logged unexpectedly.

Each pytest-xdist process starts its own servers, the first time a test asks for one.
"""

from __future__ import annotations

import gc
import logging
import os
import re
import shutil
from collections.abc import Generator, Iterator
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright
from pydantic import SecretStr
from xdist.scheduler import LoadScopeScheduling

from records.database import Database
from records.logs import JsonLines
from records.migrations.migrate import migrate
from records.settings import Settings
from tests.databases import CONSENT_NOTED, UsedDatabases, make_tables
from tests.effects import open_alone
from tests.log_lines import as_logged, new_errors
from tests.made_once import begin_run, end_run
from tests.servers import PostgresServer, RedisServer, S3Server, running_postgres, running_redis, running_s3


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # this process starts the others
        begin_run()
    os.environ["VIGPACK_CONSENT_POLICY"] = str(CONSENT_NOTED)  # for what is begun before a test is
    config.addinivalue_line("markers", "logs_errors: the test expects an ERROR in the log")


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        end_run()


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    """Nothing that is collected is thrown away, so the collector of garbage rests meanwhile."""
    gc.disable()
    _load_from_another_place_on(session.config)
    try:
        return (yield)
    finally:
        gc.enable()


def _load_from_another_place_on(config: pytest.Config) -> None:
    """Load the modules of tests beginning at another one in each process.

    Who is first to a module compiles it. In a clean checkout the processes, all of which begin at the first, would
    compile all of them each, which took half of their collecting.
    """
    if config.args_source is not pytest.Config.ArgsSource.TESTPATHS or not hasattr(config, "workerinput"):
        return
    files = sorted(Path(__file__).parent.rglob("test_*.py"))
    first = len(files) * int(config.workerinput["workerid"].removeprefix("gw")) // config.workerinput["workercount"]
    for file in [*files[first:], *files[:first]]:
        with suppress(Exception, pytest.skip.Exception):  # to be told when it is collected
            import_module(".".join(file.relative_to(config.rootpath).with_suffix("").parts))


def pytest_collection_finish() -> None:
    """Modules and the list of tests stay to the end: the collector need not walk them again and again.

    It took a quarter of the processor time of the tests of records/. What is garbage by now stays, too: to look for it
    takes half a second in each process.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


_TOGETHER = re.compile(r'^TOGETHER = "(\w+)"$', re.MULTILINE)


@cache
def together(file: Path) -> str | None:
    """What the tests of a file share that takes seconds to make, by its own word ``TOGETHER``; None: nothing."""
    found = _TOGETHER.search(file.read_text(encoding="utf-8"))
    return found and found[1]


class TogetherScheduling(LoadScopeScheduling):
    """Gives tests to processes one by one, but those that belong together to one process, and these first.

    pytest-xdist's own groups do nothing with pytest 9: it writes them into an attribute that is no longer read.
    """

    def _split_scope(self, nodeid: str) -> str:
        return together(self.config.rootpath / nodeid.partition("::")[0]) or nodeid


_TAKE_LONG = ("chaos", "end_to_end", "web", "worker")
"""Rooms whose single tests take seconds. They come first: at the end no process should wait for the last of another."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.relative_to(Path(__file__).parent).parts[0] not in _TAKE_LONG)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> TogetherScheduling:
    return TogetherScheduling(config, log)


@pytest.fixture(autouse=True)
def no_unexpected_error_in_the_log(request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """An ERROR that is logged here or in a process of ours fails the test, unless it is marked ``logs_errors``."""
    yield
    of_processes = new_errors()
    if request.node.get_closest_marker("logs_errors"):
        return
    records = [record for when in ("setup", "call") for record in caplog.get_records(when)]
    errors = [as_logged(record) for record in records if record.levelno >= logging.ERROR] + of_processes
    assert not errors, f"errors were logged: {'; '.join(map(str, errors))}"  # one line: CI's summary shows the first


@pytest.fixture(autouse=True)
def no_logging_of_another_test() -> None:
    """What an earlier test's API configured writes to this one's standard error no more."""
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if isinstance(handler.formatter, JsonLines)]:
        root.removeHandler(handler)


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No VIGPACK_… variable of the developer's shell reaches a test, and nothing is written into the checkout."""
    for name in [name for name in os.environ if name.startswith("VIGPACK_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("VIGPACK_CONSENT_POLICY", str(CONSENT_NOTED))
    monkeypatch.setenv("VIGPACK_DATA_DIR", str(tmp_path / "data-of-the-environment"))


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A Redis shared by the tests of this process; each should use a database or key of its own, or flush it first."""
    with running_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def empty_redis(redis_server: RedisServer) -> RedisServer:
    """The Redis of this process, emptied."""
    redis_server.client().flushall()
    return redis_server


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL shared by the tests of this process; take a database of your own."""
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def migrated_template(postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a PostgreSQL database with our tables, to be copied: ten times faster than migrating."""
    name = postgres_server.create_database()
    migrate(Settings(data_dir=tmp_path_factory.mktemp("template"), database_url=postgres_server.url(name)))
    return name


@pytest.fixture(scope="session")
def used_databases(postgres_server: PostgresServer, migrated_template: str) -> UsedDatabases:
    """Databases with our tables that tests use one after another."""
    return UsedDatabases(postgres_server, migrated_template)


@pytest.fixture
def postgres_url(postgres_server: PostgresServer, used_databases: UsedDatabases) -> Iterator[str]:
    """The address of a PostgreSQL database of this test alone, with our tables in it."""
    name = used_databases.take()
    yield postgres_server.url(name)
    used_databases.give_back(name)


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """An S3 server shared by the tests of this process; use a prefix of your own."""
    with running_s3(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture
def s3_settings(s3_server: S3Server, tmp_path: Path) -> Settings:
    """Settings whose storage is S3, under a prefix of this test alone."""
    return Settings(
        data_dir=tmp_path / "data",
        storage_url=f"s3://{s3_server.bucket}/{tmp_path.name}",
        s3_endpoint=s3_server.endpoint,
        s3_access_key_id=s3_server.access_key_id,
        s3_secret_access_key=SecretStr(s3_server.secret_access_key),
    )


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings of an empty, migrated service in a folder of this test, once on SQLite and once on PostgreSQL."""
    if request.param == "postgresql":
        return Settings(data_dir=tmp_path / "data", database_url=request.getfixturevalue("postgres_url"))
    chosen = Settings(data_dir=tmp_path / "data")
    make_tables(chosen)
    return chosen


@pytest.fixture
def db(settings: Settings) -> Iterator[Database]:
    """The database of ``settings``."""
    database = open_alone(settings)
    yield database
    database.dispose()


_PLAYWRIGHT_DISABLES = (
    "AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose", "HttpsUpgrades",
    "HttpsFirstBalancedModeAutoEnable", "LensOverlay", "MediaRouter", "PaintHolding", "ThirdPartyStoragePartitioning",
    "AvoidCorsURLLoaderRestartOnRedirect", "OptimizationHints", "NetworkTimeServiceQuerying", "AimEnabled",
    "PreconnectToSearch",
)  # fmt: skip
"""What Playwright turns off: of several such lists Chromium heeds only the last."""

_ADDRESS_BAR = ("WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "WebUIOmniboxFullPopup", "WebUIOmniboxPopupDebug")
"""Pages that Chromium 156 loads for the address bar of each new window: 0.5 s of the 0.8 s of work that it is."""

_SPARE_RENDERER = "SpareRendererForSitePerProcess"
"""A process begun for a tab that may be opened next, in each profile: 0.07 of the 0.9 s of work of a new one."""

CHROMIUM_ARGS = [
    "--no-sandbox",
    "--mute-audio",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
    f"--disable-features={','.join([*_PLAYWRIGHT_DISABLES, *_ADDRESS_BAR, _SPARE_RENDERER])}",
]
"""Quiet, without calls to its makers; films may play without a tap, as on a page opened from the disk."""


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """Playwright; there can be one in a process."""
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def chromium(playwright: Playwright) -> str:
    """The machine's Chromium, or Playwright's."""
    installed = (shutil.which(name) for name in ("chromium", "google-chrome", "msedge"))
    found = next(filter(None, installed), playwright.chromium.executable_path)
    if not Path(found).exists():
        say = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        say("no Chromium on this machine: install the package chromium to run the browser tests")
    return found


@pytest.fixture(scope="session")
def browser(playwright: Playwright, chromium: str) -> Iterator[Browser]:
    """A browser shared by the tests of this process; take a context of your own."""
    opened = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_ARGS)
    yield opened
    opened.close()
