"""Films in fragments: each picture is found at its time, in whatever order they lie, or the page says why not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.footage import run
from tests.fragments import (
    H264,
    HEVC,
    Fragment,
    as_ffmpeg_breaks_them,
    begun_anew,
    change_fragments,
    in_fragments,
    without_lengths,
)
from tests.web.engine import Engine, code_of, numbers_of

TOGETHER = "engine_odd"


@pytest.mark.parametrize("kind", ["each picture alone", "without lengths", "HEVC", "several pictures each"])
def test_each_picture_is_found_though_fragments_overlap(engine: Engine, tmp_path: Path, kind: str) -> None:
    film = in_fragments(tmp_path / "film.mp4", codec=HEVC if kind == "HEVC" else H264, frames=60)
    if kind == "without lengths":
        change_fragments(film, without_lengths)
    if kind == "several pictures each":
        run(
            "-i",
            str(film),
            "-c",
            "copy",
            "-movflags",
            "empty_moov",
            "-frag_duration",
            "150000",
            str(tmp_path / "b.mp4"),
        )
        film = tmp_path / "b.mp4"
    engine.choose(film)
    assert engine.facts()["durationMs"] == 2000
    shown = range(0, 60, 7) if kind == "HEVC" else range(28, 60)
    assert [engine.picture(n * 1000 // 30 + 1) for n in shown] == list(shown)
    assert numbers_of(engine.cut({"in": 1000, "out": 2000})) == list(range(30, 60))


def say_no_time(fragment: Fragment) -> None:
    fragment.say_no_time()


def share_a_time(fragment: Fragment) -> None:
    if fragment.track == 1 and fragment.number == 31:
        fragment.begin_later(-512)


TOLD = {
    "film_without_order": (as_ffmpeg_breaks_them, "frag_every_frame"),
    "film_put_behind": (begun_anew, "frag_keyframe"),
    "film_not_opened": (say_no_time, "frag_keyframe"),
}


@pytest.mark.parametrize("code", TOLD)
def test_fragments_that_leave_times_open_are_told(engine: Engine, tmp_path: Path, code: str) -> None:
    change, flags = TOLD[code]
    assert code_of(engine, change_fragments(in_fragments(tmp_path / "film.mp4", flags=flags), change)) == code


def test_pictures_of_fragments_that_share_a_time_go_whole(engine: Engine, tmp_path: Path) -> None:
    film = change_fragments(in_fragments(tmp_path / "film.mp4", codec=(*H264, "-bf", "0")), share_a_time)
    assert code_of(engine, film) == "film_not_opened"
