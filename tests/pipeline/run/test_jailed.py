"""What is prepared in the jail is what is prepared out of it, byte for byte."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.artifact import sha256_of
from pipeline.jail.jail import Locks
from pipeline.moments import parse_selection
from pipeline.presets import preset
from pipeline.run.jailed import prepare_in_jail
from pipeline.run.orders import SelectionOrder
from pipeline.run.prepare import prepare
from tests.footage import FFMPEG, JAIL, numbered_film, run
from tests.pipeline.jail.test_jail import WAYS

TOGETHER = "jail"
CHOSEN = parse_selection(
    {
        "family": "K-104",
        "clip": [{"in": 200, "out": 900}, {"in": 1000, "out": 1400}],  # two, so that each has one thread
        "still": [{"at": 500, "exact": False}],
    }
)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A transport stream, which is copied before it is cut."""
    folder = tmp_path_factory.mktemp("film")
    run(
        "-i",
        str(numbered_film(folder / "film.mp4", frames=50, width=160, height=120)),
        "-c",
        "copy",
        str(folder / "a.ts"),
    )
    return folder / "a.ts"


@pytest.fixture(scope="module")
def outside(film: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    out = tmp_path_factory.mktemp("outside") / "out"
    prepare(SelectionOrder(film, CHOSEN, preset(), FFMPEG), out)
    return sums_in(out)


def sums_in(folder: Path) -> dict[str, str]:
    """Of every file but the report, which says how long it took."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "report.json"]
    return {path.relative_to(folder).as_posix(): sha256_of(path) for path in files}


@pytest.mark.parametrize("locks", WAYS)
def test_the_bytes_are_the_same_in_and_out_of_the_jail(
    locks: Locks, film: Path, outside: dict[str, str], tmp_path: Path
) -> None:
    jail = replace(JAIL, locks=locks)
    prepare_in_jail(jail, SelectionOrder(film, CHOSEN, preset(), FFMPEG), tmp_path / "out")
    assert sums_in(tmp_path / "out") == outside
