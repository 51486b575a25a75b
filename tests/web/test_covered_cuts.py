"""Somebody is covered in the page before anything leaves it: what the cut holds, pixel by pixel, and what not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.cut.clips import cut_clip
from pipeline.cut.stills import grab_still
from pipeline.moments import Clip
from pipeline.presets import preset
from pipeline.source.film import probe
from tests.figures import FIGURE, HEIGHT, WIDTH, figure_pixels, pictures_in, walk, walking_film
from tests.footage import RUNNER, run
from tests.web.engine import Engine

TOGETHER = "engine"


def box_at(number: int, way: Any = walk) -> dict[str, Any]:
    """A mark of a box closely around the figure on a picture of 25 a second."""
    left, top = way(number)
    box = {"x": left / WIDTH, "y": top / HEIGHT, "width": FIGURE[0] / WIDTH, "height": FIGURE[1] / HEIGHT}
    return {"at": number * 40, "covers": "box", "box": box}


def grey_share(picture: NDArray[np.uint8]) -> float:
    """How much of an RGB picture is the cover's grey."""
    return float((np.abs(picture.astype(int) - 0x5B).max(axis=2) < 4).mean())


def test_a_covered_clip_holds_its_own_pictures_only_and_the_figure_on_none(engine: Engine, tmp_path: Path) -> None:
    engine.choose(walking_film(tmp_path / "film.mp4", walk, frames=75))
    made = engine.cut({"in": 1000, "out": 2000}, "covered", [box_at(25), box_at(49)])
    shown = pictures_in(made.path)
    assert len(shown) == 25  # nothing around it: what is not covered has not left
    assert made.cut == {"in": 0, "out": 1000}
    assert made.claims["pictures"] == 25
    film = pictures_in(tmp_path / "film.mp4")[25:50]
    for number, picture in enumerate(shown):
        assert picture.shape == (HEIGHT, WIDTH, 3)
        assert figure_pixels(film[number]) > 1500
        assert figure_pixels(picture) == 0, number
        assert grey_share(picture) < 0.3  # the others are still to be seen
        assert np.abs(picture[:50].astype(int) - film[number][:50].astype(int)).mean() < 12
    with av.open(str(made.path)) as container:
        [sound] = container.streams.audio
        heard = sum(frame.samples for frame in container.decode(sound)) / sound.rate
    assert heard == pytest.approx(1, abs=0.05)
    # The service copies it as it is.
    covered = probe(made.path)
    clip = Clip(in_ms=0, out_ms=1000)
    cut_clip(covered, clip, preset(), tmp_path / "clip.mp4", runner=RUNNER)
    assert all(figure_pixels(picture) == 0 for picture in pictures_in(tmp_path / "clip.mp4"))


def test_a_covered_still_is_one_picture_upright_and_at_its_full_size(engine: Engine, tmp_path: Path) -> None:
    film = tmp_path / "turned.mp4"
    flat = walking_film(tmp_path / "flat.mp4", walk, frames=50)
    run("-display_rotation", "90", "-i", str(flat), "-c", "copy", str(film))
    engine.choose(film)
    lying = box_at(20)["box"]
    # A quarter turn against the clock: what was at the right is at the top.
    box = {"x": lying["y"], "y": 1 - lying["x"] - lying["width"], "width": lying["height"], "height": lying["width"]}
    made = engine.cut({"at": 800, "exact": False}, "covered", [{"at": 800, "covers": "box", "box": box}])
    assert len(pictures_in(made.path)) == 1
    pixels = grab_still(probe(made.path), made.cut["at"], runner=RUNNER, exact=True).pixels[:, :, ::-1]
    assert pixels.shape == (WIDTH, HEIGHT, 3)
    assert figure_pixels(pixels) == 0
    assert 0.05 < grey_share(pixels) < 0.2


def test_what_cannot_be_covered_as_it_was_marked_is_not_made(engine: Engine, tmp_path: Path) -> None:
    engine.choose(walking_film(tmp_path / "film.mp4", walk, frames=50))
    assert engine.refused({"in": 0, "out": 1000}, "covered") == "not_covered"  # nothing is marked


def test_where_nothing_is_known_all_of_the_picture_is_covered(engine: Engine, tmp_path: Path) -> None:
    engine.choose(walking_film(tmp_path / "film.mp4", walk, frames=75))
    nobody = {"at": 1960, "covers": "nobody", "box": None}
    # Between two pictures: the one that stands there goes along, covered whole.
    shown = pictures_in(engine.cut({"in": 1010, "out": 2000}, "covered", [box_at(26), nobody]).path)
    shares = [grey_share(picture) for picture in shown]
    assert shares[0] > 0.99
    assert 0.05 < shares[1] < 0.25
    assert all(share > 0.99 for share in shares[16:24])  # half a second behind the last box
    assert shares[24] < 0.15  # she said that nobody is to be covered there
    assert all(figure_pixels(picture) == 0 for picture in shown[:24])
