"""``python -m tests.films FOLDER``: one line a film. ``--drawn 300 --seed 1``: films made up by a seeded generator."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.conftest import CHROMIUM_ARGS
from tests.films.compare import Verdict
from tests.films.drawn import compare_drawn
from tests.films.folder import compare_folder, films_in
from tests.films.table import row, write_drawn, write_films
from tests.web.engine import Engine, build_trial, serving


@contextmanager
def engine_in_chromium() -> Iterator[Engine]:
    """The page's film engine in the machine's Chromium, or Playwright's."""
    with (
        tempfile.TemporaryDirectory() as trial,
        tempfile.TemporaryDirectory() as taken,
        sync_playwright() as playwright,
    ):
        installed = (shutil.which(name) for name in ("chromium", "google-chrome", "msedge"))
        found = next(filter(None, installed), playwright.chromium.executable_path)
        browser = playwright.chromium.launch(executable_path=found, args=CHROMIUM_ARGS)
        with serving(build_trial(Path(trial)), Path(taken)) as url:
            page = browser.new_page()
            page.goto(url)
            yield Engine(page, Path(taken))
        browser.close()


def report(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """Print a line for each, and a last one that counts."""
    begun, counted = time.monotonic(), Counter[str]()
    found = []
    for verdict in verdicts:
        counted["disagree" if verdict.wrong else "told" if verdict.told else "agree"] += 1
        found.append(verdict)
        print(verdict, flush=True)
    words = ", ".join(f"{counted[word]} {word}" for word in ("agree", "told", "disagree"))
    print(f"{counted.total()} films in {time.monotonic() - begun:.0f} s: {words}")
    return found


def compare_folders(engine: Engine, folders: Sequence[Path], *, write: bool) -> list[Verdict]:
    """What came of every film in them; ``write``: and docs/media.md."""
    begun, found = time.monotonic(), []
    for folder in folders:
        found += report(compare_folder(engine, folder))
    took_s = time.monotonic() - begun
    if write:
        rows = []
        for path, verdict in zip([path for folder in folders for path in films_in(folder)], found, strict=True):
            with tempfile.TemporaryDirectory() as scratch:
                rows.append(row(path, verdict, Path(scratch)))
        write_films(rows, took_s)
    return found


def main() -> int:
    """The exit code: 1 where page, service and reference disagree on a film, 2 for wrong usage."""
    parser = argparse.ArgumentParser(prog="make films", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="*")
    parser.add_argument("--drawn", type=int, default=0, metavar="COUNT", help="films made up by so many seeds")
    parser.add_argument("--seed", type=int, default=1, help="the first of them")
    parser.add_argument("--keep", type=Path, help="where drawn films that disagree are kept")
    parser.add_argument("--write", action="store_true", help="write docs/media.md as well")
    asked = parser.parse_args()
    missing = [folder for folder in asked.folder if not folder.is_dir()]
    if missing or not (asked.folder or asked.drawn):
        parser.error(f"no folder: {missing[0]}" if missing else "name a folder of films: make films DIR=…")
    with engine_in_chromium() as engine:
        found = compare_folders(engine, asked.folder, write=asked.write) if asked.folder else []
        if asked.drawn:
            begun = time.monotonic()
            seeds = range(asked.seed, asked.seed + asked.drawn)
            drawn = report(compare_drawn(engine, seeds, keep=asked.keep))
            found += drawn
            if asked.write:
                write_drawn(seeds, drawn, time.monotonic() - begun)
    return 1 if any(verdict.wrong for verdict in found) else 0


if __name__ == "__main__":
    sys.exit(main())
