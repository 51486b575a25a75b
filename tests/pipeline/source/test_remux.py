"""Films that must be copied before they are cut: not begun where the copy would have no room."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pipeline.errors import CopyTooLarge, NoSpace
from pipeline.source.film import probe
from pipeline.source.frames import frames_between
from pipeline.source.remux import make_seekable
from tests.footage import RUNNER, grey_of, numbered_film, read_number

GB = 10**9


@pytest.mark.parametrize(
    ("total", "free", "error", "sentence"),
    [
        (9 * GB, GB // 100, NoSpace, "To cut this film 0.1 GB of free disk space are needed for a while"),
        (GB // 20, GB // 20, CopyTooLarge, "the disk for that is too small for it"),
    ],
)  # fmt: skip
def test_a_copy_that_would_have_no_room_is_not_begun(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    total: int,
    free: int,
    error: type[NoSpace | CopyTooLarge],
    sentence: str,
) -> None:
    film = probe(numbered_film(tmp_path / "a.ts", frames=30))
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(total, total - free, free))  # type: ignore[attr-defined]
    with pytest.raises(error) as refused:
        make_seekable(film, tmp_path / "scratch", runner=RUNNER)
    assert sentence in refused.value.for_guider
    assert list((tmp_path / "scratch").iterdir()) == []


def test_pictures_of_an_avi_keep_their_places_where_some_are_missing(tmp_path: Path) -> None:
    """An AVI has a place for a picture at each step; a camera leaves those empty at which it was late."""
    h264 = ("-c:v", "libx264", "-preset", "ultrafast", "-bf", "0", "-g", "30")
    path = numbered_film(
        tmp_path / "a.avi", frames=60, codec=h264, sound=None, filters="select='not(between(n,20,34))'"
    )
    film = make_seekable(probe(path), tmp_path, runner=RUNNER)
    assert film.duration_ms == 2000
    shown: dict[int, int] = {}
    for frame in frames_between(film, 0, 2000):
        shown.setdefault(read_number(grey_of(frame)), film.ms_at(frame.pts or 0))
    assert (shown[18], shown[35], shown[59]) == (600, 1166, 1966)
