"""Hiding a bystander: on no picture of what is made is anything left of the figure, and the rest is as it was."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.cut.clips import cut_clip
from pipeline.cut.masking import CELL_PX, GREY, mask_of
from pipeline.cut.stills import save_still
from pipeline.hiding.hide import Hiding, hide_in_clip, hide_in_still
from pipeline.marks import Box, Covers, Mark, Picture, picture_at, picture_ms
from pipeline.moments import Clip, Still
from pipeline.presets import preset
from pipeline.source.film import Film, probe
from pipeline.source.remux import make_seekable
from tests.figures import Way, figure_pixels, mark, pictures_in, walk, walking_film
from tests.footage import RUNNER, run

MEDIA = Path(__file__).parents[4] / "shared" / "media"
UNEVEN = "settb=1/90000,setpts='N*3600+mod(N*N*7,23)*90'"
UNEVEN_TICKS = ("-enc_time_base", "1:90000", "-video_track_timescale", "90000")


def real(at_ms: int, left: float, top: float, right: float, bottom: float) -> Mark:
    """A box around a real person, as a guider would draw it."""
    return Mark(at_ms=at_ms, covers=Covers.BOX, box=Box.from_edges(left, top, right, bottom))


def turned(box: Mark) -> Mark:
    """The same mark on a film that is shown a quarter turned to the right."""
    old = box.box
    assert old is not None
    new = Box.from_edges(1 - old.y - old.height, old.x, 1 - old.y, old.x + old.width)
    return Mark(at_ms=box.at_ms, covers=Covers.BOX, box=new)


def hide(film: Film, clip: Clip, marks: list[Mark], folder: Path, named: str = "review") -> tuple[Path, Hiding]:
    made, hiding = hide_in_clip(film, clip, preset(named), folder / "clip.mp4", marks, runner=RUNNER)
    assert made is not None
    return made.path, hiding


def untouched(covered: list[NDArray[np.uint8]], plain: list[NDArray[np.uint8]], pictures: tuple[Picture, ...]) -> float:
    """The largest mean difference over a picture, next to no cover, between what was covered and what was not."""
    worst = 0.0
    for seen, before, picture in zip(covered, plain, pictures, strict=True):
        height, width = seen.shape[:2]
        cells = mask_of(picture, width, height)
        near = cv2.dilate(cells, np.ones((5, 5), np.uint8))  # where a codec's blocks reach over the edge
        away = np.kron(near, np.ones((CELL_PX, CELL_PX), np.uint8))[:height, :width] == 0
        if away.any():
            worst = max(worst, float(np.abs(seen.astype(np.int16) - before)[away].mean()))
    return worst


@pytest.mark.parametrize("kind", ["plain", "turned", "variable rate", "in full", "between key frames"])
def test_no_picture_shows_anything_of_the_figure_and_the_rest_is_as_it_was(kind: str, tmp_path: Path) -> None:
    filters, container, marks = "null", (), [mark(walk, n) for n in (0, 25, 49)]
    clip = Clip(in_ms=0, out_ms=2000)
    if kind == "variable rate":
        filters, container = UNEVEN, UNEVEN_TICKS
    elif kind == "between key frames":
        clip = Clip(in_ms=400, out_ms=1600)
        marks = [mark(walk, n, (n - 10) * 40) for n in (10, 25, 39)]
    path = walking_film(tmp_path / "film.mp4", walk, filters=filters, container=container)
    if kind == "turned":
        run("-display_rotation", "-90", "-i", str(path), "-c", "copy", str(tmp_path / "turned.mp4"))
        path, marks = tmp_path / "turned.mp4", [turned(one) for one in marks]
    film = make_seekable(probe(path), tmp_path, runner=RUNNER)
    named = "full" if kind == "in full" else "review"
    made, hiding = hide(film, clip, marks, tmp_path, named)
    plain = pictures_in(cut_clip(film, clip, preset(named), tmp_path / "plain.mp4", runner=RUNNER).path)
    covered = pictures_in(made)
    assert len(covered) == len(plain) == len(hiding.pictures)
    assert min(figure_pixels(picture) for picture in plain) > 1000
    assert max(figure_pixels(picture) for picture in covered) == 0
    assert sum(one.covers is Covers.BOX for one in hiding.pictures) > 0.9 * len(covered)
    assert untouched(covered, plain, hiding.pictures) < 2.5


def test_a_still_shows_nothing_of_the_figure(tmp_path: Path) -> None:
    film = make_seekable(probe(walking_film(tmp_path / "film.mp4", walk)), tmp_path, runner=RUNNER)
    still = Still(at_ms=800)
    made, hiding = hide_in_still(film, still, tmp_path / "still.jpg", [mark(walk, 20, 0)], runner=RUNNER)
    plain = save_still(film, still, tmp_path / "plain.jpg", runner=RUNNER)
    assert made is not None
    covered, before = (cv2.imread(str(path))[:, :, ::-1] for path in (made.path, plain.path))
    assert figure_pixels(before) > 1000
    assert figure_pixels(covered) == 0
    assert untouched([covered], [before], hiding.pictures) < 1


def jump(number: int) -> tuple[float, float] | None:
    return walk(number) if number < 20 else (20, 10 + number)


def vanish(number: int) -> tuple[float, float] | None:
    return walk(number) if number < 20 else None


def leave(number: int) -> tuple[float, float] | None:
    return 200 + 4.0 * number, 80


@pytest.mark.parametrize(
    ("way", "hide_behind", "first_doubt"),
    [(jump, None, 20), (vanish, None, 20), (leave, None, 24), (walk, 160, 26)],
    ids=["jumps", "vanishes", "leaves", "goes behind a pillar"],
)
def test_once_the_figure_may_be_lost_every_picture_is_covered_whole(
    way: Way, hide_behind: int | None, first_doubt: int, tmp_path: Path
) -> None:
    path = walking_film(tmp_path / "film.mp4", way, hide_behind=hide_behind)
    film = make_seekable(probe(path), tmp_path, runner=RUNNER)
    made, hiding = hide(film, Clip(in_ms=0, out_ms=2000), [mark(way, 0), mark(way, 4)], tmp_path)
    assert max(figure_pixels(picture) for picture in pictures_in(made)) == 0
    assert all(one.covers is Covers.WHOLE and one.doubt for one in hiding.pictures[first_doubt + 4 :])
    assert hiding.pictures[2].covers is Covers.BOX


def test_nothing_is_left_open_where_nobody_was_marked_or_said_to_be_away(tmp_path: Path) -> None:
    film = make_seekable(probe(walking_film(tmp_path / "film.mp4", vanish)), tmp_path, runner=RUNNER)
    clip = Clip(in_ms=0, out_ms=2000)
    made, hiding = hide_in_clip(film, clip, preset("review"), tmp_path / "none.mp4", [], runner=RUNNER)
    assert made is None
    assert {one.covers for one in hiding.pictures} == {Covers.WHOLE}
    away = [Mark(at_ms=n * 40, covers=Covers.NOBODY) for n in (22, 40)]
    path, hiding = hide(film, clip, [mark(vanish, 0), mark(vanish, 12), *away], tmp_path)
    covers = [one.covers for one in hiding.pictures]
    assert set(covers[22:41]) == {Covers.NOBODY}
    assert set(covers[41:]) == {Covers.WHOLE}  # nobody said that the figure does not come back
    assert max(figure_pixels(picture) for picture in pictures_in(path)) == 0


@pytest.mark.parametrize("fps", [Fraction(25), Fraction(30000, 1001), Fraction(60), Fraction(7)])
def test_each_picture_is_found_again_by_its_time(fps: Fraction) -> None:
    assert [picture_at(picture_ms(n, fps), fps, 100) for n in range(100)] == list(range(100))


@pytest.mark.skipif(not MEDIA.is_dir(), reason="the real films are not here")
def test_a_real_person_is_covered_on_every_picture_of_what_is_made(tmp_path: Path) -> None:
    film = make_seekable(probe(MEDIA / "face_asl_sister_noaudio.mkv"), tmp_path, runner=RUNNER)
    clip = Clip(in_ms=0, out_ms=2900)
    made, hiding = hide(film, clip, [real(0, 0.26, 0.13, 0.64, 1)], tmp_path)
    covered = pictures_in(made)
    plain = pictures_in(cut_clip(film, clip, preset("review"), tmp_path / "plain.mp4", runner=RUNNER).path)
    height, width = covered[0].shape[:2]
    head = (slice(round(0.13 * height), round(0.45 * height)), slice(round(0.39 * width), round(0.55 * width)))
    for seen in covered:
        assert np.abs(seen[head].astype(np.int16) - GREY).max() <= 12
    assert untouched(covered, plain, hiding.pictures) < 2.5
    boxes = [one.box for one in hiding.pictures if one.box]
    assert len(boxes) > 0.9 * len(covered)
    assert min(box.x for box in boxes) > 0.1  # the door beside him is nobody's
