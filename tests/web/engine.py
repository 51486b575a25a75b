"""The film engine of the page in a real Chromium, driven from Python: give it a film, get its cuts as files."""

from __future__ import annotations

import base64
import functools
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Error, Page

from tests.footage import grey_of as stored_grey
from tests.footage import read_number

WEB = Path(__file__).parents[2] / "web"


def run_npm(*words: str, folder: Path = WEB, **environment: str) -> subprocess.CompletedProcess[str]:
    """What an npm script of the page says, with the Node that builds the page: pip's where there is one."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    npm = shutil.which("npm", path=path)
    if npm is None or not (WEB / "node_modules").is_dir():
        missing = "the page's packages are not installed: run make setup"
        pytest.fail(missing) if os.environ.get("CI") == "true" else pytest.skip(missing)
    return subprocess.run(
        [npm, "run", "--silent", *words],
        cwd=folder,
        env={**os.environ, "PATH": path, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )


def build_trial(destination: Path) -> Path:
    """A page with nothing but the engine, built from web/trial into ``destination``."""
    built = run_npm("build:trial", "--", "--outDir", str(destination), "--logLevel", "error")
    assert built.returncode == 0, built.stdout + built.stderr
    return destination


class _Handler(SimpleHTTPRequestHandler):
    """Serves the built page; takes what the page PUTs into the folder ``taken``."""

    taken: Path

    def do_PUT(self) -> None:
        length = int(self.headers["Content-Length"])
        (self.taken / Path(self.path).name).write_bytes(self.rfile.read(length))
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 the name is the base class's
        del format, args


@contextmanager
def serving(built: Path, taken: Path) -> Iterator[str]:
    """The address of a server of the built page; what the page PUTs lands in ``taken``."""
    handler = type("Handler", (_Handler,), {"taken": taken})
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(handler, directory=str(built)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass(frozen=True)
class CutFile:
    """What the page cut, and the same moment on its clock."""

    path: Path
    mime_type: str
    cut: dict[str, int]
    claims: dict[str, int | None] = field(default_factory=dict)


def grey_of(picture: dict[str, Any]) -> NDArray[np.uint8]:
    """The pixels of a picture that the page told: uint8, (height, width). As one text they come ten times faster."""
    return np.frombuffer(base64.b64decode(picture["grey"]), np.uint8).reshape(picture["height"], picture["width"])


@dataclass
class Engine:
    """The engine in an open page."""

    page: Page
    taken: Path
    _names: int = 0

    def choose(self, film: Path) -> None:
        """Choose a film, as a guider does."""
        self.page.locator("input").set_input_files(film)

    def facts(self) -> dict[str, Any]:
        """What the engine finds out about the chosen film."""
        found: dict[str, Any] = self.page.evaluate(
            """async () => {
                const open = await window.film.openFilm(document.querySelector('input').files[0]);
                open.close();
                return open.facts;
            }"""
        )
        return found

    def problem(self) -> dict[str, str] | None:
        """Why the chosen film cannot be opened; None where it can."""
        refused: dict[str, str] | None = self.page.evaluate(
            """() => window.film.openFilm(document.querySelector('input').files[0])
                .then((film) => film.close(), ({code, sentence}) => ({code, sentence}))"""
        )
        return refused

    def look(self, shares: Sequence[float] = ()) -> dict[str, Any]:
        """All at once: ``facts``, the ``times`` of all pictures, ``shown`` at these shares of them; or the ``problem``.

        ``watched`` is what a guider sees in the player, as web/trial/watch.ts tells it; None where it refuses the film.
        """
        return self.page.evaluate(  # type: ignore[no-any-return]
            """async (shares) => {
                const file = document.querySelector('input').files[0];
                let open;
                try {
                    open = await window.film.openFilm(file);
                } catch ({ code, sentence, message }) {
                    return { problem: { code, sentence, message } };
                }
                try {
                    const { facts } = open;
                    const half = facts.durationMs / 2;
                    const times = facts.hasPicture ? await open.frameTimes(half, half + 1000) : [];
                    const shown = [];
                    for (const share of facts.canShow ? shares : []) {
                        const index = Math.floor(share * (times.length - 1));
                        const bitmap = await open.picture(times[index], 120);
                        const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
                        context.drawImage(bitmap, 0, 0);
                        const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
                        const { width, height } = bitmap;
                        bitmap.close();
                        const grey = Uint8Array.from({ length: width * height }, (_, n) =>
                            Math.round(0.299 * data[4 * n] + 0.587 * data[4 * n + 1] + 0.114 * data[4 * n + 2]));
                        shown.push({ index, width, height, grey: grey.toBase64() });
                    }
                    const sought = [...new Set(shares.map((share) => Math.floor(share * (times.length - 1))))];
                    const watched = times.length ? await window.watch(open, file, times, sought) : null;
                    return { facts, times, shown, watched };
                } catch (error) {
                    const { code, sentence } = error;
                    return { problem: { code, sentence, message: String(error) } };
                } finally {
                    open.close();
                }
            }""",
            list(shares),
        )

    def picture(self, at_ms: int) -> int:
        """The number on the picture on screen at a time."""
        return read_number(self.pixels(at_ms))

    def pixels(self, at_ms: int) -> NDArray[np.uint8]:
        """The picture on screen at a time, 120 pixels high: uint8, (height, width), grey."""
        return grey_of(self._ask(f"return grey(await open.picture({at_ms}, 120));"))

    def strip(self, count: int) -> list[int]:
        """The numbers on the pictures of the filmstrip."""
        shown = self._ask(
            f"""const shown = [];
            const never = new AbortController().signal;
            await open.strip({count}, 60, (index, ms, bitmap) => shown.push(grey(bitmap)), never);
            return shown;"""
        )
        return [read_number(grey_of(one)) for one in shown]

    def waveform(self, buckets: int) -> list[float]:
        """The loudest amplitude heard in each of equal parts of the film, 0 to 1."""
        peaks: list[float] = self._ask(
            f"""let last = null;
            await open.waveform({buckets}, (peaks) => {{ last = Array.from(peaks); }}, new AbortController().signal);
            return last;"""
        )
        return peaks

    def _ask(self, body: str) -> Any:
        return self.page.evaluate(
            """async (body) => {
                const grey = (bitmap) => {
                    const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
                    context.drawImage(bitmap, 0, 0);
                    const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
                    const { width, height } = bitmap;
                    bitmap.close();
                    return { width, height, grey: new Uint8Array(data.filter((_, n) => n % 4 === 1)).toBase64() };
                };
                const open = await window.film.openFilm(document.querySelector('input').files[0]);
                try {
                    return await Object.getPrototypeOf(async () => {}).constructor('open', 'grey', body)(open, grey);
                } finally {
                    open.close();
                }
            }""",
            body,
        )

    def refused(self, moment: dict[str, Any], mode: str = "lossless") -> str | None:
        """The code of the reason why a moment cannot be cut; None where it can."""
        try:
            self.cut(moment, mode)
        except Error as error:
            return str(error.message).partition("FilmProblem ")[2].partition(":")[0] or str(error.message)
        return None

    def frame_times(self, around_ms: int, span_ms: int) -> list[int]:
        """When the frames around a time are shown."""
        told: list[int] = self.page.evaluate(
            """async ([aroundMs, spanMs]) => {
                const open = await window.film.openFilm(document.querySelector('input').files[0]);
                const told = await open.frameTimes(aroundMs, spanMs);
                open.close();
                return told;
            }""",
            [around_ms, span_ms],
        )
        return told

    def cut(self, moment: dict[str, Any], mode: str = "lossless", marks: Sequence[dict[str, Any]] = ()) -> CutFile:
        """Cut a moment of the chosen film: ``{"in": …, "out": …}`` or ``{"at": …}``, in ms; covered as marked."""
        self._names += 1
        name = f"cut-{self._names}"
        asked = (
            {"kind": "clip", "inMs": moment["in"], "outMs": moment["out"]}
            if "in" in moment
            else {"kind": "still", "atMs": moment["at"], "exact": moment.get("exact", True)}
        )
        made = self.page.evaluate(
            """async ([moment, mode, name, marks]) => {
                const file = document.querySelector('input').files[0];
                const never = new AbortController().signal;
                const cutting = window.film.cut(file, moment, mode, name, () => undefined, never, marks);
                const made = await cutting.catch((error) => {
                    throw error.code ? new Error(`FilmProblem ${error.code}: ${error.message}`) : error;
                });
                const cut = await window.film.cutFile(name);
                if (cut.size !== made.bytes) throw new Error(`${cut.size} bytes kept, ${made.bytes} told`);
                await fetch(name, { method: 'PUT', body: cut });
                await window.film.discardCut(name);
                return made;
            }""",
            [asked, mode, name, list(marks)],
        )
        suffix = {"video/mp4": ".mp4", "video/quicktime": ".mov", "video/webm": ".webm", "video/x-matroska": ".mkv"}
        path = (self.taken / name).rename(self.taken / f"{name}{suffix[made['mimeType']]}")
        return CutFile(path, made["mimeType"], made["cut"], made["claims"])


def code_of(engine: Engine, path: Path) -> str | None:
    """The code of the one sentence that says why a film cannot be opened; None where it can."""
    engine.choose(path)
    problem = engine.problem()
    assert problem is None or problem["sentence"].endswith(".")
    return problem and problem["code"]


def numbers_of(made: CutFile) -> list[int]:
    """The numbers of the moment's pictures."""
    with av.open(str(made.path)) as container:
        frames = [(frame.pts * frame.time_base, frame) for frame in container.decode(video=0)]
    first = frames[0][0]
    chosen = [frame for at, frame in frames if made.cut["in"] <= int((at - first) * 1000) < made.cut["out"]]
    return [read_number(stored_grey(frame)) for frame in chosen]
