"""A pack opened from the disk in the machine's Firefox: what differs between browsers is tried in both."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.closing_notes import ReviewWords
from tests.axe import AXE, OPTIONS, in_words
from tests.end_to_end.conftest import PASSPHRASE
from tests.end_to_end.reader import RATES, SEEN, number_on, rounds
from tests.firefox import Firefox, installed
from tests.servers import wait_until

TOGETHER = "packs"

pytestmark = pytest.mark.skipif(installed() is None, reason="no Firefox on this machine: install firefox-esr")
DROPPED = "return document.querySelector('#stage video').getVideoPlaybackQuality().droppedVideoFrames"
WINDOW = """
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  const box = document.querySelector('#stage .window').getBoundingClientRect();
  const picture = document.querySelector('#stage video, #stage img');
  return [[box.left, box.top, box.right, box.bottom].map(Math.round),
    [picture.videoWidth || picture.naturalWidth, picture.videoHeight || picture.naturalHeight]];
"""


@pytest.fixture(scope="module")
def firefox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firefox]:
    folder = tmp_path_factory.mktemp("firefox")
    downloads = {"browser.download.folderList": 2, "browser.download.dir": str(folder)}
    opened = Firefox(folder, **downloads)
    can_play = "return document.createElement('video').canPlayType('video/mp4; codecs=\"avc1.64001f\"')"
    if not opened.run(can_play):
        opened.quit()
        pytest.skip("this Firefox plays no H.264: install libavcodec")
    yield opened
    opened.quit()


def number(firefox: Firefox) -> int:
    """The number on the picture that is on the screen, as painted; -1 while there is none."""
    (left, top, right, bottom), (width, height) = firefox.run(WINDOW)
    return -1 if not width else number_on(firefox.shot()[top:bottom, left:right], width, height)


def expect_number(firefox: Firefox, wanted: int) -> None:
    wait_until(lambda: number(firefox) == wanted, f"the picture with the number {wanted}")


def test_every_clip_begins_with_its_first_picture_and_is_stepped_exactly(firefox: Firefox, pack: Path) -> None:
    firefox.open((pack / "index.html").as_uri())
    for _ in RATES:
        firefox.press("PageDown")
        firefox.at_rest()
        expect_number(firefox, 0)
        firefox.press("ArrowRight", "ArrowRight", "ArrowRight")
        expect_number(firefox, 3)
        firefox.press("ArrowLeft")
        expect_number(firefox, 2)
        firefox.press(*["ArrowRight"] * 60)
        expect_number(firefox, 59)
        firefox.press("ArrowLeft")
        expect_number(firefox, 58)
    firefox.press("PageDown")
    expect_number(firefox, 77)


def test_plays_slowly_without_drop_outs_and_this_bit_alone(firefox: Firefox, long_pack: Path) -> None:
    firefox.open((long_pack / "index.html").as_uri())
    firefox.press("PageDown")
    firefox.at_rest()
    firefox.press("4")
    dropped = []
    while len(dropped) < 3 and 0 not in dropped:  # a busy machine may drop one, but not each time
        before = firefox.run(DROPPED)
        firefox.press("r")
        firefox.until("!v.paused && v.currentTime > 0.5")
        firefox.press(" ")
        firefox.at_rest()
        dropped.append(firefox.run(DROPPED) - before)
    assert 0 in dropped, dropped
    first = number(firefox)
    firefox.press("ArrowRight")
    expect_number(firefox, first + 1)
    firefox.press("1", "l", " ", *["ArrowRight"] * 30)
    firefox.at_rest()
    firefox.press("[", *["ArrowRight"] * 12)
    firefox.at_rest()
    firefox.press("]")
    firefox.run(SEEN)
    firefox.press(" ")
    wait_until(lambda: firefox.run("return seen.filter((n, i) => n < seen[i - 1]).length") >= 2, "it comes back")
    seen = rounds(firefox.run("return seen"))[:2]
    assert min(max(one) - min(one) for one in seen) <= 13, seen
    firefox.press("l", "r")
    firefox.until("v.ended")
    expect_number(firefox, 149)


def test_touch_plays_and_looks_closer(firefox: Firefox, long_pack: Path) -> None:
    firefox.open((long_pack / "index.html").as_uri())
    firefox.tap("#begin")
    firefox.at_rest()
    firefox.touch([(400, 250), (360, 250), (320, 250)], [(440, 250), (480, 250), (520, 250)])
    firefox.until("v.style.transform.includes('scale(4)')")
    assert firefox.run("return document.querySelector('#stage video').paused")
    firefox.tap("#whole")
    firefox.tap("#stage")
    firefox.until("v.played.length > 0")


def test_the_keyboard_alone_shows_the_words_and_saves_what_was_written(firefox: Firefox, long_pack: Path) -> None:
    firefox.open((long_pack / "index.html").as_uri())
    firefox.press("Tab", "Tab", "Tab", "Enter")
    firefox.at_rest()
    assert "Ella looks up." not in firefox.run("return document.querySelector('main').innerText")
    firefox.press("w")
    assert "Ella looks up." in firefox.run("return document.querySelector('main').innerText")
    firefox.press("s", "PageDown", "PageDown", "PageDown", "Tab", *"Mum waits.", "Tab", "Enter")
    folder = firefox.folder
    wait_until(lambda: any(one.stat().st_size for one in folder.glob("our-words-*.json")), "the words are saved")
    [file] = folder.glob("our-words-*.json")
    assert ReviewWords.model_validate_json(file.read_bytes()).strengths == ("Mum waits.",)


@pytest.mark.skipif(not AXE.is_file(), reason="the page's packages are not installed: run make page")
def test_axe_finds_nothing_in_either_theme(firefox: Firefox, long_pack: Path) -> None:
    for dark in (False, True):
        firefox.be_dark(dark)
        firefox.open((long_pack / "index.html").as_uri())
        for keys in ((), ("PageDown", "w", "p", "+"), ("0", "s"), ("PageDown", "PageDown", "PageDown")):
            firefox.press(*keys)
            assert in_words(firefox.run(f"{AXE.read_text()}; return axe.run(document, a[0])", OPTIONS)) == []


def test_a_sealed_pack_opens_with_its_passphrase_alone(firefox: Firefox, sealed_pack: Path) -> None:
    firefox.open((sealed_pack / "index.html").as_uri())
    typed = "document.getElementById('passphrase').value = a[0]; document.getElementById('unlock').click()"
    firefox.run(typed, PASSPHRASE.replace("pencil", "pen"))
    told = "return document.getElementById('gate-told').textContent"
    wait_until(lambda: str(firefox.run(told)).startswith("That is not the passphrase"), "the passphrase is refused", 60)
    assert firefox.run("return document.getElementById('app').hidden")
    firefox.run(typed, PASSPHRASE)
    wait_until(lambda: firefox.run("return !document.getElementById('begin').hidden"), "the pack opens", 60)
    firefox.press("PageDown")
    firefox.at_rest()
    expect_number(firefox, 0)
