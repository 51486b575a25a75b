"""Some years of everything together; many of them: make year."""

from __future__ import annotations

from tests.records.year.machine import play


def test_rows_files_and_keys_agree_at_every_step_of_a_year() -> None:
    play(examples=5, steps=25)
