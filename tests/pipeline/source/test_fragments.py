"""Films in fragments: what each says of its times is followed, also where it says too little, or told."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.cut.clips import cut_clip
from pipeline.errors import FilmJoined, FilmWithoutOrder
from pipeline.moments import Clip
from pipeline.presets import preset
from pipeline.source.film import probe
from tests.footage import RUNNER, numbers_in
from tests.fragments import (
    H264,
    HEVC,
    as_ffmpeg_breaks_them,
    begun_anew,
    change_fragments,
    in_fragments,
    without_lengths,
)


@pytest.mark.parametrize("codec", [H264, HEVC], ids=["H.264", "HEVC"])
def test_pictures_that_do_not_say_how_long_they_last_keep_their_times(tmp_path: Path, codec: tuple[str, ...]) -> None:
    film = probe(change_fragments(in_fragments(tmp_path / "film.mp4", codec=codec), without_lengths))
    assert film.duration_ms == 3000
    cut_clip(film, Clip(in_ms=500, out_ms=1500), preset(), tmp_path / "clip.mp4", runner=RUNNER)
    assert numbers_in(tmp_path / "clip.mp4") == list(range(15, 45))


@pytest.mark.parametrize("codec", [H264, HEVC], ids=["H.264", "HEVC"])
def test_pictures_whose_order_is_lost_on_the_way_are_told(tmp_path: Path, codec: tuple[str, ...]) -> None:
    with pytest.raises(FilmWithoutOrder):
        probe(change_fragments(in_fragments(tmp_path / "film.mp4", codec=codec), as_ffmpeg_breaks_them))


def test_fragments_whose_clock_begins_anew_are_told(tmp_path: Path) -> None:
    with pytest.raises(FilmJoined):
        probe(change_fragments(in_fragments(tmp_path / "film.mp4", flags="frag_keyframe"), begun_anew))
