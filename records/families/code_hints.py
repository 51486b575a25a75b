"""What is odd about a family's code: data with which the page can ask again. Nothing is refused for it."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import cache
from typing import Final

_SHORTEST_NAME: Final = 3


class CodeHint(StrEnum):
    """Why a code may say who somebody is."""

    NO_DIGIT = "no_digit"
    LIKE_A_NAME = "like_a_name"


def code_hints(code: str) -> list[CodeHint]:
    """What the page should ask about; nothing for a code like K-104."""
    words = [word for word in re.findall(r"[a-z]+", code.lower()) if len(word) >= _SHORTEST_NAME]
    hints = [] if re.search(r"[0-9]", code) else [CodeHint.NO_DIGIT]
    return hints + ([CodeHint.LIKE_A_NAME] if any(word in _names() for word in words) else [])


@cache
def _names() -> frozenset[str]:
    """Given names and surnames, as zxcvbn knows them for passwords."""
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    return frozenset().union(*(FREQUENCY_LISTS[name] for name in ("female_names", "male_names", "surnames")))
