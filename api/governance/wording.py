"""What a paper cannot know: it asks, in a way that cannot be overlooked."""

from __future__ import annotations

from typing import Final

BLANK: Final = "[to be written by the controller]"


def open_question(what: str) -> str:
    """``[to be written by the controller: where that machine stands]``."""
    return f"{BLANK[:-1]}: {what}]"


def asked_of(answer: str, setting: str) -> str:
    """The answer, or that it is not set, and where."""
    return answer or f"{BLANK[:-1]}, or set {setting}]"


IN_FORCE: Final = {"yes": "in force", "no": "not in force", "depends": "depends on the machine"}
