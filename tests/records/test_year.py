"""Some years of everything together; many of them: make year."""

from __future__ import annotations

from tests.records.year.machine import play
from tests.records.year.once import play_each_once

TOGETHER = "year"


def test_rows_files_and_keys_agree_at_every_step_of_a_year() -> None:
    play(examples=3, steps=20)


def test_each_thing_that_drawn_years_reach_by_chance_is_done_right_once() -> None:
    play_each_once()
