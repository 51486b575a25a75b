"""Limits stand in configs/limits.toml alone: the page and the service read it, a pack's scripts are held to it."""

from __future__ import annotations

import re

import pytest
from pydantic import ValidationError

from pipeline.limits import LIMITS, SharedLimits, or_empty
from pipeline.player.page import PAGE_FILES
from tests.web.engine import WEB

PAGE = [path for path in (WEB / "src").rglob("*") if path.suffix in {".ts", ".svelte"} and ".test." not in path.name]


def test_the_page_states_no_limit_of_a_text_itself() -> None:
    """Of what the page asks for: lengths in its forms, and the shape of a code; fields of recipes bring their own."""
    stated = re.compile(r'maxlength="\d|\[A-Za-z0-9[^/\n]*\{\d+,\d+\}')
    assert [path.name for path in PAGE if path.name != "schema.ts" and stated.search(path.read_text("utf-8"))] == []


def test_no_browser_writes_down_what_stands_in_a_field() -> None:
    """What Chromium keeps to restore its tabs would hold captions and names in plain letters."""
    free = re.compile(r"<(?:textarea|input)\b(?:[^>{]|=>|\{(?:[^{}]|\{[^{}]*\})*\})*>")
    of_words = re.compile(r'<textarea|type="(?:text|search)"')
    fields = [(path.name, tag) for path in PAGE for tag in free.findall(path.read_text("utf-8"))]
    assert len(fields) > 90
    silent = [one for one in fields if "autocomplete=" not in one[1]]
    assert [one for one in silent if of_words.search(one[1]) or "type=" not in one[1]] == []


@pytest.mark.parametrize(
    ("script", "name", "limit"),
    [
        ("writing.js", "MOST_LINES", LIMITS.most_note_lines),
        ("writing.js", "LONGEST_LINE", LIMITS.longest_words),
        ("pack.js", "LARGEST", LIMITS.largest_notes_bytes),
    ],
)
def test_a_pack_s_scripts_have_the_services_limits(script: str, name: str, limit: int) -> None:
    """They are plain scripts that travel with a pack, and read no file."""
    found = re.findall(rf"const {name} = ([\d_]+);", (PAGE_FILES / script).read_text("utf-8"))
    assert [int(value) for value in found] == [limit]


def test_a_code_s_shape_and_its_length_cannot_disagree() -> None:
    with pytest.raises(ValidationError, match="another length"):
        SharedLimits.model_validate(LIMITS.model_dump() | {"longest_code": LIMITS.longest_code + 1})


def test_a_pattern_of_a_text_that_may_be_left_out() -> None:
    assert [bool(re.search(or_empty("^[a-z]{2}$"), text)) for text in ("", "ab", "abc")] == [True, True, False]
