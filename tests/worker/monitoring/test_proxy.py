"""What a proxy that does not serve browsers looks like; one that does: tests/end_to_end/test_compose.py."""

from __future__ import annotations

import http.server
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from records.settings import Settings
from tests.servers import free_port
from worker.monitoring.proxy import ProxyFound, ask_proxy, proxy_found

NOW = datetime(2026, 11, 28, tzinfo=UTC)


@pytest.mark.parametrize(
    ("lives", "left", "soon"),
    [
        (timedelta(days=90), timedelta(days=15), False),
        (timedelta(days=90), timedelta(days=13), True),
        (timedelta(hours=12), timedelta(hours=3), False),  # Caddy's own, which is renewed at four
        (timedelta(hours=12), timedelta(hours=1), True),
        (timedelta(days=3650), timedelta(days=13), True),
        (timedelta(days=90), timedelta(days=-1), True),
    ],
)
def test_a_certificate_that_should_have_been_renewed_is_seen(lives: timedelta, left: timedelta, *, soon: bool) -> None:
    found = ProxyFound("https://vig.example.org", "", NOW + left, NOW + left - lives)
    assert found.ends_soon(NOW) is soon


def test_a_proxy_that_is_not_there_does_not_answer() -> None:
    found = ask_proxy("https://vig.example.org", f"127.0.0.1:{free_port()}")
    assert found.problem == "It does not answer (ConnectionRefusedError)."


def test_a_site_that_is_a_port_alone_is_not_watched() -> None:
    assert proxy_found(Settings()) is None
    assert proxy_found(Settings(proxy_url="https://:8080")) is None


def test_one_slow_answer_is_no_problem_and_a_second_is(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(proxy_url="https://vig.example.org", proxy_via=f"127.0.0.1:{free_port()}")
    assert proxy_found(settings) is None
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 10)
    assert proxy_found(settings) == ask_proxy(settings.proxy_url, settings.proxy_via)


def test_one_that_speaks_no_tls_is_told() -> None:
    class Plain(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Plain) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        via = f"127.0.0.1:{server.server_address[1]}"
        found = ask_proxy("https://vig.example.org", via)
        plain = ask_proxy("http://vig.example.org", via)
        server.shutdown()
    assert found.problem.startswith("It does not answer (SSL")
    assert plain.problem == "It answers 501: the proxy is there, and not the API behind it."
