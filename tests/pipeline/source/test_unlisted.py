"""Films that do not say which of their pictures decoding can begin with, as some recorders leave them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.cut.clips import cut_clip
from pipeline.cut.stills import grab_still
from pipeline.moments import Clip
from pipeline.presets import preset
from pipeline.source.film import probe
from tests.footage import RUNNER, numbered_film, numbers_in, read_number
from tests.mp4_boxes import Mp4

CODECS = {
    "H.264": ("-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "15"),
    "MPEG-4": ("-c:v", "mpeg4", "-q:v", "2", "-g", "20"),
    "VP9": ("-c:v", "libvpx-vp9", "-b:v", "1M", "-deadline", "realtime", "-cpu-used", "8", "-g", "20"),
    "HEVC": ("-c:v", "libx265", "-preset", "ultrafast", "-tag:v", "hvc1", "-x265-params", "keyint=15:log-level=error"),
}


@pytest.mark.parametrize("name", CODECS)
def test_its_length_and_its_last_moment_are_those_of_its_pictures(tmp_path: Path, name: str) -> None:
    film = Mp4(numbered_film(tmp_path / "listed.mp4", frames=72, fps="24", codec=CODECS[name], sound=None))
    table = film.tracks[0].one("mdia", "minf", "stbl")
    table.inside = [box for box in table.inside if box.kind != "stss"]
    unlisted = probe(film.write(tmp_path / "unlisted.mp4"))
    assert unlisted.duration_ms == 3000
    clip = Clip(in_ms=2416, out_ms=3000)
    numbers = numbers_in(cut_clip(unlisted, clip, preset(), tmp_path / "clip.mp4", runner=RUNNER).path)
    assert (numbers[0], numbers[-1]) == (58, 71)


def test_a_still_of_mpeg4_is_decoded_from_a_key_picture(tmp_path: Path) -> None:
    """Its decoder shows pictures without what they lean on, as HEVC's does."""
    film = Mp4(numbered_film(tmp_path / "listed.mp4", frames=60, codec=CODECS["MPEG-4"], sound=None))
    table = film.tracks[0].one("mdia", "minf", "stbl")
    table.inside = [box for box in table.inside if box.kind != "stss"]
    still = grab_still(probe(film.write(tmp_path / "unlisted.mp4")), 1002, runner=RUNNER)
    assert read_number(still.pixels[:, :, 1]) == 30


def test_an_edit_that_begins_within_a_group_begins_with_its_own_picture(tmp_path: Path) -> None:
    """FFmpeg takes each picture for one that it can begin with, and showed nothing before the next group."""
    film = Mp4(numbered_film(tmp_path / "listed.mp4", frames=72, fps="24", codec=CODECS["H.264"]))
    table = film.tracks[0].one("mdia", "minf", "stbl")
    table.inside = [box for box in table.inside if box.kind != "stss"]
    film.set_edits([(0.5, 2.0)])
    edited = probe(film.write(tmp_path / "edited.mp4"))
    assert edited.duration_ms == 2000
    clip = cut_clip(edited, Clip(in_ms=0, out_ms=500), preset(), tmp_path / "clip.mp4", runner=RUNNER)
    assert numbers_in(clip.path) == list(range(12, 24))
