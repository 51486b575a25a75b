"""docker-compose.yml: its services' very commands run as processes on this machine."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from redis import Redis

from cli.demo_client.sender import Follower, begin, copy_moments, fetch, send_all
from pipeline.jail.jail import Jail
from pipeline.moments import Clip, Selection
from pipeline.source.film import probe
from records.clock import utcnow
from tests.end_to_end.compose import (
    SERVICES,
    TOKEN,
    Stack,
    make_folders,
)
from tests.footage import numbered_film, numbers_in
from tests.servers import PostgresServer, prepared_postgres, start, wait_until
from worker.monitoring.proxy import ask_proxy

TOGETHER = "compose"


def test_a_database_that_is_still_being_made_is_not_well(tmp_path: Path) -> None:
    """The image's entrypoint starts a server for the socket alone, makes the database and ends that server again."""
    kind, program, *arguments = SERVICES["postgres"]["healthcheck"]["test"]
    assert kind == "CMD"
    with prepared_postgres() as server:
        programs = Path(server.argv[0]).parent
        check = [str(programs / program), *arguments, "-p", str(server.port)]
        sockets = Path(tempfile.mkdtemp(prefix="vigpack-sockets-"))
        shutil.chown(sockets, server.user or os.getuid())
        argv = [*server.argv, "-c", "listen_addresses=", "-c", f"unix_socket_directories={sockets}"]
        there = [str(programs / "pg_isready"), "-h", str(sockets), "-p", str(server.port)]
        try:
            for options, is_well in ([], False), (["-c", "listen_addresses=127.0.0.1"], True):
                process = start([*argv, *options], tmp_path / "postgres.log", user=server.user)
                wait_until(lambda: subprocess.run(there, check=False).returncode == 0, "it answers at its socket")
                asked = subprocess.run(check, env={"PGHOST": str(sockets)}, check=False)
                assert (asked.returncode == 0) is is_well
                process.send_signal(signal.SIGQUIT)
                process.wait(60)
        finally:
            shutil.rmtree(sockets)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, postgres_server: PostgresServer) -> Iterator[Stack]:
    """Redis, migrate, worker, api and proxy, started in the order of the file; PostgreSQL comes from the machine."""
    folder = tmp_path_factory.mktemp("compose")
    stack = Stack(folder)
    make_folders(
        folder,
        vigpack_database_url=postgres_server.url(postgres_server.create_database()),
        vigpack_broker_url=f"redis://:bell@127.0.0.1:{stack.redis_port}/0",
    )
    try:
        stack.start("redis")
        wait_until(lambda: stack.is_well("redis"), "redis is well")
        assert stack.start("migrate").wait(60) == 0, stack.log_of("migrate")
        stack.start("worker")
        stack.start("api")
        wait_until(lambda: stack.is_well("api"), "api is well")
        wait_until(lambda: stack.is_well("worker"), "worker is well")
        stack.write_proxy_file()
        stack.start("proxy")
        wait_until(lambda: stack.is_well("proxy"), f"proxy is well; see {folder}/proxy.log")
        wait_until(stack.speaks_tls, f"the proxy has its first certificate; see {folder}/proxy.log")
        yield stack
    finally:
        for process in reversed(stack.processes):
            process.terminate()
        ends = [process.wait(60) for process in stack.processes]
        assert ends == [0, 0, 0, -signal.SIGTERM, 0], ends  # uvicorn ends in order, then as it was told to


@pytest.fixture
def client(stack: Stack) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    known = ssl.create_default_context(cafile=stack.authority)
    with httpx.Client(base_url=stack.url, verify=known, headers=headers, trust_env=False, timeout=60) as client:
        yield client


def send_and_fetch(client: httpx.Client, path: Path, folder: Path) -> Path:
    """The one clip, from 1 s to 2 s of this film, as it came back."""
    film = probe(path)
    selection = Selection(family="K-104", clips=(Clip(in_ms=1000, out_ms=2000, caption="Ella looks up."),))
    outgoing = copy_moments(Jail(), path, selection, folder)
    assert outgoing.whole_film == (path.suffix == ".ts")
    begun = begin(client, film, selection, outgoing)
    follower = Follower(client, begun["selection"]["id"], lambda _view: None)
    follower.start()
    send_all(client, begun, outgoing, lambda _done: None)
    view = follower.wait().view
    return fetch(client, view["moments"][0]["artifacts"][0], view["id"], folder / "clip.mp4")


@pytest.mark.parametrize("name", ["film.mp4", "film.ts"])
def test_a_moment_goes_through_the_services_of_the_file_alone_or_with_its_whole_film(
    stack: Stack, client: httpx.Client, tmp_path: Path, name: str
) -> None:
    clip = send_and_fetch(client, numbered_film(tmp_path / name), tmp_path)
    assert numbers_in(clip) == list(range(30, 60))
    assert [path for path in (stack.folder / "scratch").rglob("*") if path.is_file()] == []


def test_the_services_are_ready_and_say_so(client: httpx.Client) -> None:
    ready = client.get("/readyz")
    assert ready.status_code == 200
    assert ready.json()["problems"] == [], ready.text


def test_the_proxy_is_seen_to_serve_browsers_with_a_certificate_that_lasts(client: httpx.Client, stack: Stack) -> None:
    found = ask_proxy(stack.url)
    assert (found.problem, found.ends_soon(utcnow())) == ("", False)
    assert found.certificate_ends_at is not None
    assert 1 < (found.certificate_ends_at - utcnow()) / timedelta(hours=1) < 13
    other_name = ask_proxy("https://vig.example.org", f"localhost:{stack.https_port}")
    assert other_name.problem.startswith("It does not answer (SSL")
    client.headers["Authorization"] = "Bearer another long random text"
    wait_until(lambda: "vigpack_proxy_up 1.0" in client.get("/metrics").text, "the API has asked the proxy", 90)
    assert "vigpack_certificate_ends_timestamp_seconds" in client.get("/metrics").text


def test_doctor_finds_the_proxy_and_a_worker(stack: Stack) -> None:
    argv = [sys.executable, "-P", "-m", "cli", "doctor", "--json"]
    asked = subprocess.run(argv, env=stack.environment("api"), capture_output=True, text=True, check=False)
    states = {check["part"]: check["state"] for check in json.loads(asked.stdout)}
    assert (states["workers"], states["proxy"]) == ("ok", "ok")
    assert asked.returncode == 0, asked.stdout


def test_the_report_has_the_lines_of_api_and_worker(client: httpx.Client, stack: Stack) -> None:
    client.get("/api/v1/selections", params={"family": "K-104"})
    argv = [sys.executable, "-P", "-m", "cli", "doctor", "--report"]
    report = subprocess.run(argv, env=stack.environment("api"), capture_output=True, text=True, check=True).stdout
    here = socket.gethostname()
    assert f"LOG api-{here}.log" in report
    assert f"LOG worker-{here}.log" in report
    assert '"event": "answered"' in report
    assert "ready." in report.partition(f"LOG worker-{here}.log")[2]
    assert not any(word in report for word in ("K-104", TOKEN, '"client": "127.0.0.1"'))


def test_the_proxy_is_well_by_itself_and_sends_browsers_to_tls(stack: Stack) -> None:
    asked = httpx.get(f"http://127.0.0.1:{stack.proxy_health_port}/", trust_env=False, timeout=60)
    assert (asked.status_code, asked.content) == (200, b"")
    plain = httpx.get(f"http://localhost:{stack.http_port}/it", trust_env=False, timeout=60)
    assert plain.status_code == 308
    assert plain.headers["location"].startswith("https://localhost")


def test_the_proxy_logs_what_was_asked_without_what_was_typed(client: httpx.Client, stack: Stack) -> None:
    client.get("/api/v1/selections", params={"family": "K-104"}, headers={"Referer": "https://x/?family=K-104"})

    def logged() -> list[dict[str, Any]]:
        said = [json.loads(line) for line in stack.log_of("proxy").splitlines() if line.endswith("}")]
        return [line for line in said if line.get("logger") == "http.log.access.log0"]

    wait_until(lambda: "/api/v1/selections" in {line["request"]["uri"] for line in logged()}, "the line is written")
    requests = logged()
    assert all(line["request"]["remote_ip"] == "127.0.0.1" for line in requests)
    assert not any(word in stack.log_of("proxy") for word in ("K-104", TOKEN, "another long random text"))


def test_nor_is_it_in_the_errors_of_a_proxy_whose_api_is_away(tmp_path: Path) -> None:
    lonely = Stack(tmp_path)
    lonely.write_proxy_file()
    proxy = lonely.start("proxy")
    try:
        wait_until(lonely.speaks_tls, "the proxy has its first certificate")
        with httpx.Client(
            verify=ssl.create_default_context(cafile=lonely.authority), trust_env=False, timeout=60
        ) as client:
            headers = {"Authorization": f"Bearer {TOKEN}", "Cookie": "vigpack_pass=1"}
            asked = client.get(f"{lonely.url}/api/v1/selections?family=K-104", headers=headers)
            assert asked.status_code == 502
            assert ask_proxy(lonely.url).problem == "It answers 502: the proxy is there, and not the API behind it."
            figures = client.get(f"http://127.0.0.1:{lonely.proxy_figures_port}/metrics").text
    finally:
        proxy.terminate()
        proxy.wait(30)
    said = lonely.log_of("proxy")
    assert "connection refused" in said
    assert not any(word in said for word in ("K-104", TOKEN, "vigpack_pass"))
    assert re.search(r'^caddy_http_request_duration_seconds_count\{.*code="502".*\} 2$', figures, re.MULTILINE)
    assert "selections" not in figures


def test_the_api_knows_from_where_a_request_came_to_the_proxy(client: httpx.Client, stack: Stack) -> None:
    asked = client.get("/api/v1/selections", headers={"X-Forwarded-For": "198.51.100.1"})
    request_id = asked.headers["X-Request-Id"]

    def lines() -> list[str]:
        return [line for line in stack.log_of("api").splitlines() if request_id in line and line.endswith("}")]

    wait_until(lines, "the line, which is written once the answer is on its way")
    [line] = map(json.loads, lines())  # and not a second one by the server, with the address that was asked
    assert (line["client"], line["who"], line["route"]) == ("127.0.0.1", "guider", "/api/v1/selections")


def test_the_proxy_says_so_where_it_cannot_open_its_ports(stack: Stack, tmp_path: Path) -> None:
    second = Stack(tmp_path, api_port=stack.api_port)
    with socket.create_server(("127.0.0.1", second.https_port)):
        second.write_proxy_file()
        proxy = second.start("proxy")
        try:
            assert proxy.wait(30) != 0
            assert not second.is_well("proxy")
        finally:
            proxy.kill()


def test_it_s_token_opens_the_figures_and_nothing_of_a_family(client: httpx.Client) -> None:
    client.headers["Authorization"] = "Bearer another long random text"
    assert client.get("/metrics").status_code == 200
    assert client.get("/api/v1/selections").json()["code"] == "not_for_it"


def test_nobody_gets_in_without_the_token(client: httpx.Client) -> None:
    client.headers.pop("Authorization")
    assert client.get("/api/v1/selections").status_code == 401


def test_each_service_is_its_command_itself_and_hears_when_it_is_to_end(stack: Stack) -> None:
    words = ("redis-server", "worker", "api", "caddy")
    lasting = [process for process in stack.processes if process.poll() is None]
    for process, word in zip(lasting, words, strict=True):
        argv = Path(f"/proc/{process.pid}/cmdline").read_text()
        assert word in argv
        assert not argv.startswith("sh\0")


def test_the_queue_s_password_can_be_read_by_nobody_else(stack: Stack) -> None:
    config = stack.folder / "redis.conf"
    assert "requirepass bell" in config.read_text()
    assert config.stat().st_mode & 0o077 == 0


def test_no_argument_list_shows_a_password(stack: Stack) -> None:
    for process in stack.processes:
        if process.poll() is None:
            assert "bell" not in Path(f"/proc/{process.pid}/cmdline").read_text()


TEARS = {
    "the page that was being written is all zeros": (
        "*.incr.aof",
        lambda path: path.write_bytes(path.read_bytes() + bytes(512)),
    ),
    "what an earlier rewrite wrote is damaged": (
        "*.base.rdb",
        lambda path: path.write_bytes(path.read_bytes()[:-9] + bytes(9)),
    ),
    "the list of its files is empty": ("*.manifest", lambda path: path.write_bytes(b"")),
}


@pytest.mark.parametrize("tear", TEARS)
def test_a_queue_torn_by_a_power_cut_is_set_aside_once_and_begins_empty(tmp_path: Path, tear: str) -> None:
    make_folders(tmp_path)
    stack = Stack(tmp_path)
    folder = tmp_path / "queue/appendonlydir"
    counts = []
    try:
        for start in range(4):
            redis = stack.start("redis")
            wait_until(lambda: stack.is_well("redis"), f"start {start}; see {tmp_path}/redis.log")
            with Redis(port=stack.redis_port, password="bell") as client:
                counts.append(client.rpush("waiting", start))
            redis.terminate()
            redis.wait(30)
            if not folder.is_dir():
                pytest.skip("this Redis is older than 7 and keeps its data in one file")
            if start == 1:
                name, damage = TEARS[tear]
                [file] = folder.glob(name)
                damage(file)
    finally:
        for process in stack.processes:
            process.kill()
    assert counts == [1, 2, 1, 2]
    [aside] = (tmp_path / "queue").glob("set-aside-*")
    assert len(list(aside.iterdir())) == 3
    assert stack.log_of("redis").count("The queue's data are damaged") == 1
    assert str(aside) in stack.log_of("redis")
