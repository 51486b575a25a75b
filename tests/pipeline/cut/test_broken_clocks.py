"""Streams that begin anywhere, start again, or whose clock wraps: one zero, one clock, each picture at its time."""

from __future__ import annotations

from pathlib import Path

import cv2
import pytest

from pipeline.cut.clips import cut_clip
from pipeline.cut.stills import grab_still
from pipeline.moments import Clip
from pipeline.presets import preset
from pipeline.source.film import Film, probe
from pipeline.source.remux import OVERLAPS, make_seekable
from tests.footage import RUNNER, beeps_ms_in, numbered_film, numbers_in, read_number
from tests.mp4_boxes import Box, Mp4

PACKET = 188
CLOSED = ("-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "30", "-crf", "18")
OPEN = ("-c:v", "libx264", "-preset", "fast", "-bf", "3", "-g", "30", "-x264-params", "open-gop=1:scenecut=0")


def opened(path: Path) -> Film:
    folder = path.with_suffix("")
    folder.mkdir()
    return make_seekable(probe(path), folder, runner=RUNNER)


def numbers(film: Film, in_ms: int, out_ms: int, folder: Path) -> list[int]:
    clip = cut_clip(film, Clip(in_ms=in_ms, out_ms=out_ms), preset("full"), folder / "clip.mp4", runner=RUNNER)
    return numbers_in(clip.path)


def shown(film: Film, at_ms: int) -> int:
    return read_number(cv2.cvtColor(grab_still(film, at_ms, runner=RUNNER).pixels, cv2.COLOR_BGR2GRAY))


@pytest.mark.parametrize("codec", [CLOSED, OPEN], ids=["closed", "open"])
@pytest.mark.parametrize("share", [0.2, 0.45])
def test_a_stream_that_begins_within_a_group_begins_with_its_first_whole_picture(
    tmp_path: Path, codec: tuple[str, ...], share: float
) -> None:
    whole = numbered_film(tmp_path / "whole.ts", frames=240, codec=codec).read_bytes()
    packets = len(whole) // PACKET
    path = tmp_path / "cut.ts"
    path.write_bytes(whole[round(packets * share) * PACKET :])
    film = opened(path)
    first = shown(film, 0)
    assert first > 0
    assert film.duration_ms == pytest.approx((240 - first) * 1000 / 30, abs=2)
    assert numbers(film, 500, 1500, tmp_path) == list(range(first + 15, first + 45))
    for beep in beeps_ms_in(tmp_path / "clip.mp4"):
        off = (first * 1000 / 30 + 500 + beep) % 1000
        assert min(off, 1000 - off) < 20 or beep < 1


@pytest.mark.parametrize("codec", [CLOSED, OPEN], ids=["closed", "open"])
def test_streams_joined_byte_by_byte_are_one_film(tmp_path: Path, codec: tuple[str, ...]) -> None:
    one = numbered_film(tmp_path / "1.ts", frames=150, codec=codec)
    two = numbered_film(tmp_path / "2.ts", frames=120, first=500, codec=codec)
    both = tmp_path / "both.MTS"
    both.write_bytes(one.read_bytes() + two.read_bytes())
    film = opened(both)
    assert film.duration_ms == pytest.approx(9000, abs=40)
    assert [shown(film, at_ms) for at_ms in (0, 4500, 6010, 8510)] == [0, 135, 530, 605]
    joined = numbers(film, 4500, 5500, tmp_path)
    assert joined == [*range(135, 150), *range(500, 515)]


@pytest.mark.parametrize(("later", "told"), [(58, True), (60, True), (62, False), (75, False)])
def test_streams_joined_so_that_their_clocks_overlap_are_told(tmp_path: Path, later: int, told: bool) -> None:
    """By less than 0.1 s, which ffmpeg takes for no other clock; a stream's own delay is two pictures here."""
    one = numbered_film(tmp_path / "1.ts", frames=60, codec=CLOSED)
    offset = ("-output_ts_offset", f"{later / 30:.6f}")
    two = numbered_film(tmp_path / "2.ts", frames=45, first=500, codec=CLOSED, container=offset)
    both = tmp_path / "both.ts"
    both.write_bytes(one.read_bytes() + two.read_bytes())
    film = opened(both)
    assert (OVERLAPS in film.warnings) is told
    before, after = shown(film, 1700), shown(film, film.duration_ms - 200)
    assert (before, after) == (51, 539) or told


@pytest.mark.parametrize("before_s", [0.7, 2.5])
def test_a_clock_of_33_bits_that_wraps_goes_on(tmp_path: Path, before_s: float) -> None:
    wrap_s = 2**33 / 90_000
    offset = ("-output_ts_offset", str(wrap_s - before_s), "-muxdelay", "0", "-muxpreload", "0")
    film = opened(numbered_film(tmp_path / "film.ts", frames=150, codec=CLOSED, container=offset))
    assert film.duration_ms == pytest.approx(5000, abs=2)
    assert numbers(film, 0, 5000, tmp_path) == list(range(150))
    assert beeps_ms_in(tmp_path / "clip.mp4") == pytest.approx([0, 1000, 2000, 3000, 4000], abs=20)


def test_a_film_without_a_list_of_key_frames_is_cut_exactly(tmp_path: Path) -> None:
    film = Mp4(numbered_film(tmp_path / "film.mp4", frames=150, codec=CLOSED))
    table = film.tracks[0].one("mdia", "minf", "stbl")
    table.inside = [box if box.kind != "stss" else Box("free", box.own) for box in table.inside]
    read = probe(film.write(tmp_path / "unlisted.mp4"))
    assert numbers(read, 1500, 2500, tmp_path) == list(range(45, 75))
    assert [shown(read, at_ms) for at_ms in (10, 1510, 4990)] == [0, 45, 149]
