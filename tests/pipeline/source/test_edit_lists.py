"""Films whose edit list joins stretches, repeats or slows them: what it says is shown, and nothing beside it."""

from __future__ import annotations

from pathlib import Path

import cv2
import pytest

from pipeline.artifact import FinishedMoment
from pipeline.cut.clips import cut_clip
from pipeline.cut.stills import grab_still
from pipeline.errors import MomentOutsideFilm
from pipeline.moments import Clip
from pipeline.presets import preset
from pipeline.source.film import Film, probe
from tests.footage import BEEP, RUNNER, beeps_ms_in, numbered_film, numbers_in, read_number, run
from tests.mp4_boxes import Mp4

Pieces = list[tuple[float, float] | tuple[float, float, float]]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten seconds of 30 numbered pictures a second, with B-frames and a key frame each second."""
    return numbered_film(tmp_path_factory.mktemp("drawn") / "film.mp4", frames=300)


def edited(drawn: Path, tmp_path: Path, pieces: Pieces, *tracks: int) -> Film:
    film = Mp4(drawn)
    film.set_edits(pieces, *tracks)
    return probe(film.write(tmp_path / "edited.mp4"))


def cut(film: Film, in_ms: int, out_ms: int, folder: Path) -> FinishedMoment:
    return cut_clip(film, Clip(in_ms=in_ms, out_ms=out_ms), preset("full"), folder / "clip.mp4", runner=RUNNER)


def shown(film: Film, at_ms: int) -> int:
    return read_number(cv2.cvtColor(grab_still(film, at_ms, runner=RUNNER).pixels, cv2.COLOR_BGR2GRAY))


def test_a_clip_over_a_join_holds_both_sides_and_nothing_between(drawn: Path, tmp_path: Path) -> None:
    film = edited(drawn, tmp_path, [(0, 2), (6, 4)])
    assert film.duration_ms == 6000
    clip = cut(film, 1500, 2500, tmp_path)
    assert clip.duration_ms == 1000
    assert numbers_in(clip.path) == [*range(45, 60), *range(180, 195)]
    assert [shown(film, at_ms) for at_ms in (1999, 2000, 2100, 2500, 3000)] == [59, 180, 183, 195, 210]
    assert beeps_ms_in(clip.path) == pytest.approx([500], abs=2), "that of the sixth second, at the join"


JOINS: dict[str, tuple[Pieces, list[int]]] = {
    "off a key frame": ([(0, 2), (6.5, 3.5)], [*range(60), *range(195, 300)]),
    "off a key frame twice": ([(1, 1), (4.3, 1), (8, 1.5)], [*range(30, 60), *range(129, 159), *range(240, 285)]),
    "the same again": ([(2, 2), (2, 2)], [*range(60, 120)] * 2),
    "the end first": ([(6.2, 2), (1.1, 2)], [*range(186, 246), *range(33, 93)]),
    "after a wait": ([(-1, 1), (2, 1), (5, 1)], [*range(60, 90), *range(150, 180)]),
    "many short ones": ([(n + 0.1, 0.2) for n in range(9)], [n * 30 + k for n in range(9) for k in range(3, 9)]),
}


@pytest.mark.parametrize("kind", JOINS)
def test_every_join_is_exact_to_the_picture(drawn: Path, tmp_path: Path, kind: str) -> None:
    pieces, wanted = JOINS[kind]
    film = edited(drawn, tmp_path, pieces)
    assert film.duration_ms == round(len(wanted) * 1000 / 30)
    assert numbers_in(cut(film, 0, film.duration_ms, tmp_path).path) == wanted
    for number in range(0, len(wanted), 17):
        assert shown(film, number * 1000 // 30 + 2) == wanted[number]


def test_a_moment_in_a_later_piece_is_found_there(drawn: Path, tmp_path: Path) -> None:
    film = edited(drawn, tmp_path, [(1, 1), (4.3, 1), (8, 1.5)])
    assert numbers_in(cut(film, 1200, 1800, tmp_path).path) == list(range(135, 153))
    assert read_number(
        cv2.cvtColor(grab_still(film, 1500, exact=False, runner=RUNNER).pixels, cv2.COLOR_BGR2GRAY)
    ) in range(132, 156)


def test_what_was_cut_out_cannot_be_asked_for(drawn: Path, tmp_path: Path) -> None:
    film = edited(drawn, tmp_path, [(0, 2), (6, 1)])
    with pytest.raises(MomentOutsideFilm):
        cut(film, 4000, 5000, tmp_path)
    assert numbers_in(cut(film, 2500, 3000, tmp_path).path) == list(range(195, 210))


def test_one_picture_that_an_edit_list_lets_stand_stands_in_silence(drawn: Path, tmp_path: Path) -> None:
    film = edited(drawn, tmp_path, [(0, 2), (2, 2, 0), (2, 3)])
    assert film.duration_ms == 7000
    assert any("stand still" in warning for warning in film.warnings)
    clip = cut(film, 1500, 4500, tmp_path)
    assert numbers_in(clip.path) == [*range(45, 60), *[60] * 60, *range(60, 75)]
    assert beeps_ms_in(clip.path) == pytest.approx([2500], abs=2)
    assert shown(film, 3000) == 60


@pytest.mark.parametrize(("rate", "wanted"), [(2.0, range(0, 240, 2)), (0.5, [n // 2 for n in range(120)])])
def test_a_stretch_plays_at_the_speed_that_its_edit_says(
    drawn: Path, tmp_path: Path, rate: float, wanted: range | list[int]
) -> None:
    film = edited(drawn, tmp_path, [(0, 4, rate)])
    assert film.duration_ms == 4000
    clip = cut_clip(film, Clip(in_ms=0, out_ms=4000), preset(), tmp_path / "clip.mp4", runner=RUNNER)
    numbers = numbers_in(clip.path)
    assert clip.duration_ms == 4000
    assert (numbers[0], max(numbers)) == (0, 239 if rate == 2 else 59)
    assert all(abs(n - wanted[place * len(wanted) // len(numbers)]) <= 2 for place, n in enumerate(numbers))
    assert beeps_ms_in(clip.path) == pytest.approx([n * 1000 / rate for n in range(round(4 * rate))], abs=40)


def test_sound_that_is_joined_where_the_picture_is_not_keeps_its_place(drawn: Path, tmp_path: Path) -> None:
    film = edited(drawn, tmp_path, [(0, 1.5), (-1, 1), (4.5, 2)], 1)
    clip = cut(film, 500, 4400, tmp_path)
    assert numbers_in(clip.path) == list(range(15, 132))
    assert beeps_ms_in(clip.path) == pytest.approx([500, 2500, 3500], abs=2)


def test_joins_of_a_film_without_sound_and_of_another_codec(tmp_path: Path) -> None:
    codec = ("-c:v", "mpeg4", "-bf", "2", "-g", "30", "-q:v", "3")
    for name, how in {"silent": {"sound": None}, "mpeg4": {"codec": codec, "sound": BEEP}}.items():
        plain = Mp4(numbered_film(tmp_path / f"{name}.mp4", frames=300, **how))
        plain.set_edits([(0.5, 1), (7.1, 1)])
        film = probe(plain.write(tmp_path / f"{name}-edited.mp4"))
        assert numbers_in(cut(film, 0, 2000, tmp_path).path) == [*range(15, 45), *range(213, 243)]


def test_a_trim_in_one_piece_shows_nothing_that_lies_outside_it(drawn: Path, tmp_path: Path) -> None:
    film = edited(drawn, tmp_path, [(2, 4)])
    assert (film.duration_ms, film.timeline) == (4000, None)
    assert numbers_in(cut(film, 0, 4000, tmp_path).path) == list(range(60, 180))
    assert shown(film, 3500) == 165
    with pytest.raises(MomentOutsideFilm):
        cut(film, 5000, 6000, tmp_path)


def test_a_trim_between_two_pictures_begins_with_the_next(drawn: Path, tmp_path: Path) -> None:
    film = edited(drawn, tmp_path, [(1.017, 8)])
    assert film.duration_ms == pytest.approx(8000, abs=20)
    assert numbers_in(cut(film, 0, 500, tmp_path).path) == list(range(31, 46))


def test_a_trimmed_film_that_was_joined_by_ffmpeg_itself_is_no_exception(drawn: Path, tmp_path: Path) -> None:
    run("-ss", "2.5", "-i", str(drawn), "-t", "3", "-c", "copy", str(tmp_path / "trimmed.mp4"))
    film = probe(tmp_path / "trimmed.mp4")
    assert numbers_in(cut(film, 0, 1000, tmp_path).path) == list(range(75, 105))


def test_a_piece_of_a_film_without_whole_key_frames_begins_with_its_first_one(tmp_path: Path) -> None:
    """Decoding such a film shows nothing for a while after each place where it may begin."""
    codec = ("-c:v", "libx264", "-preset", "fast", "-intra-refresh", "1", "-g", "15", "-bf", "0")
    film = edited(numbered_film(tmp_path / "refreshed.mp4", frames=90, codec=codec), tmp_path, [(0.8, 0.5), (2, 0.5)])
    assert film.duration_ms == 1000
    assert numbers_in(cut(film, 0, 1000, tmp_path).path) == [*range(24, 39), *range(60, 75)]
    assert shown(film, 0) == 24


def test_a_slow_film_trimmed_between_two_pictures_keeps_its_sound_with_them(tmp_path: Path) -> None:
    film = edited(numbered_film(tmp_path / "slow.mp4", frames=40, fps="10"), tmp_path, [(0.72, 3)])
    clip = cut(film, 0, 2000, tmp_path).path
    assert numbers_in(clip) == list(range(8, 28))
    assert beeps_ms_in(clip) == pytest.approx([200, 1200], abs=3), "those of pictures 10 and 20"


def test_a_trim_that_ends_while_a_picture_stands_lasts_as_long_as_it_says(tmp_path: Path) -> None:
    stands = "settb=1/30,setpts='N+gte(N,45)*30'"
    film = edited(numbered_film(tmp_path / "stands.mp4", frames=90, filters=stands), tmp_path, [(0, 2.2)])
    assert film.duration_ms == 2200
    assert cut(film, 1000, 2200, tmp_path).duration_ms == 1200


@pytest.mark.parametrize("flags", ["global_sidx", "frag_every_frame", "omit_tfhd_offset"])
def test_of_a_trim_in_fragments_nothing_that_it_hides_is_shown(drawn: Path, tmp_path: Path, flags: str) -> None:
    """FFmpeg gives the hidden pictures times before 0, and its readers take the first of them for the film's first."""
    path = tmp_path / "film.mp4"
    fragments = f"frag_keyframe+delay_moov+default_base_moof+{flags}"
    run("-ss", "1.4", "-i", str(drawn), "-c", "copy", "-movflags", fragments, str(path))
    film = probe(path)
    assert abs(film.duration_ms - 8600) <= 1
    assert [shown(film, at_ms) for at_ms in (0, 1000, 2000)] == [42, 72, 102]
    clip = cut(film, 0, 1000, tmp_path)
    assert numbers_in(clip.path) == list(range(42, 72))
    assert beeps_ms_in(clip.path) == pytest.approx([600], abs=2)
