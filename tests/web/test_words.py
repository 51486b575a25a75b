"""All words of the page are in one catalogue, which holds no other."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.web.engine import WEB, run_npm

LOCALES = WEB / "src" / "locales"


def test_the_catalogue_holds_each_word_of_the_page_and_none_besides(tmp_path: Path) -> None:
    for loader in LOCALES.glob("*.loader.js"):
        shutil.copy(loader, tmp_path)
    done = run_npm("words", PAGE_LOCALES=str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    kept = (LOCALES / "en.po").read_text("utf-8")
    assert (tmp_path / "en.po").read_text("utf-8") == kept, "run npm --prefix web run words"
