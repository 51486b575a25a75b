"""docs/asvs.md: every rule of OWASP's list that is asked of us has a line, and "met" names a test that there is."""

from __future__ import annotations

import re
from itertools import chain
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[1]
LAST_OF_SECTION = {
    "6.1": 3, "6.2": 12, "6.3": 4, "6.4": 4, "6.5": 5, "6.6": 3, "6.8": 4,
    "7.1": 3, "7.2": 4, "7.3": 2, "7.4": 5, "7.5": 2, "7.6": 2,
    "8.1": 2, "8.2": 3, "8.3": 1, "8.4": 1,
    "9.1": 3, "9.2": 4,
    "10.1": 2, "10.2": 2, "10.3": 4, "10.4": 11, "10.5": 5, "10.6": 2, "10.7": 3,
    "14.1": 2, "14.2": 4, "14.3": 3,
    "16.1": 1, "16.2": 5, "16.3": 4, "16.4": 3, "16.5": 3,
}  # fmt: skip
"""The last rule of levels 1 and 2 in each section of ASVS 5.0.0; those of level 3 come after it."""
_LINE = re.compile(r"\| (\d+\.\d+\.\d+)(?:–(\d+))? \| (met|in part|not yet|not ours) \| (.+) \|")
_TEST = re.compile(r"`(tests/[\w/]+\.py|web/src/[\w/.]+\.test\.ts)(?:::(\w+))?`")


@pytest.fixture(scope="module")
def lines() -> list[tuple[list[str], str, str]]:
    found = _LINE.findall((HOUSE / "docs/asvs.md").read_text(encoding="utf-8"))
    return [(_rules(first, last), state, words) for first, last, state, words in found]


def _rules(first: str, last: str) -> list[str]:
    section, number = first.rsplit(".", 1)
    return [f"{section}.{one}" for one in range(int(number), int(last or number) + 1)]


def test_every_rule_of_levels_1_and_2_has_one_line(lines: list[tuple[list[str], str, str]]) -> None:
    asked = [f"{section}.{one}" for section, last in LAST_OF_SECTION.items() for one in range(1, last + 1)]
    assert list(chain.from_iterable(rules for rules, _, _ in lines)) == asked


def test_each_test_that_the_documents_name_is_there() -> None:
    documents = [path for folder in ("docs", "docs/decisions") for path in (HOUSE / folder).glob("*.md")]
    wrong = [
        f"{document.name}: no {file}::{test}"
        for document in documents
        for file, test in _TEST.findall(document.read_text(encoding="utf-8"))
        if not (HOUSE / file).is_file() or (test and f"def {test}(" not in (HOUSE / file).read_text(encoding="utf-8"))
    ]
    assert wrong == []


def test_what_is_met_names_a_test_that_there_is(lines: list[tuple[list[str], str, str]]) -> None:
    wrong = []
    for rules, state, words in lines:
        named = _TEST.findall(words)
        if state == "met" and not named:
            wrong.append(f"{rules[0]} names no test")
        for file, test in named:
            path = HOUSE / file
            if not path.is_file() or (test and f"def {test}(" not in path.read_text(encoding="utf-8")):
                wrong.append(f"{rules[0]}: no {file}::{test}")
    assert wrong == []
