"""Silencing a name over HTTP: what was made with it goes at once, and nothing made from then on holds it."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from pipeline.times import LONGEST_MS
from records.audit.erasure_register import Erasure
from records.backup.replay import replay
from records.models import ErasureRow
from records.settings import Settings
from tests.api.routes.test_hiding import do_all, hiding_of, look
from tests.api.service import SELECTIONS
from tests.figures import figure_pixels, pictures_in, walk, walking_film
from tests.pipeline.cut.test_silencing import between, heard_in
from tests.worker.service import Service, assert_nothing_left_behind, running_service

SHAPE = {"family": "K-104", "clip": [{"in": 200, "out": 1800}], "still": [{"at": 800}]}
NAME = {"silence": [{"from": 800, "to": 1100}, {"from": 1000, "to": 1200}]}


@pytest.fixture
def service(app_settings: Settings) -> Iterator[Service]:
    """The service behind the client, for the worker's part."""
    with running_service(app_settings) as made:
        yield made


@pytest.fixture
def made(service: Service, client: TestClient, tmp_path: Path) -> dict[str, Any]:
    """A selection of a clip and a still, with a tone to be heard all the time."""
    film = walking_film(tmp_path / "film.mp4", walk)
    selection_id, _ = service.send_film(film, SHAPE, outputs=("review_pack",))
    do_all(service)
    return look(client, selection_id)


def silence_of(view: dict[str, Any], position: int = 0) -> str:
    return f"{SELECTIONS}/{view['id']}/moments/{view['moments'][position]['id']}/silence"


def clip_of(client: TestClient, view: dict[str, Any], folder: Path) -> Path:
    [file] = view["moments"][0]["artifacts"]
    path = folder / f"{file['id']}.mp4"
    path.write_bytes(client.get(f"{SELECTIONS}/{view['id']}/artifacts/{file['id']}").raise_for_status().content)
    return path


def test_a_name_is_gone_from_all_that_is_made_and_somebody_is_hidden_in_the_same_clip(
    client: TestClient, service: Service, made: dict[str, Any], tmp_path: Path
) -> None:
    assert between(heard_in(clip_of(client, made, tmp_path)), 620, 980).max() > 0.05
    before = [file for part in [*made["moments"], *made["outputs"]] for file in part["artifacts"]]
    still = made["moments"][1]["artifacts"][0]
    asked = client.put(silence_of(made), json=NAME)
    assert asked.status_code == 202
    moment = asked.json()["moments"][0]
    assert moment["moment"]["silence"] == [{"from": 800, "to": 1200}]
    assert (moment["state"], moment["artifacts"]) == ("queued", [])
    for file in before:  # the clip, and the pack that holds it
        answer = client.get(f"{SELECTIONS}/{made['id']}/artifacts/{file['id']}")
        assert answer.status_code == (200 if file == still else 404)
    assert not [key for key in service.storage.keys("selections/") if key.endswith((".mp4", ".zip"))]
    do_all(service)
    view = look(client, made["id"])
    assert view["state"] == "ready"
    [pack] = [f for output in view["outputs"] for f in output["artifacts"] if f["name"] == "review-pack.zip"]
    data = client.get(f"{SELECTIONS}/{made['id']}/artifacts/{pack['id']}").content
    (tmp_path / "pack.zip").write_bytes(data)
    with zipfile.ZipFile(tmp_path / "pack.zip") as zipped:
        [name] = [name for name in zipped.namelist() if name.endswith(".mp4")]
        packed = Path(zipped.extract(name, tmp_path))
    assert view["moments"][0]["facts"]["begins_ms"] == 200
    for clip in (packed, clip_of(client, view, tmp_path)):
        heard = heard_in(clip)
        assert between(heard, 600, 1000).max() == 0
        assert between(heard, 100, 500).max() > 0.05
    # Asking again for the same leaves everything as it is.
    assert client.put(silence_of(made), json={"silence": [{"from": 800, "to": 1200}]}).json()["state"] == "ready"
    # Other ends keep it silent.
    new_ends = client.put(f"{SELECTIONS}/{made['id']}/moments/{moment['id']}/ends", json={"in": 600, "out": 1800})
    assert new_ends.status_code == 202
    do_all(service)
    heard = heard_in(clip_of(client, look(client, made["id"]), tmp_path))
    assert between(heard, 200, 600).max() == 0
    # And somebody is hidden in the same making; another stretch then has every picture looked at anew.
    client.put(hiding_of(made), json={"marks": [{"at": 0, "covers": "whole"}]}).raise_for_status()
    do_all(service)
    first = client.get(hiding_of(made)).json()["sha256"]
    client.put(hiding_of(made) + "/confirmation", json={"sha256": first}).raise_for_status()
    client.put(silence_of(made), json={"silence": [{"from": 800, "to": 1300}]}).raise_for_status()
    do_all(service)
    refused = client.put(hiding_of(made) + "/confirmation", json={"sha256": first})
    assert (refused.status_code, refused.json()["code"]) == (409, "hiding_changed")
    seen = client.get(hiding_of(made)).json()
    assert ([one["covers"] for one in seen["marks"]], seen["confirmed"]) == (["whole"], False)
    assert look(client, made["id"])["moments"][0]["artifacts"] == []
    client.put(hiding_of(made) + "/confirmation", json={"sha256": seen["sha256"]}).raise_for_status()
    both = clip_of(client, look(client, made["id"]), tmp_path)
    assert between(heard_in(both), 200, 700).max() == 0
    assert max(figure_pixels(picture) for picture in pictures_in(both)) == 0
    do_all(service)
    assert_nothing_left_behind(service)


def test_what_is_no_stretch_is_refused_and_nothing_goes(client: TestClient, made: dict[str, Any]) -> None:
    for wrong in (
        {"silence": [{"from": 900, "to": 900}]},
        {"silence": [{"from": -1, "to": 900}]},
        {"silence": [{"from": 0, "to": 1}] * 21},
        {},
    ):
        assert client.put(silence_of(made), json=wrong).status_code == 422
    answer = client.put(silence_of(made, 1), json=NAME)
    assert (answer.status_code, answer.json()["detail"]) == (422, "A still has no sound.")
    assert client.put(silence_of(made).replace(made["id"], "0" * 32), json=NAME).status_code == 404
    assert look(client, made["id"]) == made


def test_after_a_restore_of_before_nothing_at_all_is_heard_until_somebody_says_where_the_name_was(
    client: TestClient, service: Service, made: dict[str, Any], tmp_path: Path
) -> None:
    moment_id = made["moments"][0]["id"]
    client.put(silence_of(made), json=NAME).raise_for_status()
    client.put(silence_of(made), json={"silence": []}).raise_for_status()  # taken back: nothing is to be silent
    with service.db.reading() as session:
        register = session.execute(select(ErasureRow.kind, ErasureRow.target)).all()
    assert register == [("silence", moment_id)]
    with service.db.session() as session:  # what a restore does with a register that names it
        gone = [moment_id, made["moments"][1]["id"], "0" * 32]
        assert replay(session, [Erasure("silence", target, "f" * 31 + str(n)) for n, target in enumerate(gone)]) == 1
    do_all(service)
    view = look(client, made["id"])
    assert view["moments"][0]["moment"]["silence"] == [{"from": 0, "to": LONGEST_MS}]
    assert heard_in(clip_of(client, view, tmp_path)).max() == 0
