"""How the API describes itself: its routes, its errors, and whether it is ready."""

from __future__ import annotations

import contextlib
import re

from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.errors import STATUS_OF
from pipeline.errors import PipelineError
from records.settings import Settings
from records.storage import contract as storage
from records.uploads import errors as upload_errors
from tests.api.service import SELECTIONS


def test_every_error_of_uploads_and_storage_has_a_status_of_its_own() -> None:
    kinds = [kind for module in (storage, upload_errors) for kind in vars(module).values() if isinstance(kind, type)]
    own = {storage.__name__, upload_errors.__name__}
    errors = [kind for kind in kinds if issubclass(kind, PipelineError) and kind.__module__ in own]
    assert [kind.__name__ for kind in errors if kind not in STATUS_OF] == []
    assert all(400 <= status < 600 for status in STATUS_OF.values())
    assert len({kind.code for kind in STATUS_OF}) == len(STATUS_OF)


def test_the_description_names_every_route_and_has_examples(client: TestClient) -> None:
    described = client.get("/api/v1/openapi.json").json()
    assert {"/healthz", SELECTIONS, f"{SELECTIONS}/{{selection_id}}/events"} <= set(described["paths"])
    assert described["components"]["schemas"]["NewSelection"]["examples"]
    assert described["components"]["schemas"]["Problem"]["properties"]["code"]
    for path in described["paths"].values():
        assert all(operation["summary"] and operation["description"] for operation in path.values())


_VERBS = [
    "acknowledge",
    "add",
    "append",
    "cancel",
    "check",
    "choose",
    "compare",
    "complete",
    "confirm",
    "correct",
    "create",
    "delete",
    "download",
    "drain",
    "get",
    "grant",
    "hold",
    "list",
    "move",
    "open",
    "preview",
    "release",
    "request",
    "retry",
    "save",
    "stream",
    "transfer",
    "trim",
    "undrain",
]


def test_every_operation_has_an_id_of_its_own_a_verb_and_what_it_is_about(app: FastAPI) -> None:
    paths = app.openapi()["paths"]
    ids = [operation["operationId"] for path in paths.values() for operation in path.values()]
    assert sorted(set(ids)) == sorted(ids)
    assert [one for one in ids if not re.fullmatch(rf"({'|'.join(_VERBS)})(_[a-z]+)+", one)] == []


def test_every_event_of_a_stream_is_described_with_what_it_holds(app: FastAPI) -> None:
    document = app.openapi()
    schemas = document["components"]["schemas"]
    found: dict[str, dict[str, str]] = {}
    for path, operations in document["paths"].items():
        stream = operations.get("get", {}).get("responses", {}).get("200", {}).get("content", {})
        for one in [stream["text/event-stream"]["schema"]] if "text/event-stream" in stream else []:
            events = [schemas[ref["$ref"].rsplit("/", 1)[1]]["properties"] for ref in one.get("oneOf", [one])]
            found[path] = {event["event"]["const"]: event["data"]["$ref"].rsplit("/", 1)[1] for event in events}
    assert found == {
        "/api/v1/events": {"selection": "SelectionView", "gone": "SelectionName", "closed": "Closing"},
        f"{SELECTIONS}/{{selection_id}}/events": {
            "selection": "SelectionView",
            "erased": "Nothing",
            "closed": "Closing",
        },
        "/api/v1/operations/events": {"operations": "Health", "closed": "Closing"},
    }


def test_the_example_in_the_description_is_accepted(client: TestClient) -> None:
    described = client.get("/api/v1/openapi.json").json()
    example = described["components"]["schemas"]["NewSelection"]["examples"][0]
    assert client.post(SELECTIONS, json=example).status_code == 201


def test_readiness_says_what_is_wrong_in_words(client: TestClient, app_settings: Settings) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["problems"] == ["No worker is running; moments wait until one is."]
    parts = app_settings.data_dir / "store" / ".parts"
    # A file where a folder belongs: even root cannot write below it. The probe may make the folder anew meanwhile.
    while not parts.is_file():
        with contextlib.suppress(OSError):
            parts.rmdir()
        with contextlib.suppress(FileExistsError):
            parts.touch(exist_ok=False)
    broken = client.get("/readyz")
    assert broken.status_code == 503
    assert any(problem.startswith(f"{parts} cannot be written") for problem in broken.json()["problems"])
