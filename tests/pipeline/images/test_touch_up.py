"""Touching up a still: what is straightened, cut and brightened, and what stays as it was."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.errors import ArtifactWrong
from pipeline.images.touch_up import TouchUp, touch_up, touched_copy

Picture = NDArray[np.uint8]
GREEN = (0, 255, 0)


def scene(lightness: int, *, tilt_deg: float = 0.0) -> Picture:
    """A wall over a darker floor, with a red and a blue toy; the whole scene turned clockwise by ``tilt_deg``."""
    picture = np.full((360, 640, 3), lightness, np.uint8)
    picture[240:] = lightness // 2
    picture[200:240, 100:160] = (lightness // 5, lightness // 5, lightness)
    picture[200:240, 400:460] = (lightness, lightness // 5, lightness // 5)
    turn = cv2.getRotationMatrix2D((319.5, 179.5), -tilt_deg, 1.0)
    return cv2.warpAffine(picture, turn, (640, 360), borderMode=cv2.BORDER_REPLICATE).astype(np.uint8)


def floor_line(picture: Picture, column: int) -> int:
    """The row at which the wall ends in that column."""
    grey = picture[5:-5, column].astype(int).sum(axis=1)
    return int(np.argmin(np.diff(grey)))


@pytest.mark.parametrize("tilt_deg", [-7.0, 3.0])
def test_a_tilted_picture_becomes_level_and_has_no_empty_corner(tilt_deg: float) -> None:
    tilted = scene(200, tilt_deg=tilt_deg)
    tilted[[0, -1]] = tilted[:, [0, -1]] = GREEN  # the frame's edge: what lies beyond it must not come in
    level = touch_up(tilted, TouchUp(straighten_deg=-tilt_deg))
    height, width = level.shape[:2]
    assert abs(floor_line(tilted, 20) - floor_line(tilted, 620)) > 25
    assert abs(floor_line(level, 20) - floor_line(level, width - 20)) <= 1
    assert width / height == pytest.approx(640 / 360, rel=0.01)
    assert width > 640 * 0.75
    assert np.abs(level.astype(int) - GREEN).max(axis=2).min() > 90


def test_what_is_cut_away_is_gone_and_the_rest_is_the_same_to_the_pixel() -> None:
    picture = scene(200)
    cut = touch_up(picture, TouchUp(cut_left=10, cut_right=25, cut_top=50, cut_bottom=5))
    assert np.array_equal(cut, picture[180:342, 64:480])


def test_something_is_always_left() -> None:
    cut = touch_up(scene(200), TouchUp(cut_left=80, cut_right=80, cut_top=80, cut_bottom=80))
    assert min(cut.shape[:2]) >= 32


def test_a_dark_kitchen_becomes_lighter_and_keeps_its_colours() -> None:
    dark = scene(45)
    lighter = touch_up(dark, TouchUp(brighten=True))
    assert lighter[100, 320].mean() > 1.6 * dark[100, 320].mean()
    assert lighter.max() < 250
    for x, strongest in ((130, 2), (430, 0)):
        assert int(np.argmax(lighter[220, x])) == strongest
    assert np.abs(np.diff(lighter[100, 320].astype(int))).max() <= 2  # a grey wall stays grey


@pytest.mark.parametrize("lightness", [0, 3])
def test_a_picture_that_is_all_but_black_is_lifted_mildly(lightness: int) -> None:
    assert touch_up(np.full((64, 64, 3), lightness, np.uint8), TouchUp(brighten=True)).max() < 40


def test_a_bright_picture_or_no_wish_leaves_the_very_same_file(tmp_path: Path) -> None:
    source = tmp_path / "a.jpg"
    assert cv2.imwrite(str(source), scene(220))
    for wish in (TouchUp(), TouchUp(brighten=True)):
        assert touched_copy(source, wish, tmp_path / "b.jpg") == (640, 360)
        assert (tmp_path / "b.jpg").read_bytes() == source.read_bytes()
    assert touched_copy(source, TouchUp(cut_left=50), tmp_path / "b.jpg") == (320, 360)
    assert b"Exif" not in (tmp_path / "b.jpg").read_bytes()


def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"not a picture")
    with pytest.raises(ArtifactWrong):
        touched_copy(tmp_path / "a.jpg", TouchUp(brighten=True), tmp_path / "b.jpg")
