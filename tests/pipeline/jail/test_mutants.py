"""A few hundred films damaged at random; ten thousand, each in a jail of its own: make mutants."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tests.footage import JAIL
from tests.pipeline.jail.mutants import BOUNDS, LOOK_AT_MANY, Many, draw

COUNT = 240
FOUND = (2035, 2186, 3448)
"""To seek in these fails as if it were not permitted; they ended as a fault of the service."""
TOGETHER = "jail"


def test_damaged_films_are_moments_or_plain_refusals_and_leave_nothing(tmp_path: Path) -> None:
    (tmp_path / "films").mkdir()
    films = draw(tmp_path / "films")
    folder = tmp_path / "job"
    folder.mkdir()
    many = Many(tuple(films), (*range(COUNT), *FOUND), folder)
    outcome = JAIL.do(LOOK_AT_MANY, many, folder, reads=films, limits=BOUNDS)
    found = Counter(outcome.codes)
    assert outcome.left == ()
    assert sum(found.values()) == COUNT + len(FOUND)
    assert {*outcome.codes[COUNT:]} <= {"film_unreadable", "moment_outside_film"}
    assert found["ready"] > COUNT // 4
    assert COUNT - found["ready"] > COUNT // 10
    assert not {"unexpected", "ffmpeg_timed_out", "too_much_memory", "output_too_large"} & set(found)
