"""About this service over HTTP: for everybody who is known; two pages and security.txt for anybody."""

from __future__ import annotations

import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import SecretStr

from api.app import create_app
from api.diagnostics.contacts import check_contacts
from records.clock import utcnow
from records.settings import Settings
from tests.api.conftest import TOKEN, client_of

ABOUT = "/api/v1/about"


def test_it_says_what_is_kept_who_sees_it_what_leaves_and_which_papers_there_are(client: TestClient) -> None:
    found = client.get(ABOUT).json()
    assert {one["id"] for one in found["kept"]} >= {"sources", "made", "audit"}
    assert [one["role"] for one in found["roles"] if one["sees_films"]] == ["guider", "supervisor"]
    assert {one["id"] for one in found["leaving"]} >= {"sealed", "link", "plain"}
    assert {one["name"] for one in found["papers"]} >= {"dpia", "data-flow", "accessibility-statement", "packages"}
    assert found["python"].startswith("3.")


@pytest.mark.parametrize(
    ("form", "begins"), [("html", b"<!doctype html>"), ("md", b"# "), ("pdf", b"%PDF-"), ("svg", b"<svg ")]
)
def test_a_paper_is_had_in_each_form(client: TestClient, form: str, begins: bytes) -> None:
    answer = client.get(f"{ABOUT}/papers/data-flow.{form}")
    assert answer.status_code == 200
    assert answer.content.startswith(begins)
    assert "script-src" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize(
    "address", ["papers/nothing.pdf", "papers/dpia.docx", "papers/packages.svg", "papers/..%2Fdpia.md", "sboms/run.txt"]
)
def test_what_is_not_offered_is_not_there(client: TestClient, address: str) -> None:
    assert client.get(f"{ABOUT}/{address}").status_code in {404, 422}


def test_a_bill_of_materials_is_offered_where_one_was_made(
    client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert client.get(ABOUT).json()["sboms"] == []
    assert client.get(f"{ABOUT}/sboms/sbom.cdx.json").status_code == 404
    (tmp_path / "sbom.cdx.json").write_text('{"bomFormat": "CycloneDX"}')
    assert client.get(ABOUT).json()["sboms"] == ["sbom.cdx.json"]
    assert client.get(f"{ABOUT}/sboms/sbom.cdx.json").json() == {"bomFormat": "CycloneDX"}


@pytest.fixture
def public(app_settings: Settings) -> FastAPI:
    given = {
        "public_url": "https://vigpack.example.org",
        "security_contact": "mailto:security@example.org,https://example.org/report",
        "accessibility_contact": "01632 960 000",
        "token": SecretStr(TOKEN),
    }
    return create_app(app_settings.model_copy(update=given))


@pytest.fixture
def stranger(public: FastAPI) -> TestClient:
    return TestClient(public, base_url="https://vigpack.example.org", raise_server_exceptions=False)


def test_strangers_find_whom_to_tell_of_a_weakness(stranger: TestClient) -> None:
    answer = stranger.get("/.well-known/security.txt")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    lines = dict.fromkeys(answer.text.split("\r\n"))
    assert list(lines)[:2] == ["Contact: mailto:security@example.org", "Contact: https://example.org/report"]
    assert "Canonical: https://vigpack.example.org/.well-known/security.txt" in lines
    [ends] = [line.removeprefix("Expires: ") for line in lines if line.startswith("Expires: ")]
    assert timedelta(days=80) < datetime.fromisoformat(ends) - utcnow() < timedelta(days=365)
    [policy] = [line.removeprefix("Policy: ") for line in lines if line.startswith("Policy: ")]
    assert "security@example.org" in stranger.get(policy).text


def test_without_a_contact_there_is_no_such_file_and_doctor_says_so_of_a_shared_service(
    client: TestClient, app_settings: Settings
) -> None:
    assert client.get("/.well-known/security.txt").status_code == 404
    assert check_contacts(app_settings).state == "ok"
    shared = app_settings.model_copy(update={"local_accounts": True})
    assert (check_contacts(shared).state, "VIGPACK_SECURITY_CONTACT" in check_contacts(shared).found) == ("warn", True)
    named = {f"{one}_contact": "mailto:x@example.org" for one in ("data_protection", "accessibility", "security")}
    assert check_contacts(shared.model_copy(update={**named, "controller": "Anytown Council"})).state == "ok"


def test_the_accessibility_statement_is_read_without_signing_in(stranger: TestClient) -> None:
    answer = stranger.get("/accessibility")
    assert answer.status_code == 200
    assert "01632 960 000" in answer.text
    assert "style-src 'sha256-" in answer.headers["Content-Security-Policy"]
    assert stranger.get(ABOUT).status_code in {401, 403}


def test_strangers_are_not_told_which_version_runs(stranger: TestClient, client: TestClient) -> None:
    version = client.get(ABOUT).json()["version"]
    for path in ("/accessibility", "/security-policy", "/.well-known/security.txt"):
        assert version not in stranger.get(path).text
    assert version in client.get(f"{ABOUT}/papers/accessibility-statement.md").text


def test_two_readers_on_one_day_get_the_same_file(app: FastAPI) -> None:
    one, other = (client_of(app).get(f"{ABOUT}/papers/retention-schedule.pdf").content for _ in range(2))
    assert one == other
