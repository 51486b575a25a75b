from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.footage import numbered_film, numbers_in
from tests.made_once import begin_run, end_run, made_once


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run of this test alone."""
    monkeypatch.setenv("TESTS_MADE_ONCE", "")  # put back afterwards
    begin_run()


@pytest.mark.usefixtures("run")
def test_who_asks_while_something_is_made_waits_for_it() -> None:
    made = []

    def make(path: Path) -> None:
        made.append(path)
        time.sleep(0.2)
        path.write_text("whole")

    with ThreadPoolExecutor(4) as asking:
        found = list(asking.map(lambda _: made_once("word.txt", make).read_text(), range(4)))
    assert found == ["whole"] * 4
    assert len(made) == 1
    end_run()
    assert not made[0].parent.exists()


@pytest.mark.usefixtures("run")
def test_what_could_not_be_made_is_made_by_the_next() -> None:
    def fail(path: Path) -> None:
        path.write_text("half")
        raise OSError

    with pytest.raises(OSError, match=r"^$"):
        made_once("word.txt", fail)
    assert made_once("word.txt", lambda path: path.write_text("whole")).read_text() == "whole"
    end_run()


@pytest.mark.usefixtures("run")
def test_a_film_is_drawn_once_and_each_test_has_its_own_to_change(tmp_path: Path) -> None:
    first = numbered_film(tmp_path / "a.mkv", frames=5, sound=None)
    first.write_bytes(b"")
    assert numbers_in(numbered_film(tmp_path / "b.mkv", frames=5, sound=None)) == [0, 1, 2, 3, 4]
    assert numbers_in(numbered_film(tmp_path / "c.mkv", frames=5, sound=None, first=7)) == [7, 8, 9, 10, 11]
    end_run()
