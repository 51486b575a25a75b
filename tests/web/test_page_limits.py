"""Limits that the page has to know before it asks are those of the service."""

from __future__ import annotations

import re

import pytest

from pipeline.cut.stills import SEARCH_MS
from pipeline.images.photograph import MOST_BYTES
from pipeline.source.span_copy import STILL_SEARCH_MS
from tests.web.engine import WEB


@pytest.mark.parametrize(
    ("file", "name", "limit"),
    [
        ("review/artwork/Artwork.svelte", "LARGEST_BYTES", MOST_BYTES),
        ("film/cut/span.ts", "STILL_SEARCH_MS", STILL_SEARCH_MS),
        ("film/cut/span.ts", "STILL_SEARCH_MS", SEARCH_MS),
    ],
)
def test_a_limit_on_the_page_is_the_services(file: str, name: str, limit: int) -> None:
    found = re.findall(rf"const {name} = ([\d_.e]+);", (WEB / "src" / file).read_text(encoding="utf-8"))
    assert [float(value.replace("_", "")) for value in found] == [limit]
