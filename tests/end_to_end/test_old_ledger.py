"""A service that an earlier version left in the middle of everything is opened by this one and goes on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from records.migrations.migrate import migrate
from records.settings import Settings
from tests.api.conftest import client_of
from tests.api.service import CHUNK, SELECTIONS, TUS, UPLOADS
from tests.footage import numbers_in
from tests.records.old_ledger import make_old_ledger
from tests.records.old_rows import ADA, PARTIAL_BYTES, OldLedger, draw_old_files, ident
from tests.servers import PostgresServer, wait_until
from tests.worker.service import QUICK, Service, running_service


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings of a service without any table."""
    url = ""
    if request.param == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres_server")
        url = server.url(server.create_database())
    (tmp_path / "data").mkdir()
    return Settings(data_dir=tmp_path / "data", database_url=url, min_free_bytes=0, **QUICK)


@pytest.fixture
def ledger(settings: Settings, tmp_path: Path) -> OldLedger:
    """What the earlier version left; then the program was brought up to date."""
    made = make_old_ledger(settings, draw_old_files(tmp_path))
    migrate(settings)
    return made


@pytest.fixture
def service(settings: Settings, ledger: OldLedger) -> Iterator[Service]:
    assert ledger.selections
    with running_service(settings) as running:
        yield running


@pytest.fixture
def client(settings: Settings, ledger: OldLedger) -> Iterator[TestClient]:
    assert ledger.selections
    with client_of(create_app(settings)) as made:
        yield made


def look(client: TestClient, selection_id: str) -> dict[str, Any]:
    view: dict[str, Any] = client.get(f"{SELECTIONS}/{selection_id}").raise_for_status().json()
    return view


def served(client: TestClient, view: dict[str, Any]) -> dict[str, str]:
    """The sum of each finished file as it comes over the wire, by its name."""
    files = [file for part in [*view["moments"], *view["outputs"]] for file in part["artifacts"]]
    answers = {file["name"]: client.get(f"{SELECTIONS}/{view['id']}/artifacts/{file['id']}") for file in files}
    return {name: hashlib.sha256(answer.raise_for_status().content).hexdigest() for name, answer in answers.items()}


def saved(client: TestClient, view: dict[str, Any], name: str, folder: Path) -> Path:
    """One of its finished files, downloaded."""
    files = {file["name"]: file["id"] for part in [*view["moments"], *view["outputs"]] for file in part["artifacts"]}
    answer = client.get(f"{SELECTIONS}/{view['id']}/artifacts/{files[name]}").raise_for_status()
    (folder / name).write_bytes(answer.content)
    return folder / name


def test_everything_is_there_and_goes_on(
    settings: Settings, ledger: OldLedger, client: TestClient, service: Service, tmp_path: Path
) -> None:
    ids = ledger.selections
    listed = {one["id"]: one["state"] for one in client.get(SELECTIONS).raise_for_status().json()["items"]}
    assert listed.keys() == {ids[name] for name in ledger.served}
    # What was ready is handed out as it was, before any worker runs; what is hidden is not.
    for name, files in ledger.served.items():
        assert served(client, look(client, ids[name])) == files, name
    assert sum(map(len, ledger.served.values())) > 12
    unconfirmed = look(client, ids["unconfirmed"])["moments"][0]
    assert (unconfirmed["state"], unconfirmed["artifacts"], unconfirmed["hidden"]) == ("unconfirmed", [], True)
    assert look(client, ids["failed"])["moments"][0]["error"]["code"] == "film_unreadable"
    assert client.get(f"{SELECTIONS}/{ids['erasing']}").status_code == 404
    film = look(client, ids["film"])
    assert [output["kind"] for output in film["outputs"]] == [
        "review_pack",
        "picture_notes",
        "supervision_pack",
        "booklet",
    ]
    assert film["outputs"][3]["recipe"] == {"title": "Us", "earlier": [ids["before"]]}
    assert film["outputs"][0]["recipe"] == {}
    assert len(film["artwork"]) == 1
    words = client.get(f"{SELECTIONS}/{ids['film']}/words").raise_for_status().json()
    assert words["strengths"] == ["She waits."]
    assert client.get(f"{SELECTIONS}/{ids['recording']}/ratings").raise_for_status().json()[0]["rater"] == "S-1"
    book = client.get("/api/v1/logbook", params={"guider": ADA}).raise_for_status().json()
    assert {(cycle["family"], cycle["cycle"]) for cycle in book["cycles"]} >= {("K-104", 1), (None, 2)}
    # An upload goes on where it stood, and what failed may be tried again.
    upload, rest = f"{UPLOADS}/{ident('receiving', 'upload')}", ledger.files.film.read_bytes()[PARTIAL_BYTES:]
    assert client.head(upload, headers=TUS).headers["Upload-Offset"] == str(PARTIAL_BYTES)
    headers = {**CHUNK, "Upload-Offset": str(PARTIAL_BYTES)}
    assert client.patch(upload, headers=headers, content=rest).status_code == 204
    client.post(f"{SELECTIONS}/{ids['failed']}/retry").raise_for_status()
    # A real worker finds what waits, and what a dead worker left, by itself.
    service.start_worker()
    for name in ("waiting", "running", "receiving", "failed", "asked"):
        seen = service.wait_until_settled(ids[name], within_s=120)
        assert seen.state == "ready", (name, seen)
        view = look(client, ids[name])
        assert numbers_in(saved(client, view, "01.mp4", tmp_path)) == list(range(25, 50)) or name == "asked"
        assert {output["state"] for output in view["outputs"]} == {"ready"}, name
    assert saved(client, look(client, ids["asked"]), "booklet-pages.pdf", tmp_path).read_bytes().startswith(b"%PDF")
    assert {moment["state"] for moment in look(client, ids["held"])["moments"]} == {"queued"}
    # What was being erased is gone with its bytes; hidden stays hidden, and is handed out once it was looked at.
    wait_until(lambda: not list(service.storage.keys(f"selections/{ids['erasing']}/")), "erased")
    assert not (settings.data_dir / "incoming" / ident("erasing", "late upload")).exists()
    assert look(client, ids["unconfirmed"])["moments"][0]["artifacts"] == []
    hiding = f"{SELECTIONS}/{ids['unconfirmed']}/moments/{unconfirmed['id']}/hiding"
    seen_file = client.get(hiding).raise_for_status().json()["sha256"]
    assert client.get(f"{hiding}/pictures/covered").status_code == 200
    client.put(f"{hiding}/confirmation", json={"sha256": seen_file}).raise_for_status()
    assert service.wait_until_settled(ids["unconfirmed"]).state == "ready"
    assert served(client, look(client, ids["unconfirmed"]))["01.mp4"] == seen_file
    # Nothing that was not made again has changed.
    for name in ("before", "recording", "film", "confirmed", "held"):
        assert served(client, look(client, ids[name])) == ledger.served[name], name
    assert ids["erasing"] not in {one["id"] for one in client.get(SELECTIONS).json()["items"]}


def test_what_shows_others_is_still_found_when_these_are_taken_back(
    ledger: OldLedger, client: TestClient, service: Service
) -> None:
    ids = ledger.selections
    film = look(client, ids["film"])

    def left() -> dict[str, list[str]]:
        outputs = look(client, ids["film"])["outputs"]
        return {output["kind"]: [file["name"] for file in output["artifacts"]] for output in outputs}

    assert set(left()) == {"review_pack", "picture_notes", "supervision_pack", "booklet"}
    recording = look(client, ids["recording"])["moments"][0]["id"]
    client.put(f"{SELECTIONS}/{ids['recording']}/moments/{recording}/hiding", json={"marks": []}).raise_for_status()
    assert set(left()) == {"review_pack", "picture_notes", "booklet"}
    [drawing] = look(client, ids["before"])["artwork"]
    client.delete(f"{SELECTIONS}/{ids['before']}/artwork/{drawing['id']}").raise_for_status()
    assert left()["booklet"] == []
    client.delete(f"{SELECTIONS}/{ids['before']}").raise_for_status()
    [booklet] = [output for output in look(client, ids["film"])["outputs"] if output["kind"] == "booklet"]
    assert (booklet["recipe"]["earlier"], booklet["state"]) == ([], "queued")
    kept = list(service.storage.keys(f"selections/{ids['film']}/jobs/"))
    assert not [key for key in kept if "booklet" in key or "supervision" in key]
    assert left()["review_pack"] == [film["outputs"][0]["artifacts"][0]["name"]]
