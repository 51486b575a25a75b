"""A picture that stands still, as in a call that froze, keeps its time and its sound."""

from __future__ import annotations

from pathlib import Path

import cv2
import pytest

from pipeline.cut.clips import cut_clip
from pipeline.cut.stills import grab_still
from pipeline.moments import Clip
from pipeline.presets import preset
from pipeline.source.completeness import last_complete_ms
from pipeline.source.film import Film, probe
from tests.footage import ONE_THREAD, RUNNER, beeps_ms_in, numbered_film, numbers_in, read_number, run
from tests.matroska import PLAIN, let_last_stand, state_length
from tests.mp4_boxes import Mp4

NO_B = ("-c:v", "libx264", "-preset", "ultrafast", "-bf", "0", "-g", "25")
VP8 = ("-c:v", "libvpx", *ONE_THREAD, "-deadline", "realtime", "-cpu-used", "8", "-b:v", "500k")
GOES_ON = "aevalsrc=exprs='if(lt(mod(t,1),0.04),0.5*sin(2*PI*1000*t),0)':sample_rate=48000:channel_layout=stereo"


@pytest.fixture(scope="module", params=["film.mp4", "film.mov", "film.webm"])
def frozen(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Film:
    """26 pictures, 25 a second, of which the last, at 1.0 s, stands for two seconds while its sound goes on."""
    folder = tmp_path_factory.mktemp("frozen")
    path = folder / request.param
    silent = numbered_film(
        folder / f"silent-{request.param}", frames=26, fps="25", codec=VP8 if path.suffix == ".webm" else NO_B,
        sound=None,
    )  # fmt: skip
    sound = ("-c:a", "libopus") if path.suffix == ".webm" else ("-c:a", "aac")
    run("-i", str(silent), "-f", "lavfi", "-t", "3", "-i", GOES_ON, "-c:v", "copy", *sound, str(path))
    if path.suffix != ".webm":  # WebM does not say how long a picture stands
        film = Mp4(path)
        film.let_last_stand(0, 2)
        film.write(path)
    return probe(path)


def test_the_last_picture_stands_as_long_as_the_film_says(frozen: Film) -> None:
    assert frozen.duration_ms == pytest.approx(3000, abs=25)
    assert last_complete_ms(frozen) == pytest.approx(3000, abs=25)


def test_a_clip_into_the_standing_picture_has_its_whole_length_and_its_sound(frozen: Film, tmp_path: Path) -> None:
    clip = cut_clip(frozen, Clip(in_ms=500, out_ms=2900), preset(), tmp_path / "clip.mp4", runner=RUNNER)
    numbers = numbers_in(clip.path)
    assert clip.duration_ms == pytest.approx(2400, abs=40)
    assert numbers[:14] == [*range(13, 26), 25]
    assert set(numbers[13:]) == {25}
    assert beeps_ms_in(clip.path) == pytest.approx([480, 1480], abs=15)


def test_a_last_picture_of_vp9_stands_as_long_as_its_mp4_says(tmp_path: Path) -> None:
    """FFmpeg's parser gives it the length of the others: findings/length_of_a_last_vp9_picture.sh."""
    codec = ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "500k")
    film = Mp4(numbered_film(tmp_path / "moving.mp4", frames=26, fps="25", codec=codec, sound=None))
    film.let_last_stand(0, 2)
    frozen = probe(film.write(tmp_path / "film.mp4"))
    assert frozen.duration_ms == pytest.approx(3000, abs=1)
    clip = cut_clip(frozen, Clip(in_ms=880, out_ms=2900), preset(), tmp_path / "clip.mp4", runner=RUNNER)
    assert numbers_in(clip.path)[:4] == [22, 23, 24, 25]
    assert clip.duration_ms == pytest.approx(2020, abs=40)


STATED = {"film.mkv": NO_B, "film.webm": VP8, "film.mp4": NO_B}


@pytest.mark.parametrize("stands_ms", [200, 2000])
@pytest.mark.parametrize("name", STATED)
def test_a_last_picture_stands_as_long_as_is_said_of_it_alone(tmp_path: Path, name: str, stands_ms: int) -> None:
    """For less than half a second too, without sound; the length that the head states of it all counts for nothing."""
    path = tmp_path / name
    container = () if name == "film.mp4" else PLAIN
    numbered_film(path, frames=26, fps="25", width=160, codec=STATED[name], sound=None, container=container)
    if name == "film.mp4":
        film = Mp4(path)
        film.let_last_stand(0, stands_ms / 1000)
        film.write(path)
    else:
        let_last_stand(state_length(path, 300 if stands_ms == 200 else 20_000), stands_ms)
    stood = probe(path)
    assert stood.duration_ms == last_complete_ms(stood) == 1000 + stands_ms
    clip = cut_clip(stood, Clip(in_ms=880, out_ms=1000 + stands_ms), preset(), tmp_path / "clip.mp4", runner=RUNNER)
    assert clip.duration_ms == pytest.approx(120 + stands_ms, abs=20)
    assert set(numbers_in(clip.path)[3:]) == {25}


@pytest.mark.parametrize(("in_ms", "out_ms"), [(1500, 2900), (1500, 1700), (1100, 3000)])
def test_a_clip_inside_the_standing_picture_is_made(frozen: Film, tmp_path: Path, in_ms: int, out_ms: int) -> None:
    clip = cut_clip(frozen, Clip(in_ms=in_ms, out_ms=out_ms), preset(), tmp_path / "clip.mp4", runner=RUNNER)
    assert clip.duration_ms == pytest.approx(out_ms - in_ms, abs=110)
    assert set(numbers_in(clip.path)) == {25}
    wanted = [ms - in_ms for ms in (2000,) if in_ms <= ms < out_ms]
    assert beeps_ms_in(clip.path)[: len(wanted)] == pytest.approx(wanted, abs=15)


def test_a_still_of_it_is_that_picture(frozen: Film) -> None:
    for at_ms in (1000, 1500, 2900):
        assert read_number(cv2.cvtColor(grab_still(frozen, at_ms, runner=RUNNER).pixels, cv2.COLOR_BGR2GRAY)) == 25


@pytest.fixture
def frozen_in_the_middle(tmp_path: Path) -> Film:
    """30 pictures a second, but picture 29 stands from 0.967 s to 4.0 s; then they go on with 30."""
    path = numbered_film(
        tmp_path / "film.mp4", frames=60, filters="settb=1/90000,setpts='N*3000+if(gte(N,30),3*90000,0)'",
        container=("-enc_time_base", "1:90000", "-video_track_timescale", "90000"), sound=f"{GOES_ON},atrim=end=5",
    )  # fmt: skip
    longer = tmp_path / "longer.mp4"
    run(
        "-i",
        str(path),
        "-f",
        "lavfi",
        "-t",
        "5",
        "-i",
        GOES_ON,
        "-map",
        "0:v",
        "-map",
        "1:a",
        "-c:v",
        "copy",
        str(longer),
    )
    return probe(longer)


def test_a_clip_that_begins_while_a_picture_stands_begins_there(frozen_in_the_middle: Film, tmp_path: Path) -> None:
    clip = cut_clip(frozen_in_the_middle, Clip(in_ms=1500, out_ms=4500), preset(), tmp_path / "clip.mp4", runner=RUNNER)
    numbers = numbers_in(clip.path)
    assert clip.duration_ms == pytest.approx(3000, abs=40)
    assert numbers[:75] == [29] * 75
    assert numbers[-15:] == list(range(30, 45))
    assert beeps_ms_in(clip.path) == pytest.approx([500, 1500, 2500], abs=15)


def test_a_clip_between_two_pictures_that_do_not_stand_begins_with_the_next(tmp_path: Path) -> None:
    film = probe(numbered_film(tmp_path / "film.mp4", frames=60))
    clip = cut_clip(film, Clip(in_ms=1010, out_ms=1500), preset(), tmp_path / "clip.mp4", runner=RUNNER)
    assert numbers_in(clip.path) == list(range(31, 45))
