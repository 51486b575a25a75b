"""A moment whose pictures do not fit the header that travels with them is found out before it counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.footage import numbered_film, numbers_in, run
from tests.web.engine import Engine

TOGETHER = "engine"

H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "18", "-g", "30", "-bf", "0")
OTHER = {
    "another entropy coder": ("-x264-params", "cabac=1:8x8dct=0"),
    "another transform": ("-profile:v", "high", "-x264-params", "cabac=1:8x8dct=1"),
    "another start of its quantizers": ("-x264-params", "cabac=0:crf=40:weightp=0:ref=4"),
}


def joined(folder: Path, second: tuple[str, ...], *, in_band: bool) -> Path:
    """Two seconds by one encoder and two by another, both numbered from 0, under the header of the first.

    ``in_band``: the pictures carry their own parameter sets; else nothing tells how the second half is to be decoded.
    """
    one = numbered_film(folder / "one.ts", frames=60, codec=H264, sound=None)
    two = numbered_film(folder / "two.ts", frames=60, codec=(*H264, *second), sound=None)
    (folder / "parts.txt").write_text(f"file '{one}'\nfile '{two}'\n")
    strip = () if in_band else ("-bsf:v", "filter_units=remove_types=7-8")
    path = folder / ("film.ts" if in_band else "film.mp4")
    run("-f", "concat", "-safe", "0", "-i", str(folder / "parts.txt"), "-c", "copy", *strip, str(path))
    return path


@pytest.mark.parametrize("second", OTHER.values(), ids=OTHER.keys())
def test_pictures_without_their_header_are_not_taken_out(
    engine: Engine, tmp_path: Path, second: tuple[str, ...]
) -> None:
    engine.choose(joined(tmp_path, second, in_band=False))
    assert engine.refused({"in": 200, "out": 1000}) is None
    assert engine.refused({"in": 2200, "out": 3000}) == "not_cut_differs"
    assert engine.refused({"in": 1500, "out": 3000}) == "not_cut_differs"


@pytest.mark.parametrize("second", OTHER.values(), ids=OTHER.keys())
def test_parameter_sets_that_change_travel_with_their_pictures(
    engine: Engine, tmp_path: Path, second: tuple[str, ...]
) -> None:
    engine.choose(joined(tmp_path, second, in_band=True))
    for moment in ({"in": 200, "out": 1000}, {"in": 2200, "out": 3000}):
        assert {6, 29} <= set(numbers_in(engine.cut(moment).path))
    across = numbers_in(engine.cut({"in": 1500, "out": 2500}).path)
    assert {45, 59, 0, 14} <= set(across)
