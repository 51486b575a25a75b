"""Films in which FFmpeg cannot seek at all: it refuses even to go back to their start."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.cut.clips import cut_clip
from pipeline.moments import Clip
from pipeline.presets import preset
from pipeline.source.film import probe
from pipeline.source.remux import make_seekable
from tests.footage import RUNNER, numbered_film, numbers_in, run


def flash(path: Path) -> Path:
    """H.263, as cameras for the web had it."""
    numbered_film(path, frames=30, width=160, codec=("-c:v", "flv", "-g", "10", "-q:v", "3"),
                  sound_codec=("-c:a", "mp3", "-ar", "44100"))  # fmt: skip
    return path


def begun_within_a_group(path: Path) -> Path:
    """Its first picture decodes only from a second on, and nothing before that can be sought."""
    codec = ("-c:v", "libx264", "-preset", "ultrafast", "-bf", "0", "-g", "30")
    whole = numbered_film(path.with_name("whole.mkv"), frames=60, width=160, codec=codec)
    run("-i", str(whole), "-c", "copy", "-copyinkf", "-bsf:v", "noise=drop=lt(n\\,7)", str(path))
    return path


@pytest.mark.parametrize("name", ["film.flv", "film.mp4"])
def test_a_film_that_cannot_be_sought_is_read_from_its_start(tmp_path: Path, name: str) -> None:
    drawn = (flash if name.endswith("flv") else begun_within_a_group)(tmp_path / name)
    film = make_seekable(probe(drawn), tmp_path, runner=RUNNER)
    assert film.duration_ms > 500
    assert film.audio is not None
    clip = cut_clip(film, Clip(in_ms=200, out_ms=400), preset(), tmp_path / "clip.mp4", runner=RUNNER)
    assert len(numbers_in(clip.path)) == pytest.approx(6, abs=1)
