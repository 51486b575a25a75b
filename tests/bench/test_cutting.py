"""What `make bench` finds: on a tiny film by the quickest ways, and on the page that tells of the last run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.cutting.__main__ import Size, report
from bench.cutting.footage import Shape, numbers_in
from bench.cutting.light import light_figures
from bench.cutting.plot import DRAWING, PAGE, RESULTS, draw, filled
from bench.cutting.quality import exactness, vmaf
from bench.cutting.summary import GOALS, Run, ratios
from bench.cutting.watch import Cost
from bench.cutting.ways import Task, own_ways

TINY = Size(film_s=6, clip_ms=2_000, clips=1, whole_s=6.0, shape=Shape(480, 270, "1M"), lines=270)


def test_a_run_tells_costs_pictures_and_ratios(tmp_path: Path) -> None:
    ways = own_ways()
    told = report(TINY, {"floor": ways["floor"], "vigpack": ways["vigpack"]}, {}, 1, tmp_path)
    assert set(told) == {"size", "machine", "release", "ratios", "light", "ways", "missing"}
    [floor, ours] = told["ways"].values()
    for way in (floor, ours):
        assert 0 < way["cpu_s"]["low"] <= way["cpu_s"]["median"] <= way["cpu_s"]["high"]
        assert way["peak_mb"]["median"] > 10
        assert way["pictures"] == {"first_off": 0, "last_off": 0, "missing": 0, "doubled": 0}
        assert way["vmaf"]["worst_second"] > 80
    assert set(told["ratios"]) == {"floor_cpu"}
    assert set(told["ratios"]["floor_cpu"]) == {"median", "low", "high"}


def test_a_clip_of_other_pictures_is_told_and_still_compared_with_its_own(tmp_path: Path) -> None:
    film = TINY.film(tmp_path)
    assert numbers_in(film) == list(range(180))
    task = Task(film, [(1_500, 2_500)], tmp_path, whole_s=4.0, lines=270)
    clips = own_ways()["ffmpeg"].make(task)
    assert exactness(clips, [(1_600, 2_400)]) == {"first_off": -3, "last_off": 3, "missing": 0, "doubled": 0}
    seen = vmaf(clips, film, lines=270)
    assert seen is not None
    assert seen["mean"] > 60


def test_a_film_is_drawn_once(tmp_path: Path) -> None:
    first = TINY.film(tmp_path)
    drawn = first.stat().st_mtime_ns
    assert TINY.film(tmp_path) == first
    assert first.stat().st_mtime_ns == drawn


def test_a_sample_of_the_transcoded_film_counts_for_all_of_it() -> None:
    ours = Run(Cost(wall_s=6.0, cpu_s=11.0, peak_mb=90.0), clips_s=12.0, whole_s=10.0, parts_s={})
    other = Run(Cost(wall_s=7.0, cpu_s=14.0, peak_mb=90.0), 6.0, 10.0, {"transcode": 5.0, "cut": 2.0})
    told = ratios({"vigpack": [ours], "transcode_then_cut": [other]})
    assert told["transcode_then_cut_wall"]["median"] == pytest.approx(
        (6 / 12 * 120) / (5 * 90 + 2 / 6 * 120), abs=0.001
    )


def test_ratios_are_those_of_six_clips_of_20_s() -> None:
    start, took = Cost(wall_s=1.0, cpu_s=2.0, peak_mb=90.0), Cost(wall_s=3.0, cpu_s=5.0, peak_mb=90.0)
    ours, other = Run(took, 8.0, 0.0, {}, clips=2, start=start), Run(took, 120.0, 0.0, {})
    assert ours.of_review("cpu_s") == 2 + 3 / 6 * 118
    assert ratios({"vigpack": [ours], "moviepy": [other]}) == {
        "moviepy_cpu": {"median": 12.2, "low": 12.2, "high": 12.2}
    }


def test_lighter_moments_are_told_where_they_were_measured(tmp_path: Path) -> None:
    measured = tmp_path / "light.json"
    assert set(light_figures({}, measured).values()) == {None}
    filmed, light = (Run(Cost(9.0, cpu_s, 90.0), 120.0, 0.0, {}) for cpu_s in (80.0, 8.0))
    assert light_figures({"vigpack": [filmed], "light": [light]}, measured)["cpu_against_filmed"] == 0.1
    measured.write_text('{"cpu_against_filmed": 0.1, "ready_p95_s": 1.2, "first_look_p95_s": 0.7, "tries": 20}')
    assert light_figures({}, measured) == {"cpu_against_filmed": 0.1, "ready_p95_s": 1.2, "first_look_p95_s": 0.7}


def test_the_page_tells_what_the_last_run_found() -> None:
    told = json.loads(RESULTS.read_text(encoding="utf-8"))
    assert set(GOALS) <= set(told["ratios"])
    page = PAGE.read_text(encoding="utf-8")
    assert filled(page, told) == page
    assert DRAWING.read_text(encoding="utf-8") == draw(told)
