"""Films that must be copied before they are cut: not begun where the copy would have no room."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pipeline.errors import CopyTooLarge, NoSpace
from pipeline.source.film import probe
from pipeline.source.remux import make_seekable
from tests.footage import RUNNER, numbered_film

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
