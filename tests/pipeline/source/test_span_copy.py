from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import MomentOutsideFilm
from pipeline.moments import Clip, Still
from pipeline.source.film import probe
from pipeline.source.frames import find_shown, find_span, frames_between
from pipeline.source.span_copy import SpanNotCut, copy_span
from tests.footage import beeps_ms_in, grey_of, numbered_film, read_number, run

OPEN_GOP = ("-c:v", "libx264", "-preset", "ultrafast", "-bf", "3", "-g", "25", "-x264-params", "open-gop=1:bframes=3")
VP9 = ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-g", "30", "-b:v", "300k")


def numbers_between(path: Path, in_ms: int, out_ms: int) -> list[int]:
    return [read_number(grey_of(frame)) for frame in frames_between(probe(path), in_ms, out_ms)]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("closed.mp4", {}),
        ("open.mp4", {"codec": OPEN_GOP}),
        ("ntsc.mov", {"fps": "30000/1001"}),
        ("uneven.mp4", {"filters": "settb=1/90000,setpts='PTS+if(mod(N,3),900,0)'"}),
        ("pcm.mov", {"sound_codec": ("-c:a", "pcm_s16le")}),
        ("silent.mp4", {"sound": None}),
        ("vp9.webm", {"codec": VP9, "sound_codec": ("-c:a", "libopus")}),
    ],
)
@pytest.mark.parametrize(("in_ms", "out_ms"), [(0, 500), (1234, 2345), (1001, 1802), (2500, 3000)])
def test_the_moment_holds_the_same_frames_in_its_span_as_in_the_film(
    tmp_path: Path, name: str, options: dict[str, str], in_ms: int, out_ms: int
) -> None:
    film = probe(numbered_film(tmp_path / name, **options))  # type: ignore[arg-type]
    expected = numbers_between(film.path, in_ms, out_ms)
    span = copy_span(film, Clip(**{"in": in_ms, "out": out_ms}), tmp_path / "span")
    assert isinstance(span.moment, Clip)
    assert numbers_between(span.path, span.moment.in_ms, span.moment.out_ms) == expected
    assert len(expected) > 10
    assert abs(span.moment.length_ms - (out_ms - in_ms)) <= 1


def test_a_still_in_its_span_is_the_frame_on_screen_in_the_film(tmp_path: Path) -> None:
    film = probe(numbered_film(tmp_path / "film.mp4", fps="24"))
    [shown] = find_shown(film, 2100).pts
    span = copy_span(film, Still(at=2100), tmp_path / "span")
    assert isinstance(span.moment, Still)
    small = probe(span.path)
    [same] = find_shown(small, span.moment.at_ms).pts
    same_ms = small.ms_at(same)
    assert numbers_between(span.path, same_ms, same_ms + 1) == numbers_between(
        film.path, film.ms_at(shown), film.ms_at(shown) + 1
    )


def test_the_span_of_a_searched_still_holds_the_neighbours_to_search(tmp_path: Path) -> None:
    film = probe(numbered_film(tmp_path / "film.mp4"))
    span = copy_span(film, Still(at=1700, exact=False), tmp_path / "span")
    assert isinstance(span.moment, Still)
    at_ms = span.moment.at_ms
    assert len(find_span(probe(span.path), at_ms - 390, at_ms + 390).pts) >= 23


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv"])
def test_sound_keeps_its_place_beside_the_picture(tmp_path: Path, name: str) -> None:
    film = probe(numbered_film(tmp_path / name, frames=150))
    span = copy_span(film, Clip(**{"in": 1500, "out": 4500}), tmp_path / "span")
    assert isinstance(span.moment, Clip)
    shift_ms = 1500 - span.moment.in_ms
    for beep_ms in (2000, 3000, 4000):
        nearest = min(abs(found + shift_ms - beep_ms) for found in beeps_ms_in(span.path))
        assert nearest <= 5, f"the beep at {beep_ms} ms moved by {nearest} ms"


def test_the_span_is_turned_like_the_film(tmp_path: Path) -> None:
    run("-i", str(numbered_film(tmp_path / "flat.mp4")), "-c", "copy", str(tmp_path / "copy.mp4"))
    run("-display_rotation", "90", "-i", str(tmp_path / "flat.mp4"), "-c", "copy", str(tmp_path / "turned.mp4"))
    film = probe(tmp_path / "turned.mp4")
    assert film.video.orientation.rotate_cw_deg in (90, 270)
    span = copy_span(film, Clip(**{"in": 1000, "out": 2000}), tmp_path / "span")
    assert probe(span.path).video.orientation == film.video.orientation


def test_a_span_of_a_second_is_much_smaller_than_its_film(tmp_path: Path) -> None:
    film = probe(numbered_film(tmp_path / "film.mp4", frames=600))
    assert copy_span(film, Clip(**{"in": 9000, "out": 10000}), tmp_path / "span").bytes < film.bytes / 6


def test_a_moment_outside_the_film_is_refused(tmp_path: Path) -> None:
    film = probe(numbered_film(tmp_path / "film.mp4"))
    with pytest.raises(MomentOutsideFilm):
        copy_span(film, Clip(**{"in": 60_000, "out": 61_000}), tmp_path / "span")


def test_a_film_without_dependable_packet_times_is_refused_and_leaves_no_file(tmp_path: Path) -> None:
    film = probe(numbered_film(tmp_path / "film.ts"))
    with pytest.raises(SpanNotCut):
        copy_span(film, Clip(**{"in": 500, "out": 1000}), tmp_path / "span")
    assert not list(tmp_path.glob("span*"))
