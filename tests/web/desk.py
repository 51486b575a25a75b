"""The page in a real Chromium against a real API and worker: the service, and a guider's hands."""

from __future__ import annotations

import base64
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from playwright.sync_api import BrowserContext, ConsoleMessage, Download, Locator, Page, Request, expect

from records.accounts.machine_secret import machine_secret
from records.settings import Settings
from tests.databases import NOTED, make_tables
from tests.footage import read_number
from tests.loaded import start_loaded
from tests.servers import NO_TLS, free_port, wait_until
from worker.command import worker_argv, worker_env

LAPTOP = {"width": 1366, "height": 768}
PHONE = {"width": 390, "height": 844}
EXPECTED_WHEN_UNREACHED = re.compile(r"Failed to load resource|net::ERR_|status of (423|401|409|503)")


@dataclass
class DeskService:
    """A service on one port: its API may be killed and started again; its worker prepares one moment at a time."""

    data_dir: Path
    environment: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    host: str = "127.0.0.1"
    """As browsers call it: by a number they know no passkeys."""
    api: subprocess.Popen[bytes] | None = None
    worker: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def secret(self) -> str:
        """What is exchanged for a session."""
        return self.environment.get("VIGPACK_TOKEN") or machine_secret(self.data_dir)

    @property
    def address(self) -> str:
        """What a guider opens: on her own machine the key is in it."""
        return self.url if "VIGPACK_TOKEN" in self.environment else f"{self.url}/#key={self.secret}"

    def sign_in(self, context: BrowserContext) -> None:
        """Be signed in in this browser, where a page is opened by another address than the printed one."""
        answer = context.request.post(
            f"{self.url}/api/v1/session", data={"secret": self.secret}, headers={"Origin": self.url}
        )
        assert answer.ok, answer.text()

    def settings(self) -> Settings:
        return Settings(data_dir=self.data_dir)

    def start(self, *, worker: bool = True) -> None:
        """Make the tables, start both, wait for the API."""
        make_tables(self.settings())
        self.start_api()
        if worker:
            self.worker = self._start("worker")

    def start_api(self) -> None:
        self.api = self._start("api")
        wait_until(self._answers, f"the API; see {self.data_dir}/api.log")

    def kill_api(self) -> None:
        """Kill it, as a power cut would."""
        assert self.api is not None
        self.api.kill()
        self.api.wait()

    def stop(self) -> None:
        for process in (self.api, self.worker):
            if process is not None:
                process.terminate()
        for process in (self.api, self.worker):
            if process is not None:
                process.wait(60)

    def client(self) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.secret}"}
        return httpx.Client(base_url=self.url, headers=headers, verify=NO_TLS, trust_env=False, timeout=60)

    def selection(self, selection_id: str) -> dict[str, Any]:
        with self.client() as client:
            view: dict[str, Any] = client.get(f"/api/v1/selections/{selection_id}").raise_for_status().json()
        return view

    def _start(self, *words: str) -> subprocess.Popen[bytes]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("VIGPACK_")}
        own = {"VIGPACK_DATA_DIR": str(self.data_dir), "VIGPACK_PORT": str(self.port), "VIGPACK_MIN_FREE_BYTES": "0"}
        argv = worker_argv(1) if words == ("worker",) else [sys.executable, "-P", "-m", "cli", *words]
        return start_loaded(
            argv, self.data_dir / f"{words[0]}.log", {**clean, **NOTED, **own, **worker_env(), **self.environment}
        )

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/healthz", verify=NO_TLS, trust_env=False, timeout=2).is_success
        except httpx.TransportError:
            return False


SIGN_IN = "/api/v1/session"
DRAFT_KEYS = "/api/v1/session/draft-keys"


class Guider:
    """One tab with the page open; it remembers everything that must not happen."""

    def __init__(self, page: Page, url: str, address: str = "") -> None:
        self.page = page
        self.url = url
        self.address = address or url
        self.requests: list[Request] = []
        page.set_default_timeout(60_000)
        self.complaints: list[str] = []
        page.on("request", self._note)
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _note(self, request: Request) -> None:
        self.requests.append(request)

    @property
    def posted(self) -> list[Request]:
        """What was sent to the service, apart from signing in and asking for keys of what the browser keeps."""
        sent = (one for one in self.requests if one.method not in {"GET", "HEAD"})
        return [one for one in sent if not one.url.endswith(SIGN_IN) and DRAFT_KEYS not in one.url]

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not EXPECTED_WHEN_UNREACHED.search(message.text):
            self.complaints.append(message.text)

    def start(self) -> Guider:
        self.page.goto(self.address)
        expect(self.page.get_by_role("button", name="Choose a film")).to_be_visible()
        return self

    def open(self, film: Path) -> Guider:
        """Choose a film and wait until it is on the desk."""
        self.page.locator("main input[type=file]").set_input_files(film)
        expect(self.button("Starts here")).to_be_visible()
        return self

    def take_plain(self, button: Locator) -> Download:
        """What is saved once it was said why it leaves plain; the dialog is closed again."""
        button.click()
        handing = self.page.get_by_role("dialog", name=re.compile("hand out"))
        handing.get_by_role("radio", name=re.compile("^Plain")).check()
        handing.get_by_label("Why plain").fill("For the shared review, on this laptop")
        with self.page.expect_download() as taken:
            handing.get_by_role("button", name=re.compile("^Take it plain")).click()
        expect(handing.get_by_text("is saved.")).to_be_visible()
        handing.get_by_role("button", name="Close").click()
        return taken.value

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def go_to(self, seconds: int) -> None:
        """To a whole second of the film, by keys alone."""
        self.press("Home", *["PageDown"] * (seconds // 10), *["Shift+ArrowRight"] * (seconds % 10))

    def mark_clip(self, start_s: int, end_s: int) -> None:
        """Mark a clip by keys; its last picture is the one shown at ``end_s``."""
        marks = self.cards("Clip").count()
        self.go_to(start_s)
        self.press("i")
        expect(self.page.get_by_text("A moment starts at")).not_to_have_count(0)
        self.go_to(end_s)
        self.press("o")
        expect(self.cards("Clip")).to_have_count(marks + 1)

    def mark_still(self, at_s: int) -> None:
        marks = self.cards("Still").count()
        self.go_to(at_s)
        self.press("s")
        expect(self.cards("Still")).to_have_count(marks + 1)

    def number_on(self, picture: str) -> int:
        """The number of a numbered film that a video or canvas shows, found by its CSS; -1 while it shows nothing."""
        width, height, grey = self.page.evaluate(
            """(css) => {
                const shown = document.querySelector(css);
                const size = [shown?.videoWidth ?? shown?.width, shown?.videoHeight ?? shown?.height];
                if (!size[0]) return [0, 0, ''];
                const on = new OffscreenCanvas(...size).getContext('2d');
                on.drawImage(shown, 0, 0);
                const { data } = on.getImageData(0, 0, ...size);
                return [...size, new Uint8Array(data.filter((_, n) => n % 4 === 1)).toBase64()];
            }""",
            picture,
        )
        pixels = np.frombuffer(base64.b64decode(grey), np.uint8).reshape(height, width)
        return read_number(pixels) if pixels.any() else -1

    def cards(self, kind: str = "") -> Locator:
        """The moments in the list."""
        return self.page.get_by_role("article", name=kind)

    def wait_until_cut(self) -> None:
        """Every moment has its cut in this browser."""
        expect(self.page.locator("article .cut svg")).to_have_count(self.cards().count())

    def cuts(self) -> dict[str, str]:
        """The SHA-256 of each cut this browser keeps, opened with its film's key, by name."""
        found: dict[str, str] = self.page.evaluate(
            """async () => {
                const root = await navigator.storage.getDirectory();
                const folder = await root.getDirectoryHandle('cuts', { create: true });
                const keyOf = async (id) => {
                    const asked = { method: 'POST', headers: { 'Content-Type': 'application/json' } };
                    const body = JSON.stringify({ ids: [id] });
                    const { keys } = await (await fetch('/api/v1/session/draft-keys', { ...asked, body })).json();
                    const raw = Uint8Array.fromBase64(keys[id]);
                    return crypto.subtle.importKey('raw', raw, 'HKDF', false, ['deriveKey']);
                };
                const sums = {};
                for await (const [name, handle] of folder.entries()) {
                    const stored = new Uint8Array(await (await handle.getFile()).arrayBuffer());
                    const text = new TextDecoder();
                    const head = text.decode(stored.slice(0, 8));
                    if (head !== 'vigcut2\\n') throw new Error(`${name} has no key of its film: ${head}`);
                    const key = await keyOf(text.decode(stored.slice(8, 40)));
                    const info = new TextEncoder().encode('vigpack cut');
                    const derived = { name: 'HKDF', hash: 'SHA-256', salt: stored.slice(40, 56), info };
                    const kind = { name: 'AES-CTR', length: 256 };
                    const opens = await crypto.subtle.deriveKey(derived, key, kind, false, ['decrypt']);
                    const how = { name: 'AES-CTR', counter: new Uint8Array(16), length: 64 };
                    const bytes = await crypto.subtle.decrypt(how, opens, stored.slice(56));
                    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
                    sums[name] = [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
                }
                return sums;
            }"""
        )
        return found

    def choose_way(self, name: str) -> None:
        """Say how it is sent; the page shows one line of that until it is asked for more."""
        self.page.get_by_role("button", name=re.compile("^What is sent")).click()
        self.page.get_by_role("radio", name=name).check()
        self.press("Escape")

    def send(self, family: str = "K-104") -> str:
        """Press the one button; the selection's id."""
        self.page.get_by_label("Family code").fill(family)
        self.page.get_by_role("button", name=re.compile("^Send ")).click()
        self.page.wait_for_url("**/#/review/*", timeout=60_000)
        return self.page.url.rsplit("/", 1)[1]

    def heading(self, name: str) -> Locator:
        return self.page.get_by_role("heading", name=name, level=1)

    def wait_until_ready(self) -> None:
        expect(self.heading("Your review is ready")).to_be_visible(timeout=90_000)

    def open_review(self) -> Page:
        """The review in a tab of its own, at its first moment."""
        with self.page.expect_popup() as opened:
            self.page.get_by_role("link", name="Open the review").click()
        opened.value.on("console", self._hear)
        opened.value.on("pageerror", lambda error: self.complaints.append(str(error)))
        opened.value.get_by_role("button", name="Begin").click()
        return opened.value

    def wait_until_some_has_gone(self) -> None:
        """The first chunk is on the service, and more is to come."""
        expect(self.page.get_by_text(re.compile("[kM]B/s")).first).to_be_visible(timeout=60_000)


def wait_until_it_plays(review: Page) -> None:
    """The player of the review moves."""
    review.get_by_role("button", name="Play", exact=True).click()
    place = "document.querySelector('video')?.currentTime ?? 0"  # wait_for_function() needs eval
    wait_until(lambda: review.evaluate(place) > 0.2, "the review plays")


class Line:
    """The line of one tab: as fast as said, or gone."""

    def __init__(self, context: BrowserContext, page: Page, bytes_per_s: int) -> None:
        self._session = context.new_cdp_session(page)
        self._session.send("Network.enable")
        self._bytes_per_s = bytes_per_s
        self.restore()

    def cut(self) -> None:
        self._be(offline=True)

    def restore(self) -> None:
        self._be(offline=False)

    def hurry(self) -> None:
        """There again, and as fast as can be: what was to be seen on a slow line was seen."""
        self._bytes_per_s = -1
        self.restore()

    def _be(self, *, offline: bool) -> None:
        limits = {"latency": 5, "downloadThroughput": -1, "uploadThroughput": self._bytes_per_s}
        self._session.send("Network.emulateNetworkConditions", {"offline": offline, **limits})
