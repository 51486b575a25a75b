"""What a list of moments says of who agreed is heeded where no service asks, too."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.agreed import check_agreement, read_with_agreement
from cli.screen import CommandFailed
from pipeline.errors import SelectionInvalid
from pipeline.purposes import Purpose
from records.consent.policy import load_policy

MOMENTS = """
family = "K-104"
[[agreed]]
person = { role = "mother", initials = "M" }
purposes = ["shared_review", "picture_notes"]
[[agreed]]
person = { role = "child", initials = "E" }
purposes = ["shared_review"]
given_by = "mother M"
said_on = 2026-11-02
[[agreed]]
person = { role = "child", initials = "E" }
purposes = ["court"]
agrees = false
[[clip]]
in = 0
out = 4000
"""
ONLY_MOTHER = MOMENTS + 'people = [{ role = "mother", initials = "M" }]\n'
NOTES = [Purpose.SHARED_REVIEW, Purpose.PICTURE_NOTES]


def check(folder: Path, written: str, *purposes: Purpose) -> None:
    (folder / "moments.toml").write_text(written)
    selection, agreed, seen = read_with_agreement(folder / "moments.toml")
    assert selection.clips[0].out_ms == 4000
    check_agreement(agreed, seen, purposes, load_policy())


def test_what_everybody_agreed_to_is_made_and_a_file_that_says_nothing_is_taken_as_before(tmp_path: Path) -> None:
    check(tmp_path, MOMENTS, Purpose.SHARED_REVIEW)
    check(tmp_path, ONLY_MOTHER, *NOTES)
    check(tmp_path, 'family = "K-104"\n[[clip]]\nin = 0\nout = 4000\n', *Purpose)


@pytest.mark.parametrize(
    ("purpose", "sentence"),
    [
        (Purpose.PICTURE_NOTES, "Child E is not said to agree to “picture notes”"),
        (Purpose.COURT, "Mother M is not said to agree to “court”"),
    ],
)
def test_what_somebody_did_not_agree_to_is_refused(tmp_path: Path, purpose: Purpose, sentence: str) -> None:
    with pytest.raises(CommandFailed) as refused:
        check(tmp_path, MOMENTS, purpose)
    assert refused.value.for_guider.startswith(sentence)


def test_a_no_is_told_as_one_and_what_cannot_be_understood_as_that(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed) as refused:
        check(tmp_path, MOMENTS + 'people = [{ role = "child", initials = "E" }]\n', Purpose.COURT)
    assert refused.value.for_guider.startswith("Child E says no to “court”")
    with pytest.raises(SelectionInvalid) as wrong:
        check(tmp_path, MOMENTS.replace('"court"', '"theatre"'))
    assert wrong.value.for_guider.startswith("Who agreed cannot be understood: ")
