"""Who is let in, decided before a body byte is read, and what every answer carries."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import SecretStr, ValidationError

from api.app import create_app
from api.middleware.authentication import OpenToTheNetwork, TokensAlike, check_exposure, is_loopback
from records.settings import Settings
from tests.api.conftest import TOKEN, client_of
from tests.api.service import CHUNK, SELECTIONS, UPLOADS, Service, shape
from tests.log_lines import events


@pytest.fixture
def guarded(app_settings: Settings) -> FastAPI:
    return create_app(app_settings.model_copy(update={"token": SecretStr(TOKEN)}))


def test_without_the_token_only_the_sign_of_life_and_the_bare_page_answer(guarded: FastAPI) -> None:
    with client_of(guarded) as client:
        for path in (SELECTIONS, f"{UPLOADS}/x", "/api/v1/openapi.json", "/readyz", "/metrics", "/api/none"):
            answer = client.get(path)
            assert (answer.status_code, answer.json()["code"]) == (401, "token_wanted"), path
            assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert client.get("/healthz").json() == {"status": "alive"}
        page = client.get("/")  # built or not
        assert (page.status_code, page.headers["Content-Type"].split(";")[0]) == (200, "text/html")


@pytest.mark.parametrize(
    "given", ["", TOKEN, "Bearer", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer é"]
)
def test_a_wrong_token_is_refused(guarded: FastAPI, given: str) -> None:
    with client_of(guarded) as client:
        assert client.get(SELECTIONS, headers={"Authorization": given.encode("latin-1")}).status_code == 401


def test_the_token_opens_from_any_machine_and_under_any_name(guarded: FastAPI) -> None:
    away = TestClient(guarded, base_url="https://vig.example.org", client=("192.0.2.7", 1))
    with away as client:
        assert client.get(SELECTIONS, headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200


IT_TOKEN = "another-long-random-text"


@pytest.fixture
def for_it(app_settings: Settings) -> Iterator[TestClient]:
    """IT's client of a service with both tokens."""
    tokens = {"token": SecretStr(TOKEN), "it_token": SecretStr(IT_TOKEN)}
    with client_of(create_app(app_settings.model_copy(update=tokens))) as client:
        client.headers["Authorization"] = f"Bearer {IT_TOKEN}"
        yield client


def test_it_s_token_opens_how_the_service_is(for_it: TestClient) -> None:
    for path in ("/readyz", "/metrics"):
        assert for_it.get(path).status_code == 200
        assert for_it.get(path, headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200


def test_it_s_token_opens_nothing_of_a_family(for_it: TestClient) -> None:
    one = f"{SELECTIONS}/{'0' * 32}"
    closed = [SELECTIONS, one, f"{one}/artifacts/{'0' * 32}", f"{one}/events", f"{UPLOADS}/{'0' * 32}"]
    for path in (*closed, "/api/v1/openapi.json", "/api/v1/operationsx", "/api/v1/operations/../selections"):
        for method in ("GET", "POST", "PATCH", "DELETE"):
            answer = for_it.request(method, path)
            assert (answer.status_code, answer.json()["code"]) == (403, "not_for_it"), (method, path)
    assert (
        for_it.get("/api/v1/operations%2f..%2fselections").status_code == 404
    )  # no way round: there is no such address


def test_one_token_cannot_be_both(app_settings: Settings) -> None:
    with pytest.raises(TokensAlike):
        create_app(app_settings.model_copy(update={"token": SecretStr(TOKEN), "it_token": SecretStr(TOKEN)}))


def test_a_body_is_not_waited_for_when_the_token_is_wrong(api: httpx.Client) -> None:
    for head in (f"PATCH {UPLOADS}/{'0' * 32}", f"POST {SELECTIONS}"):
        with socket.create_connection((api.base_url.host, api.base_url.port), timeout=60) as line:
            headers = "".join(f"{name}: {value}\r\n" for name, value in CHUNK.items())
            line.sendall(f"{head} HTTP/1.1\r\nHost: x\r\n{headers}Content-Length: 1000000000\r\n\r\n".encode())
            assert line.recv(1000).startswith(b"HTTP/1.1 401")


def test_without_a_token_other_machines_are_refused(app: FastAPI) -> None:
    with TestClient(app, base_url="http://127.0.0.1:8000", client=("192.0.2.7", 1)) as client:
        assert client.get("/healthz").json()["code"] == "not_from_here"


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example:8000",
        "192.0.2.7",
        "[::1",
        "",
        "127.0.0.1/x",
        "x@127.0.0.1",
    ],
)
def test_without_a_token_other_names_for_this_machine_are_refused(client: TestClient, host: str) -> None:
    answer = client.get(SELECTIONS, headers={"Host": host})
    assert (answer.status_code, answer.json()["code"]) == (403, "not_from_here")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "127.0.0.1:8000", "[::1]:8000"])
def test_without_a_token_this_machine_s_own_names_are_accepted(client: TestClient, host: str) -> None:
    assert client.get(SELECTIONS, headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Origin": "null"},
    ],
)
def test_another_site_in_the_browser_cannot_post(client: TestClient, headers: dict[str, str]) -> None:
    answer = client.post(SELECTIONS, json=shape(), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "cross_site")
    assert client.get(SELECTIONS).json()["items"] == []


def test_the_own_page_can_post(client: TestClient) -> None:
    own = {"Origin": "http://127.0.0.1:8000", "Sec-Fetch-Site": "same-origin"}
    assert client.post(SELECTIONS, json=shape(), headers=own).status_code == 201


@pytest.mark.parametrize(
    ("public_url", "headers"),
    [
        ("", {"Origin": "https://vigpack.example.org:8443", "Sec-Fetch-Site": "same-origin"}),
        ("http://vigpack.example.org:8080", {"Origin": "http://vigpack.example.org:8080"}),
        ("HTTPS://VIGpack.example.org:443/", {"Origin": "https://vigpack.example.org"}),
    ],
)
def test_the_own_page_can_post_through_a_proxy_that_changes_its_name(
    app_settings: Settings, public_url: str, headers: dict[str, str]
) -> None:
    told = Settings.model_validate(dict(app_settings) | {"public_url": public_url, "token": TOKEN})
    with TestClient(create_app(told), base_url="http://api:8000") as client:
        client.headers["Authorization"] = f"Bearer {TOKEN}"
        assert client.post(SELECTIONS, json=shape(), headers=headers).status_code == 201
        assert [alert["code"] for alert in alerts_about_addresses(client)] == []
        elsewhere = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
        assert client.post(SELECTIONS, json=shape(), headers=elsewhere).json()["code"] == "cross_site"


def alerts_about_addresses(client: TestClient) -> list[dict[str, str]]:
    verdict = client.get("/api/v1/operations").json()["verdict"]
    return [alert for alert in verdict["alerts"] if alert["code"] in {"browser_refused", "public_url_wrong"}]


@pytest.mark.parametrize(
    ("public_url", "headers", "code"),
    [
        ("", {"Origin": "http://vigpack.example.org"}, "browser_refused"),
        ("http://vig.example.org", {"Origin": "http://vigpack.example.org"}, "browser_refused"),
        (
            "http://vig.example.org",
            {"Origin": "http://vigpack.example.org", "Sec-Fetch-Site": "same-origin"},
            "public_url_wrong",
        ),
    ],
)
def test_it_is_told_of_a_browser_whose_address_is_not_the_service_s(
    app_settings: Settings,
    public_url: str,
    headers: dict[str, str],
    code: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("api.diagnostics.health_cache._FRESH_S", 0)
    told = app_settings.model_copy(update={"public_url": public_url, "token": SecretStr(TOKEN)})
    with TestClient(create_app(told), base_url="http://api:8000") as client:
        assert client.post(SELECTIONS, json=shape(), headers=headers).status_code == 401
        client.headers["Authorization"] = f"Bearer {TOKEN}"
        assert alerts_about_addresses(client) == []  # without a token, nobody can tell IT anything
        client.post(SELECTIONS, json=shape(), headers=headers)
        client.post(SELECTIONS, json=shape(), headers=headers)
        [alert] = alerts_about_addresses(client)
        assert (alert["code"], "VIGPACK_PUBLIC_URL=http://vigpack.example.org" in alert["remedy"]) == (code, True)
    told_once = [one for one in events(capsys.readouterr().err) if "browser_is_at" in one]
    assert [one["browser_is_at"] for one in told_once] == ["http://vigpack.example.org"]


@pytest.mark.parametrize(
    "wrong", ["vigpack.example.org", "https://x.example/vig", "ftp://x.example", "https://a:b@x", "https://x:y"]
)
def test_an_address_that_browsers_cannot_have_is_no_setting(wrong: str) -> None:
    with pytest.raises(ValidationError, match="public_url"):
        Settings(public_url=wrong)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.0.2.7", "vig.example.org"])  # noqa: S104 it is refused
def test_listening_beyond_this_machine_needs_a_token(app_settings: Settings, host: str) -> None:
    with pytest.raises(OpenToTheNetwork):
        check_exposure(app_settings, host)
    with pytest.raises(OpenToTheNetwork):
        create_app(app_settings.model_copy(update={"host": host}))
    check_exposure(app_settings.model_copy(update={"token": SecretStr(TOKEN)}), host)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "[::1]", "localhost"])
def test_loopback_needs_none(app_settings: Settings, host: str) -> None:
    assert is_loopback(host)
    check_exposure(app_settings, host)


def test_an_address_with_a_slash_too_many_is_no_way_round(guarded: FastAPI, client: TestClient) -> None:
    with client_of(guarded) as asking:
        assert asking.get("/metrics/", follow_redirects=False).status_code == 404
    assert client.get(f"{SELECTIONS}/", follow_redirects=False).status_code == 404


def test_every_answer_carries_the_safe_headers(client: TestClient) -> None:
    for path in ("/", "/healthz", SELECTIONS, f"{SELECTIONS}/none", f"{UPLOADS}/none", "/nowhere"):
        headers = client.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff", path
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "camera=()" in headers["Permissions-Policy"]
        assert "publickey-credentials-get=(self)" in headers["Permissions-Policy"]
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert client.get(SELECTIONS).headers["Cache-Control"] == "private, no-store"


def test_only_the_decoder_s_worker_may_compile_and_it_can_neither_load_nor_send_anything(client: TestClient) -> None:
    decoder = client.get("/assets/hevcDecoder-C_pT-gshR.js").headers["Content-Security-Policy"]
    assert "default-src 'none'; script-src 'wasm-unsafe-eval'" in decoder
    assert not {"connect-src", "worker-src", "'self'"} & set(decoder.split())
    for path in ("/", "/assets/index-C4.js", "/assets/hevcDecoder-x.js/more", "/assets/x/hevcDecoder-x.js", SELECTIONS):
        assert "wasm" not in client.get(path).headers["Content-Security-Policy"], path


def test_the_built_page_is_served_beside_the_api(app_settings: Settings, tmp_path: Path) -> None:
    built = tmp_path / "dist"
    (built / "assets").mkdir(parents=True)
    (built / "index.html").write_text("<!doctype html><title>desk</title>")
    (built / "it.html").write_text("<!doctype html><title>for IT</title>")
    (built / "assets" / "desk.js").write_text("1")
    with client_of(create_app(app_settings, built)) as client:
        assert "desk" in client.get("/").text
        assert "for IT" in client.get("/it").text
        assert client.get("/it").headers["Cache-Control"] == "no-cache"
        assert client.get("/assets/desk.js").status_code == 200
        assert client.get("/../vigpack.sqlite3").status_code == 404
        assert client.get(SELECTIONS).status_code == 200


def test_the_log_names_no_family_no_caption_and_no_token(guarded: FastAPI, capsys: pytest.CaptureFixture[str]) -> None:
    with client_of(guarded) as client:
        client.headers["Authorization"] = f"Bearer {TOKEN}"
        client.post(SELECTIONS, json=shape(caption="x", family="K-104"))
        client.post(SELECTIONS, json=shape())
        client.get(f"{SELECTIONS}?family=K-104")
        client.get(SELECTIONS, headers={"Authorization": f"Bearer {TOKEN}-wrong"})
    said = capsys.readouterr().err
    lines = [json.loads(line) for line in said.splitlines()]
    assert sum(line["event"] == "answered" for line in lines) == 4
    assert not any(word in said for word in ("K-104", "Ella", TOKEN))


def test_a_real_process_logs_nothing_but_its_own_lines(running: Service, api: httpx.Client) -> None:
    api.get(f"{SELECTIONS}?family=K-104")
    said = running.said()
    assert all(json.loads(line)["event"] for line in said.splitlines())
    assert not any(word in said for word in ("K-104", "Ella", TOKEN))


def test_every_line_about_a_request_carries_the_id_that_its_answer_names(
    guarded: FastAPI, capsys: pytest.CaptureFixture[str]
) -> None:
    with client_of(guarded) as client:
        answers = [client.get(f"{SELECTIONS}/{'0' * 32}"), client.get(SELECTIONS)]
    said: dict[str, list[str]] = {}
    for line in events(capsys.readouterr().err):
        if "request_id" in line:
            said.setdefault(line["request_id"], []).append(line["event"])
    assert said == {answer.headers["X-Request-Id"]: ["answered"] for answer in answers}
    assert len(said) == 2


@pytest.mark.logs_errors
def test_an_unforeseen_error_shows_its_number_and_not_its_text(
    app: FastAPI, capsys: pytest.CaptureFixture[str]
) -> None:
    path = "/api/v1/boom"

    @app.get(path)
    def boom() -> None:
        raise RuntimeError("Ella is here")

    app.router.routes.insert(0, app.router.routes.pop())  # the page answers whatever comes after it
    with client_of(app) as client:
        answer = client.get(path)
    incident = answer.json()["instance"].removeprefix("urn:vigpack:incident:")
    assert answer.status_code == 500
    assert incident in answer.json()["detail"]
    assert "Ella" not in answer.text
    log = capsys.readouterr().err
    assert incident in log
    assert "Ella" not in log
