"""Connections on which no request comes end; those on which one comes, however slowly its body, stay."""

from __future__ import annotations

import resource
import socket
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from api.http_protocol import MOST_FILES, PatientProtocol, allow_many_connections
from tests.servers import wait_until

WHOLE = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"


class Hurried(PatientProtocol):
    head_within_s = 0.5


async def answering(scope: Scope, receive: Receive, send: Send) -> None:
    assert scope["type"] == "http"
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


@pytest.fixture
def port() -> Iterator[int]:
    """The port of a server that waits for half a second."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(answering, http=Hurried, lifespan="off", log_config=None))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    wait_until(lambda: server.started, "started")
    yield listening.getsockname()[1]
    server.should_exit = True
    thread.join()


def connect(port: int, *said: bytes) -> socket.socket:
    made = socket.create_connection(("127.0.0.1", port), timeout=60)
    for piece in said:
        made.sendall(piece)
    return made


@pytest.mark.parametrize("before", [b"", b"GET / HTTP/1.1\r\nHost: he", b"G"])
def test_a_connection_whose_request_does_not_come_ends(port: int, before: bytes) -> None:
    with connect(port, before) as silent:
        assert silent.recv(100) == b""


def test_a_second_request_that_does_not_come_whole_ends_it_too(port: int) -> None:
    with connect(port, WHOLE) as halting:
        answer = b""
        while not answer.endswith(b"ok"):
            piece = halting.recv(1000)
            assert piece, answer
            answer += piece
        halting.sendall(b"GET /again")
        assert halting.recv(100) == b""


def test_a_head_that_drips_in_does_not_go_on_for_ever(port: int) -> None:
    with connect(port, b"GET / HTTP/1.1\r\n") as dripping, pytest.raises(ConnectionError):  # noqa: PT012 each may be the one
        for number in range(1000):
            time.sleep(0.05)
            dripping.sendall(b"X-%d: drip\r\n" % number)
        pytest.fail("nearly a minute of it was taken")


def test_a_request_whose_body_takes_its_time_is_answered(port: int) -> None:
    with connect(port, b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 2\r\n\r\n1") as slow:
        time.sleep(3 * Hurried.head_within_s)
        slow.sendall(b"2")
        assert slow.recv(1000).startswith(b"HTTP/1.1 200")


def test_the_service_may_open_more_files_than_systems_begin_with() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 256), hard))
        allow_many_connections()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (min(hard, MOST_FILES), hard)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
