"""Some forty films made up by seeds: page and service give what was drawn, or tell in a sentence that they do not.

The seeds were chosen so that together they have every container, codec, sound, edit list and change that there is.
``make films ARGS="--drawn 300"`` tries more.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import pytest

from pipeline.cut.stills import save_still
from pipeline.moments import Still
from pipeline.source.film import probe
from pipeline.source.remux import make_seekable
from tests.films.colours import colours_differ
from tests.films.compare import Comparison, Verdict
from tests.films.draw import draw
from tests.films.drawn import compare_drawn
from tests.films.folder import compare_film
from tests.films.spec import CHANGES, EDITS, PICTURES, SOUNDS, make_spec
from tests.footage import RUNNER, numbered_film, run
from tests.web.engine import Engine

TOGETHER = "engine_odd"

SEEDS = (
    1, 2, 5, 7, 8, 9, 10, 11, 23, 26, 27, 29, 31, 35, 43, 46, 47, 48, 52, 60, 61, 64, 67, 72, 76, 79, 141, 162, 171,
    172, 180, 195, 206, 208, 219, 250, 314, 333, 373, 853, 1306,
)  # fmt: skip


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_of_a_drawn_film_differs_without_a_word(engine: Engine, seed: int) -> None:
    [verdict] = compare_drawn(engine, [seed])
    assert not verdict.wrong, str(verdict)


def test_the_seeds_have_every_kind() -> None:
    specs = [make_spec(seed) for seed in SEEDS]
    assert {spec.container for spec in specs} == set(PICTURES)
    assert {spec.picture for spec in specs} == {picture for some in PICTURES.values() for picture in some}
    assert {spec.sound for spec in specs} == {"none"} | {sound for some in SOUNDS.values() for sound in some}
    assert {spec.edits for spec in specs} == {"none", *EDITS}
    assert {spec.change for spec in specs} == {"none", *(c for some in CHANGES.values() for c in some)}


@pytest.mark.parametrize(
    "lie", ["its pictures are others", "it is longer", "it is wider", "its sound is late", "one was cut out"]
)
def test_what_is_not_as_drawn_is_found(engine: Engine, tmp_path: Path, lie: str) -> None:
    film = draw(make_spec(13), tmp_path)
    truth, kept = film.truth, film.kept
    first, last = (0, 10), (len(truth.times) - 10, len(truth.times))
    if lie == "its pictures are others":
        truth = replace(truth, numbers=[number + 1 for number in truth.numbers])
    elif lie == "it is longer":
        truth = replace(truth, end=truth.end + 1)
    elif lie == "it is wider":
        truth = replace(truth, sizes=[(width + 20, height) for width, height in truth.sizes])
    elif lie == "its sound is late":
        truth = replace(truth, beeps_s=[beep + 0.1 for beep in truth.beeps_s])
    else:
        kept = frozenset(truth.numbers[1:])
    (tmp_path / "scratch").mkdir()
    verdict = Comparison(engine, film.path, truth, tmp_path / "scratch", (first, last), (), (first,), (), kept).run()
    assert any(who.startswith("page") for who in verdict.wrong), str(verdict)
    assert lie == "one was cut out" or any(who.startswith("service") for who in verdict.wrong), str(verdict)
    assert lie != "its pictures are others" or any(who.startswith("the player") for who in verdict.wrong), str(verdict)
    assert "DISAGREES" in str(verdict)


def test_a_film_of_which_nothing_is_known_is_held_against_a_plain_decoder(engine: Engine, tmp_path: Path) -> None:
    film = numbered_film(tmp_path / "film.mp4", frames=45)
    assert compare_film(engine, film, tmp_path) == Verdict("film.mp4")


@pytest.mark.parametrize("size", ["320x240", "160x120"])
@pytest.mark.parametrize("matrix", ["bt601", "bt709"])
def test_the_colours_of_a_saturated_film_are_compared_pixel_by_pixel(tmp_path: Path, size: str, matrix: str) -> None:
    """Parts of it were 16 of 255 blue in the still and 9 in the reference, which limited means instead of pixels."""
    film = tmp_path / "saturated.ts"
    tag = ("-colorspace", matrix) if matrix == "bt709" else ()
    codec = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "23")
    drawn = ("-f", "lavfi", "-i", f"testsrc2=size={size}:rate=30:duration=0.3")
    run(*drawn, "-vf", f"scale=out_color_matrix={matrix},format=yuv420p", *tag, *codec, str(film))
    still = tmp_path / "still.jpg"
    seekable = make_seekable(probe(film), tmp_path, runner=RUNNER)
    save_still(seekable, Still(at_ms=0, exact=True), still, runner=RUNNER)
    assert colours_differ(film, cv2.imread(str(still))) is None
