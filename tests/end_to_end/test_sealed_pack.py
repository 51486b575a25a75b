"""A sealed pack, and any pack where no script runs, opened from the disk in a real Chromium."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from pipeline.pack.sealed import seal_files
from tests.end_to_end.conftest import PASSPHRASE
from tests.end_to_end.reader import Reader

TOGETHER = "packs"


def test_a_sealed_pack_opens_with_its_passphrase_and_shows_nothing_before(
    reading: Callable[..., Reader], sealed_pack: Path
) -> None:
    reader = reading(sealed_pack)
    asked = reader.page.get_by_role("textbox", name=re.compile("^The passphrase"))
    asked.fill("lamp river stone garden window pen")
    reader.button("Open").click()
    expect(reader.page.get_by_text("That is not the passphrase of this pack.")).to_be_visible()
    expect(reader.button("Begin")).to_be_hidden()
    asked.fill(f" {PASSPHRASE.upper().replace(' ', ' - ')} ")
    reader.button("Open").click()
    expect(reader.page.get_by_text("There are 3 moments to look at.")).to_be_visible()
    reader.button("Begin").click()
    reader.at_rest()
    reader.expect_number(0)
    reader.press("PageDown")
    reader.at_rest()
    reader.expect_number(0)
    reader.press("PageDown")
    reader.expect_number(77)


def test_notes_and_a_film_are_sealed_too_one_is_saved_the_other_played(
    reading: Callable[..., Reader], long_pack: Path, tmp_path: Path
) -> None:
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.7 marker")
    film = long_pack / "clips" / "01.mp4"
    seal_files({"notes.pdf": tmp_path / "a.pdf", "reel.mp4": film}, "Notes", PASSPHRASE, tmp_path / "sealed.zip")
    shutil.unpack_archive(tmp_path / "sealed.zip", tmp_path)
    page = reading(tmp_path / "sealed-pack").page
    page.get_by_role("textbox", name=re.compile("^The passphrase")).fill(PASSPHRASE)
    page.get_by_role("button", name="Open").click()
    expect(page.get_by_role("heading", name="Notes")).to_be_visible()
    page.wait_for_function("() => document.querySelector('video')?.readyState >= 2")
    with page.expect_download() as saved:
        page.get_by_role("link", name="Save notes.pdf").click()
    assert saved.value.suggested_filename == "notes.pdf"
    assert saved.value.path().read_bytes() == b"%PDF-1.7 marker"


def test_a_piece_of_a_sealed_pack_that_was_changed_or_put_elsewhere_is_not_opened(
    reading: Callable[..., Reader], sealed_pack: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(sealed_pack, tmp_path / "copied")
    first, second = folder / "data/0001.txt", folder / "data/0002.txt"
    first.write_text(second.read_text().replace("sealedPiece(1,", "sealedPiece(0,"))
    reader = reading(folder)
    reader.page.get_by_role("textbox", name=re.compile("^The passphrase")).fill(PASSPHRASE)
    reader.button("Open").click()
    expect(reader.page.get_by_text("A part of this pack is missing or damaged.")).to_be_visible()


@pytest.mark.parametrize("which", ["pack", "sealed_pack"])
def test_where_no_script_runs_the_first_thing_one_reads_is_what_to_do(
    browser: Browser, request: pytest.FixtureRequest, which: str
) -> None:
    folder: Path = request.getfixturevalue(which)
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto((folder / "index.html").as_uri())
    box = page.get_by_text("extract all of it into a folder").bounding_box()
    assert box is not None
    assert box["y"] + box["height"] < 844
    expect(page.get_by_text("ask who gave it to you for a link")).to_be_visible()
    expect(page.get_by_role("button")).to_have_count(0)
    context.close()
