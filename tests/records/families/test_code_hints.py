"""Codes about which the page asks again."""

from __future__ import annotations

import pytest

from records.families.code_hints import CodeHint, code_hints

BOTH = [CodeHint.NO_DIGIT, CodeHint.LIKE_A_NAME]


@pytest.mark.parametrize(
    ("code", "hints"),
    [
        ("K-104", []),
        ("NE-2026-17", []),
        ("KQX", [CodeHint.NO_DIGIT]),
        ("Ella", BOTH),
        ("the_SMITHS-Smith", BOTH),
        ("ella-17", [CodeHint.LIKE_A_NAME]),
        ("ELLA17", [CodeHint.LIKE_A_NAME]),
        ("El-4", []),
    ],
)
def test_a_code_without_a_digit_or_like_a_name_is_asked_about(code: str, hints: list[CodeHint]) -> None:
    assert code_hints(code) == hints
