"""The types of what the page and the API say to each other: `make api-types` writes web/src/api/schema.ts."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from api.app import create_app
from records.migrations.migrate import migrate
from records.settings import Settings
from tests.web.engine import run_npm


def describe_api() -> Any:
    """The OpenAPI document of the API as it is here, with what the page has a use for."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder))
        migrate(settings)
        return _slim(create_app(settings).openapi())


def _slim(document: Any) -> Any:
    """Without errors, which all are a `Problem`, and without titles, which repeat names: a file one can read."""
    if isinstance(document, list):
        return [_slim(one) for one in document]
    if not isinstance(document, dict):
        return document
    return {
        name: {code: _slim(one) for code, one in value.items() if code < "400"} if name == "responses" else _slim(value)
        for name, value in document.items()
        if not (name == "title" and isinstance(value, str))
    }


def run_generator(*options: str) -> str:
    """What is wrong with the generated file, or the generator; empty where nothing is."""
    with tempfile.TemporaryDirectory() as folder:
        document = Path(folder) / "openapi.json"
        document.write_text(json.dumps(describe_api()), encoding="utf-8")
        done = run_npm("api-types", "--", str(document), *options, NO_COLOR="1")
    return "" if done.returncode == 0 else done.stdout + done.stderr


if __name__ == "__main__":
    sys.exit(run_generator() or None)
