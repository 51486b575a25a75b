"""Friendly remarks on a selection; the page's own tests read the same cases."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.hints import hints
from pipeline.moments import parse_selection

CASES = json.loads(Path(__file__).with_name("hint_cases.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_the_same_remarks_as_on_the_page(case: dict[str, Any]) -> None:
    shape = {
        "family": "K-104",
        "clip": [{"in": start, "out": end} for start, end in case["clip"]],
        "still": [{"at": 0, "caption": caption} for caption in case["still"]],
    }
    assert hints(parse_selection(shape)) == case["hints"]
