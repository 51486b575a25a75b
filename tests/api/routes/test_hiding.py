"""Hiding a bystander over HTTP: withheld from the asking on, released only by a word on the very file that was seen."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from api.routes import preview
from pipeline.outputs.preview import Pages
from records.actions.complete_job import finish
from records.actions.hide import ask_hiding
from records.actions.sweep import sweep_store
from records.errors import LeaseLost
from records.models import JobRow, JobState
from records.settings import Settings
from records.storage.contract import StorageMissing
from tests.api.service import SELECTIONS
from tests.effects import effects_on
from tests.figures import figure_pixels, mark, pictures_in, walk, walking_film
from tests.footage import DECODERS, JAIL, RUNNER
from tests.records.cast import job_row, take
from tests.worker.service import Service, assert_nothing_left_behind, running_service
from worker.context import WorkerContext
from worker.tasks import attempt

SHAPE = {"family": "K-104", "clip": [{"in": 0, "out": 2000}], "still": [{"at": 800}]}
NO_SUCH = "0" * 64


@pytest.fixture
def service(app_settings: Settings) -> Iterator[Service]:
    """The service behind the client, for the worker's part."""
    with running_service(app_settings) as made:
        yield made


def jobs_of(service: Service) -> list[JobRow]:
    with service.db.reading() as session:
        return list(session.scalars(select(JobRow)))


def do_all(service: Service) -> None:
    """Everything that is queued, and what follows from it."""
    place = WorkerContext(service.settings, service.db, service.storage, RUNNER, "w", JAIL, DECODERS)
    while queued := [job.id for job in jobs_of(service) if job.state == JobState.QUEUED]:
        attempt(place, take(service.db, service.settings, queued[0]))


@pytest.fixture
def made(service: Service, client: TestClient, tmp_path: Path) -> dict[str, Any]:
    """A selection of a clip and a still, all of it made without any cover."""
    film = walking_film(tmp_path / "film.mp4", walk)
    selection_id, _ = service.send_film(film, SHAPE, outputs=("review_pack", "picture_notes"))
    do_all(service)
    return look(client, selection_id)


def look(client: TestClient, selection_id: str) -> dict[str, Any]:
    view: dict[str, Any] = client.get(f"{SELECTIONS}/{selection_id}").raise_for_status().json()
    return view


def hiding_of(view: dict[str, Any], position: int = 0) -> str:
    return f"{SELECTIONS}/{view['id']}/moments/{view['moments'][position]['id']}/hiding"


def marks(*numbers: int) -> dict[str, Any]:
    return {"marks": [mark(walk, n).model_dump(mode="json") for n in numbers]}


WRONG: list[dict[str, Any]] = [
    {"at": 0, "covers": "box"},
    {"at": 0, "covers": "whole", "box": {"x": 0, "y": 0, "width": 1, "height": 1}},
    {"at": -1, "covers": "whole"},
    {"at": 0, "covers": "box", "box": {"x": 0.5, "y": 0, "width": 0, "height": 1}},
    {"at": 0, "covers": "blur"},
]


def test_a_person_is_hidden_from_the_asking_to_the_pack(
    client: TestClient, service: Service, made: dict[str, Any], tmp_path: Path
) -> None:
    for wrong in WRONG:  # refused, and nothing is taken back
        assert client.put(hiding_of(made), json={"marks": [wrong]}).status_code == 422
    assert client.get(hiding_of(made)).status_code == 404
    before = [file for part in [*made["moments"], *made["outputs"]] for file in part["artifacts"]]
    assert made["state"] == "ready"
    assert len(before) == 4
    still = made["moments"][1]["artifacts"][0]
    # The asking: all that was made of the clip goes, with its bytes, and everything made with it.
    asked = client.put(hiding_of(made), json={"marks": []})
    assert asked.status_code == 202
    assert (
        asked.json()["moments"][0] | {"state": "queued", "artifacts": [], "hidden": True} == asked.json()["moments"][0]
    )
    for file in before:
        answer = client.get(f"{SELECTIONS}/{made['id']}/artifacts/{file['id']}")
        assert answer.status_code == (200 if file == still else 404)
    kept = list(service.storage.keys("selections/"))
    assert not [key for key in kept if key.endswith((".mp4", ".zip", ".pdf"))]
    do_all(service)
    view = look(client, made["id"])
    assert (view["moments"][0]["state"], view["settled"], view["state"]) == ("unconfirmed", True, "preparing")
    assert {output["state"] for output in view["outputs"]} == {"pending"}
    assert client.put(hiding_of(made) + "/confirmation", json={"sha256": NO_SUCH}).status_code == 409
    # Marked and followed: what was made is still nobody's but for looking at it.
    client.put(hiding_of(made), json=marks(0, 25, 49))
    do_all(service)
    seen = client.get(hiding_of(made)).json()
    assert look(client, made["id"])["moments"][0]["artifacts"] == []
    assert [moment["kind"] for moment in client.get(f"{SELECTIONS}/{made['id']}/review").json()["moments"]] == ["still"]
    for part, least in (("uncovered", 500), ("covered", 0)):
        begin, end = seen["pictures"][7][part]
        jpeg = client.get(f"{hiding_of(made)}/pictures/{part}", headers={"Range": f"bytes={begin}-{end - 1}"})
        picture = cv2.imdecode(np.frombuffer(jpeg.content, np.uint8), cv2.IMREAD_COLOR)[:, :, ::-1]
        assert (figure_pixels(picture) > 500) == (least > 0)
    refused = client.put(hiding_of(made) + "/confirmation", json={"sha256": NO_SUCH})
    assert (refused.status_code, refused.json()["code"]) == (409, "hiding_changed")
    # The still shows the same person.
    client.put(hiding_of(made, 1), json={"marks": [mark(walk, 20, 0).model_dump(mode="json")]})
    do_all(service)
    for position in (0, 1):
        sha256 = client.get(hiding_of(made, position)).json()["sha256"]
        for _ in range(2):  # an answer may be lost, and the page says it again
            assert client.put(hiding_of(made, position) + "/confirmation", json={"sha256": sha256}).status_code == 202
        artifact = look(client, made["id"])["moments"][position]["artifacts"][0]
        assert artifact["sha256"] == sha256
    assert client.get(f"{hiding_of(made)}/pictures/uncovered").status_code == 404
    do_all(service)
    done = look(client, made["id"])
    assert done["state"] == "ready"
    [pack] = [f for output in done["outputs"] for f in output["artifacts"] if f["name"] == "review-pack.zip"]
    data = client.get(f"{SELECTIONS}/{made['id']}/artifacts/{pack['id']}").content
    (tmp_path / "pack.zip").write_bytes(data)
    with zipfile.ZipFile(tmp_path / "pack.zip") as zipped:
        zipped.extractall(tmp_path / "pack")
    shown = [picture for clip in (tmp_path / "pack").rglob("*.mp4") for picture in pictures_in(clip)]
    shown += [cv2.imread(str(path))[:, :, ::-1] for path in (tmp_path / "pack").rglob("*.jpg")]
    assert len(shown) >= 51
    assert max(figure_pixels(picture) for picture in shown) == 0
    assert_nothing_left_behind(service)


def test_what_was_made_without_a_cover_cannot_be_handed_in_once_it_is_asked_for(
    client: TestClient, service: Service, made: dict[str, Any]
) -> None:
    client.delete(hiding_of(made))
    client.put(hiding_of(made), json=marks(0, 49))
    client.delete(hiding_of(made))  # nobody after all: it is made again as it is
    [job] = [job for job in jobs_of(service) if job.moment_id == made["moments"][0]["id"]]
    working = take(service.db, service.settings, job.id)
    with service.db.session() as session:
        ask_hiding(session, made["id"], made["moments"][0]["id"], ())
    with pytest.raises(LeaseLost):
        finish(service.db, working, [])
    # Even were its lease still good, the asking stands in the way.
    again = take(service.db, service.settings, job.id)
    with pytest.raises(LeaseLost, match="otherwise meanwhile"):
        finish(service.db, again, [])
    assert job_row(service.db, job.id).state == JobState.RUNNING
    assert look(client, made["id"])["moments"][0]["artifacts"] == []


def test_a_crash_on_the_way_leaves_it_withheld(client: TestClient, service: Service, made: dict[str, Any]) -> None:
    with effects_on(service.db) as effects, service.db.session() as session:  # the process is gone before a file is
        ask_hiding(session, made["id"], made["moments"][0]["id"], [mark(walk, 0)])
    place = WorkerContext(service.settings, service.db, service.storage, RUNNER, "w", JAIL, DECODERS)
    [job] = [job for job in jobs_of(service) if job.state == JobState.QUEUED]
    attempt(place, take(service.db, service.settings, job.id))
    view = look(client, made["id"])
    assert (view["moments"][0]["state"], view["moments"][0]["artifacts"]) == ("unconfirmed", [])
    sweep_store(service.db, service.storage)
    for key in effects.keys:
        with pytest.raises(StorageMissing):
            service.storage.size(key)
    assert client.get(f"{hiding_of(made)}/pictures/covered").status_code == 200  # what is withheld is not swept
    client.put(f"{SELECTIONS}/{made['id']}/moments/{made['moments'][0]['id']}/ends", json={"in": 400, "out": 1600})
    assert client.get(hiding_of(made)).json() == {
        "marks": [], "pictures": [], "sha256": None, "confirmed": False, "wanted": [], "seen": [],
    }  # fmt: skip
    client.delete(f"{SELECTIONS}/{made['id']}").raise_for_status()
    assert not list(service.storage.keys("selections/"))


def test_pages_laid_out_while_it_is_asked_for_are_not_shown(
    client: TestClient, made: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    asking: list[int] = []

    def lay_slowly(*given: Any) -> Pages:
        pages = lay_out(*given)
        if asking:
            client.put(hiding_of(made, 1), json={"marks": []})
        return pages

    lay_out = preview._pages
    monkeypatch.setattr(preview, "_pages", lay_slowly)
    path, wish = f"{SELECTIONS}/{made['id']}/preview", {"kind": "picture_notes"}
    assert client.post(path, json=wish).json()["pages"]
    asking.append(1)
    assert client.post(path, json=wish).json()["code"] == "not_ready_yet"


def test_while_more_boxes_are_wanted_it_is_only_followed(
    client: TestClient, service: Service, made: dict[str, Any]
) -> None:
    one = mark(walk, 0).model_dump(mode="json")
    away = {"at": 1000, "covers": "whole"}
    client.put(hiding_of(made), json={"marks": [one, away], "even_in_doubt": False}).raise_for_status()
    do_all(service)
    seen = client.get(hiding_of(made)).json()
    assert (seen["sha256"], seen["pictures"][0]["covered"]) == (None, None)
    assert len(seen["pictures"]) == 50
    [wanted] = seen["wanted"]
    assert wanted["from_ms"] <= 1040
    assert wanted == wanted | {"to_ms": 1960, "at_ms": 1960, "why": "Nobody was marked near this picture."}
    assert client.put(hiding_of(made) + "/confirmation", json={"sha256": NO_SUCH}).status_code == 409
    # All the same: what is in doubt is covered.
    client.put(hiding_of(made), json={"marks": [one, away]}).raise_for_status()
    do_all(service)
    seen = client.get(hiding_of(made)).json()
    assert seen["sha256"]
    assert [one["at_ms"] for one in seen["wanted"]] == [1960]
    # And once nothing is in doubt, it is made at once.
    client.put(hiding_of(made), json=marks(0, 49) | {"even_in_doubt": False}).raise_for_status()
    do_all(service)
    seen = client.get(hiding_of(made)).json()
    assert seen["wanted"] == []
    assert seen["sha256"]


def test_what_was_looked_at_is_remembered_with_the_file(
    client: TestClient, service: Service, made: dict[str, Any]
) -> None:
    def see(sha256: str, *pictures: tuple[int, int]) -> int:
        body = {"sha256": sha256, "pictures": pictures}
        return client.put(hiding_of(made, 1) + "/seen", json=body).status_code

    def seen() -> Any:
        return client.get(hiding_of(made, 1)).json()["seen"]

    assert see(NO_SUCH, (0, 1)) == 404  # nobody is hidden
    client.put(hiding_of(made, 1), json=marks(20)).raise_for_status()
    assert see(NO_SUCH, (0, 1)) == 409
    do_all(service)
    sha256 = client.get(hiding_of(made, 1)).json()["sha256"]
    assert (see(NO_SUCH, (0, 1)), see(sha256, (0, 2)), see(sha256, (1, 1)), seen()) == (409, 422, 422, [])
    assert (see(sha256, (0, 1)), seen()) == (204, [[0, 1]])
    assert (see(sha256, (0, 1)), seen()) == (204, [[0, 1]])
    client.put(hiding_of(made, 1), json=marks(20)).raise_for_status()
    do_all(service)
    assert seen() == []
