"""What must not be read by IT is taken out, and what helps is left."""

from __future__ import annotations

import pytest

from pipeline.moments import parse_selection
from records.redaction import redact, words_in
from tests.records.cast import K_104


@pytest.mark.parametrize(
    ("told", "left"),
    [
        ("erasing K-104 failed", "erasing […] failed"),
        ("  title           : Ella's birthday", "  title           : […]"),
        (
            "    com.apple.quicktime.location.ISO6709: +51.5007-000.1246+011.800/",
            "    […]",
        ),
        ("filmed at +51.5007-000.1246/", "filmed at […]"),
        ("Authorization: Bearer abc.def-1", "Authorization: Bearer […]"),
        ("redis://:pass word@host:6379/0", "redis://:pass word@host:6379/0"),
        ("redis://:bell@127.0.0.1:6379/0", "redis://[…]@127.0.0.1:6379/0"),
        ('"password": "bell", "port": 1', '"password": "[…]", "port": 1'),
        ("ask noor@council.example", "ask […]"),
        ("/home/ada/films/01.mp4: Invalid data", "…/01.mp4: Invalid data"),
        (
            "exit 187 at frame 12, UTF-8, SHA-256, https://host/a/b",
            "exit 187 at frame 12, UTF-8, SHA-256, https://host/a/b",
        ),
    ],
)
def test_one_kind_of_trace(told: str, left: str) -> None:
    assert redact(told) == left


TAGGED = """Input #0, matroska,webm, from 'FILM':
  Metadata:
    title           : for Mum
                    : Ella Smith
    ELLA SMITH      : seven
  Duration: 00:00:01.00, start: 0.000000, bitrate: 294 kb/s
  Chapters:
    Chapter #0:0: start 0.000000, end 1.000000
      Metadata:
        title           : Ella waves
    Stream #0:0: Video: h264 (High), yuv420p, 25 fps
      Metadata:
        kid             : Ella
Conversion failed!"""


@pytest.mark.parametrize("first", range(len(TAGGED.splitlines())))
def test_a_film_s_own_tags_are_taken_out_whatever_they_are_called_and_wherever_the_text_begins(first: int) -> None:
    told = redact("\n".join(TAGGED.splitlines()[first:]))
    assert not {"ella", "smith", "mum", "seven", "waves", "kid"} & set(told.lower().split())
    assert told.endswith("Conversion failed!")
    for kept in ("Input #0, matroska,webm", "  Duration: 00:00:01.00", "Stream #0:0: Video: h264 (High)"):
        number = next(n for n, line in enumerate(TAGGED.splitlines()) if kept in line)
        assert (kept in told) == (first <= number)


def test_every_word_a_guider_wrote_is_taken_out_whatever_its_case() -> None:
    arrow = {"kind": "arrow", "x1": 0.1, "y1": 0.9, "x2": 0.5, "y2": 0.5}
    words = words_in(parse_selection({**K_104, "still": [{**K_104["still"][0], "drawings": [arrow]}]}))
    assert {"K-104", "Ella looks up. Mum waits.", "How can we enjoy playing together?"} <= words
    assert not {"receiving-initiatives", "arrow", "yellow"} & words
    assert redact("drawing “ELLA LOOKS UP. mum waits.” failed", words) == "drawing “[…]” failed"


def test_a_short_word_does_not_tear_others_apart() -> None:
    assert redact("minimum of mum", {"mum", "of", ""}) == "minimum of […]"
