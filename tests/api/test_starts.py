"""The API's starts and stops in the audit."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api import background
from api.app import create_app
from records.audit.checkpoints import read_checkpoints
from records.audit.lifecycle import note_start
from records.audit.log import AuditLine, newest
from records.database import Database, open_database
from records.settings import Settings
from tests.databases import make_tables
from tests.servers import wait_until


def lines(settings: Settings) -> list[AuditLine]:
    db = open_database(settings)
    with db.reading() as session:
        found = newest(session)[::-1]
    db.dispose()
    return found


def run(settings: Settings) -> list[AuditLine]:
    """Start it, wait until that is noted, and end it: the lines that it left."""
    before = len(lines(settings))
    with TestClient(create_app(settings)):
        wait_until(lambda: "start" in [line.action for line in lines(settings)[before:]], "the start is noted")
    return lines(settings)[before:]


def test_starts_stops_and_what_was_set_otherwise_between_them(settings: Settings, tmp_path: Path) -> None:
    kept = tmp_path / "elsewhere"
    kept.mkdir()
    settings = settings.model_copy(update={"audit_checkpoint_dir": kept})
    first = run(settings)
    assert [(line.account_id, line.action) for line in first] == [("service", "start"), ("service", "stop")]
    assert first[0].target == first[1].target
    assert read_checkpoints(kept / "audit-checkpoints.jsonl")[-1].sequence == 2
    assert [line.action for line in run(settings)] == ["start", "stop"]
    secret = "a-secret-that-nobody-guesses"
    changed = {"token": type(settings.token)(secret), "session_idle_s": 60, "oidc_label": "Anytown"}
    found = run(settings.model_copy(update=changed))
    assert [(line.action, line.target) for line in found[1:-1]] == [
        ("change_setting", f"VIGPACK_{name}") for name in ("OIDC_LABEL", "SESSION_IDLE_S", "TOKEN")
    ]
    assert json.loads(found[0].detail) == {"settings_changed": 3}
    assert json.loads(found[2].detail) == {"from": 8 * 3600, "to": 60}
    assert secret not in str(found)
    assert "Anytown" not in str(found)
    other_key = settings.model_copy(update={"service_key": type(settings.token)("k" * 43)})
    assert [(line.action, line.target) for line in run(other_key)[1:-1]] == [("change_setting", "VIGPACK_SERVICE_KEY")]


def test_a_start_is_noted_as_soon_as_there_are_tables(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data", recovery_s=1)
    with TestClient(create_app(settings)):
        make_tables(settings)
        wait_until(lambda: [line.action for line in lines(settings)] == ["start"], "the start is noted")


def test_a_stop_in_the_instant_of_the_start_is_noted_too(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The start is written, and the service ends before it knows so."""

    def note_slowly(db: Database, settings: Settings) -> str | None:
        start_id = note_start(db, settings)
        written.set()
        time.sleep(0.5)
        return start_id

    written = threading.Event()
    monkeypatch.setattr(background, "note_start", note_slowly)
    with TestClient(create_app(settings)):
        assert written.wait(60)
    assert [line.action for line in lines(settings)] == ["start", "stop"]
