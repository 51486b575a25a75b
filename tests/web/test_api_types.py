"""The page's types of the API are those of the API."""

from __future__ import annotations

from tests.web.api_types import run_generator


def test_the_pages_types_are_generated_from_the_api_as_it_is() -> None:
    assert run_generator("--check") == "", "run: make api-types"
