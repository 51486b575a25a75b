"""The log's one line for each request, and whose address stands in it."""

from __future__ import annotations

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from api.middleware.client_address import ClientAddress, TrustedProxiesUnreadable
from records.logs import configure_logging
from tests.api.conftest import client_of
from tests.api.service import SELECTIONS, UPLOADS
from tests.log_lines import events

PROXY = "172.18.0.5"


def sender(trusted: str, peer: str = PROXY, **headers: str) -> tuple[str, str]:
    """The address and the scheme that the service sees."""

    def tell(request: Request) -> JSONResponse:
        assert request.client
        return JSONResponse([request.client.host, request.url.scheme])

    app = ClientAddress(Starlette(routes=[Route("/", tell)]), trusted)
    with TestClient(app, client=(peer, 1), base_url="http://x") as client:
        host, scheme = client.get("/", headers={k.replace("_", "-"): v for k, v in headers.items()}).json()
    return host, scheme


@pytest.mark.parametrize(
    ("trusted", "forwarded", "seen"),
    [
        ("127.0.0.1,::1", "192.0.2.7", PROXY),  # not from a trusted proxy
        ("", "192.0.2.7", PROXY),
        ("*", "192.0.2.7", "192.0.2.7"),
        ("*", "198.51.100.1, 192.0.2.7", "192.0.2.7"),  # the first was written by the sender
        ("172.16.0.0/12", "192.0.2.7", "192.0.2.7"),
        ("172.16.0.0/12, 10.0.0.7", "198.51.100.1, 192.0.2.7, 10.0.0.7", "192.0.2.7"),
        ("172.16.0.0/12", "172.16.3.4", "172.16.3.4"),  # the sender is on the proxies' network
        ("*", "192.0.2.7:4711", "192.0.2.7"),
        ("*", "[2001:db8::1]:4711", "2001:db8::1"),
        ("*", "::ffff:192.0.2.7", "192.0.2.7"),
        ("*", "unknown", PROXY),
        ("*", "Ella at the table", PROXY),
        ("*", "", PROXY),
    ],
)
def test_the_sender_is_whom_the_last_trusted_proxy_names(trusted: str, forwarded: str, seen: str) -> None:
    assert sender(trusted, x_forwarded_for=forwarded)[0] == seen


def test_only_a_trusted_proxy_says_that_a_request_came_by_tls() -> None:
    assert sender("*", x_forwarded_proto="https")[1] == "https"
    assert sender("", x_forwarded_proto="https")[1] == "http"
    assert sender("*", x_forwarded_proto="gopher")[1] == "http"


def test_a_setting_that_names_no_address_is_refused_in_words() -> None:
    with pytest.raises(TrustedProxiesUnreadable):
        ClientAddress(Starlette(), "proxy")


def test_each_request_is_one_line_with_all_that_tells_of_it_and_nothing_that_was_typed(
    app: FastAPI, capsys: pytest.CaptureFixture[str]
) -> None:
    one = "0" * 32
    asked = [
        ("GET", f"{SELECTIONS}?family=K-104", f"{SELECTIONS}"),
        ("GET", f"{SELECTIONS}/{one}", SELECTIONS + "/{selection_id}"),
        ("HEAD", f"{UPLOADS}/Ella-{one}", UPLOADS + "/{upload_id}"),
        ("GET", "/api/v1/K-104", "(api)"),
        ("GET", "/Ella.html", "(page)"),
    ]
    with client_of(app) as client:
        configure_logging()
        capsys.readouterr()
        answers = [client.request(method, path) for method, path, _ in asked]
        client.get("/healthz")
        forwarded = client.get(SELECTIONS, headers={"X-Forwarded-For": "127.0.0.9"})
    said = capsys.readouterr().err
    assert not any(word in said for word in ("K-104", "Ella"))
    lines = [line for line in events(said) if line["event"] != "audit_checkpoint"]
    assert [line["event"] for line in lines] == ["answered"] * len(lines)
    assert [(line["method"], line["route"]) for line in lines[:-1]] == [(method, route) for method, _, route in asked]
    assert [line["request_id"] for line in lines] == [one.headers["X-Request-Id"] for one in (*answers, forwarded)]
    assert [line["status"] for line in lines[:-1]] == [200, 404, 404, 404, 404]
    assert [line["client"] for line in lines[:-1]] == ["127.0.0.1"] * len(asked)
    assert [line["who"] for line in lines[:-1]] == ["this machine"] * 4 + [None]  # the page is open
    assert lines[1]["code"] == "selection_gone"
    assert lines[-1]["client"] == "127.0.0.9"
    assert all(line["seconds"] < 60 for line in lines)
