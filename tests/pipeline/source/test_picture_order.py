"""MP4 that does not say when its pictures are shown: refused where they are stored in another order, else exact."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.cut.clips import cut_clip
from pipeline.errors import FilmWithoutOrder
from pipeline.moments import Clip
from pipeline.presets import preset
from pipeline.source.film import probe
from tests.footage import RUNNER, numbered_film, numbers_in
from tests.mp4_boxes import without_table

H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "18", "-g", "30")
HEVC = ("-c:v", "libx265", "-preset", "ultrafast", "-tag:v", "hvc1", "-x265-params")


@pytest.mark.parametrize("name", ["film.mp4", "film.mov"])
@pytest.mark.parametrize(
    "codec", [(*H264, "-bf", "2"), (*H264, "-bf", "3", "-x264-params", "open-gop=1"), (*HEVC, "bframes=3:keyint=30")]
)
def test_a_film_whose_order_nobody_knows_is_refused_in_one_sentence(
    tmp_path: Path, codec: tuple[str, ...], name: str
) -> None:
    drawn = numbered_film(tmp_path / f"drawn-{name}", frames=60, codec=codec, sound=None)
    with pytest.raises(FilmWithoutOrder):
        probe(without_table(drawn, tmp_path / name, "ctts"))


@pytest.mark.parametrize("codec", [(*H264, "-bf", "0"), (*HEVC, "bframes=0:keyint=30")])
def test_where_pictures_are_stored_as_they_are_shown_no_table_is_needed(tmp_path: Path, codec: tuple[str, ...]) -> None:
    film = probe(numbered_film(tmp_path / "film.mp4", frames=60, codec=codec, sound=None))
    cut_clip(film, Clip(in_ms=500, out_ms=1500), preset(), tmp_path / "clip.mp4", runner=RUNNER)
    assert numbers_in(tmp_path / "clip.mp4") == list(range(15, 45))
