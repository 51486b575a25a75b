from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from cli.demo_client.sample_film import choose_moments, draw_film
from pipeline.source.film import probe
from pipeline.source.frames import frames_between
from tests.footage import RUNNER, beeps_ms_in, grey_of, numbered_film, numbers_in, read_number

TOGETHER = "demo"


def run_demo(*words: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "cli", "demo", *words]
    environment = {**os.environ, "VIGPACK_MIN_FREE_BYTES": "0"}
    return subprocess.run(argv, capture_output=True, text=True, check=False, env=environment)


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, dict[str, object]]:
    """A numbered film of 16 s, the folder that a demo made of it, and its figures."""
    folder = tmp_path_factory.mktemp("demo")
    film = numbered_film(folder / "film.mp4", frames=480, width=640, height=360)
    done = run_demo("--film", str(film), "--out", str(folder / "out"), "--json")
    assert done.returncode == 0, done.stderr
    return film, folder / "out", json.loads(done.stdout)


def test_each_clip_of_the_pack_holds_the_very_frames_that_were_asked_for(
    shown: tuple[Path, Path, dict[str, object]],
) -> None:
    path, out, _ = shown
    film = probe(path)
    for number, clip in enumerate(choose_moments(film).clips, 1):
        asked = [read_number(grey_of(frame)) for frame in frames_between(film, clip.in_ms, clip.out_ms)]
        assert numbers_in(out / "review-pack" / "clips" / f"{number:02}.mp4") == asked


def test_the_sound_arrives_with_its_picture(shown: tuple[Path, Path, dict[str, object]]) -> None:
    path, out, _ = shown
    clip = choose_moments(probe(path)).clips[0]
    beeps = [ms + clip.in_ms for ms in beeps_ms_in(out / "review-pack" / "clips" / "01.mp4")]
    assert beeps
    assert max(min(ms % 1000, -ms % 1000) for ms in beeps) <= 20


def test_one_upload_was_cut_off_and_went_on(shown: tuple[Path, Path, dict[str, object]]) -> None:
    figures = shown[2]
    largest = max(moment["sent_bytes"] for moment in figures["moments"])  # type: ignore[attr-defined]
    assert isinstance(figures["resumed_at_bytes"], int)
    assert figures["resumed_at_bytes"] < largest


def test_less_was_sent_than_the_film(shown: tuple[Path, Path, dict[str, object]]) -> None:
    figures = shown[2]
    assert figures["sent_bytes"] < figures["film"]["bytes"]  # type: ignore[index, operator]


def test_each_moment_tells_what_it_cost(shown: tuple[Path, Path, dict[str, object]]) -> None:
    moments = shown[2]["moments"]
    assert [moment["kind"] for moment in moments] == ["clip"] * 4 + ["still"] * 2  # type: ignore[attr-defined]
    for moment in moments:  # type: ignore[attr-defined]
        assert moment["sent_bytes"] > 0
        assert moment["ready_s"] > 0
        assert moment["result_bytes"] > 0


def test_pack_and_notes_are_whole(shown: tuple[Path, Path, dict[str, object]]) -> None:
    out = shown[1]
    assert zipfile.ZipFile(out / "review-pack.zip").testzip() is None
    assert (out / "review-pack" / "index.html").is_file()
    assert (out / "picture-notes.pdf").read_bytes().startswith(b"%PDF-")


def test_people_sign_in_and_see_what_is_theirs(tmp_path: Path) -> None:
    film = numbered_film(tmp_path / "film.mp4", frames=45, width=160, height=120)
    done = run_demo(
        "--film", str(film), "--out", str(tmp_path / "out"), "--data", str(tmp_path / "kept"), "--accounts", "--json"
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "kept" / "vigpack.sqlite3").is_file()
    assert {one.name for one in tmp_path.iterdir()} == {"film.mp4", "out", "kept"}
    full = run_demo("--film", str(film), "--out", str(tmp_path / "out"), "--data", str(tmp_path / "kept"))
    assert full.returncode == 1
    told = json.loads(done.stdout)["people"]
    assert len(told) == 3
    assert told[2].startswith("Sue, the supervisor, saw nothing until")


def test_a_folder_with_other_things_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    done = run_demo("--out", str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_film_that_is_none_is_told_in_one_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    page = tmp_path / "film.mp4"
    page.write_text("<!doctype html><title>film</title>")
    done = run_demo("--film", str(page), "--out", str(tmp_path / "out"))
    assert done.returncode == 1
    assert done.stderr == "This file is not a film. Choose the video file itself.\n"
    assert not (tmp_path / "out").exists()


def test_the_drawn_film_is_what_a_phone_writes(tmp_path: Path) -> None:
    film = probe(draw_film(tmp_path / "film.mp4", seconds=2, runner=RUNNER))
    assert (film.video.height_px, round(film.video.fps_avg)) == (1080, 30)
    assert film.audio is not None
    assert 10e6 < film.bytes * 8 / (film.duration_ms / 1000) < 30e6
