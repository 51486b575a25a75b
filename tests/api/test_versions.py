"""Parts of different versions side by side, as an update leaves them that forgot a machine."""

from __future__ import annotations

import pytest

from api.app import create_app
from records.ledger.workers import beat
from records.models import utcnow
from records.settings import Settings
from tests.api.conftest import client_of


def test_a_worker_of_another_version_is_told_until_it_is_of_the_same(
    app_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.diagnostics.health_cache._FRESH_S", 0)
    app = create_app(app_settings)
    with client_of(app) as client:

        def told() -> list[str]:
            alerts = client.get("/api/v1/operations").json()["verdict"]["alerts"]
            return [alert["message"] for alert in alerts if alert["code"] == "versions_differ"]

        began = utcnow()
        with monkeypatch.context() as older:
            older.setattr("records.ledger.workers.version", lambda _name: "0.0.9")
            beat(app.state.context.db, "forgotten:1", began)
        [message] = told()
        assert "0.0.9" in message
        assert 'vigpack_problem{code="versions_differ",level="warn"} 1.0' in client.get("/metrics").text
        beat(app.state.context.db, "forgotten:1", began)
        assert told() == []
