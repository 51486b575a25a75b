"""Whatever is asked of any route by anybody, the service answers, and never with an error of its own.

Requests are made from the service's own description by schemathesis: such as fit it, and such as do not. Each is asked
as everybody, on a service with people and a film. CI asks a few, the same each time; ``make any-request EXAMPLES=200``
asks many, others each time. Streams of events are left out, because they do not end: tests/api/routes/test_events.py.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from schemathesis import APIOperation, Case, GenerationMode

from records.accounts.principal import Via
from records.accounts.sessions import Lifetime, begin_session
from records.settings import Settings
from tests.api.test_who_may_see import House, build_house, ident
from tests.api.test_who_may_with_families import ids_of_a_family

EXAMPLES = int(os.environ.get("EXAMPLES", "0"))
EVERYBODY = ["signed out", "it", "governance", "manager", "supervisor", "owner"]
"""Who may do more comes later."""
_BYTES = "application/offset+octet-stream"
_LAST = ["DELETE /api/v1/selections/{selection_id}", "DELETE /api/v1/families/{family_id}"]
"""What ends all that others ask for."""


@schemathesis.serializer(_BYTES, "image/jpeg", "image/png", "image/heic", "application/octet-stream")
def as_bytes(_: Any, value: Any) -> bytes:
    return value if isinstance(value, bytes) else json.dumps(value).encode()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    made = build_house(Settings(data_dir=tmp_path_factory.mktemp("house"), min_free_bytes=0, local_accounts=True))
    yield made
    made.db.dispose()


def operations_of(house: House) -> list[APIOperation[Any, Any]]:
    """Every one of the description, in whose addresses the ids of what is there stand as often as others do."""
    described = json.loads(json.dumps(house.app.openapi()))
    ids = {**ids_of_a_family(house), "account_id": ident("other"), "job_id": "0" * 32}
    for path in described["paths"].values():
        for operation in path.values():
            for parameter in operation.get("parameters", []):
                if parameter["in"] == "path" and parameter["name"] in ids:
                    parameter["schema"] = {"anyOf": [{"enum": [ids[parameter["name"]]]}, parameter["schema"]]}
    found = [one.ok() for one in schemathesis.openapi.from_dict(described).get_all_operations()]
    ends = [one for one in found if not one.path.endswith("/events")]
    return sorted(ends, key=_place)


def _place(operation: APIOperation[Any, Any]) -> tuple[int, bool, str]:
    """What ends a thing comes after all that is asked of it."""
    last = _LAST.index(operation.label) + 1 if operation.label in _LAST else 0
    return last, operation.label.startswith("DELETE "), operation.label


def sign_in(house: House, clients: dict[str, TestClient]) -> None:
    """Anew for each operation: some sign out."""
    secrets, lifetime = house.app.state.identity.secrets, Lifetime(3600, 3600)
    with house.db.session() as session:
        for who, client in clients.items():
            client.cookies.clear()
            if who != "signed out":
                secret = begin_session(session, secrets, ident(who), by=Via.SESSION, device="x", lifetime=lifetime)
                client.cookies.set("vigpack_session_8000", secret)


def faults_of(operation: APIOperation[Any, Any], mode: GenerationMode, clients: dict[str, TestClient]) -> list[str]:
    """What was answered with an error of the service's own."""
    faults: list[str] = []

    @hypothesis_settings(
        max_examples=EXAMPLES or 1,
        database=None,
        deadline=None,
        derandomize=not EXAMPLES,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy(generation_mode=mode))
    def ask(case: Case) -> None:
        request = case.as_transport_kwargs(base_url="http://127.0.0.1:8000")
        request.pop("cookies", None)
        request["headers"] = {k: v for k, v in request["headers"].items() if k.lower() != "authorization"}
        for who, client in clients.items():
            try:
                answer = client.request(**request)
            except httpx.InvalidURL:  # longer than this client sends any; servers have limits of their own
                return
            if answer.status_code >= 500:
                faults.append(f"{operation.label} as {who}: {answer.status_code} {answer.text}\n{request}")

    ask()
    return faults


@pytest.mark.timeout(0 if EXAMPLES else 300)
def test_every_answer_to_anybody_is_one_that_was_meant(house: House) -> None:
    clients, operations = {who: house.client(who) for who in EVERYBODY}, operations_of(house)
    assert len(operations) > 80
    faults: list[str] = []
    for operation in operations:
        sign_in(house, clients)
        for mode in GenerationMode:
            faults += faults_of(operation, mode, clients)
    assert faults == []
