"""A selection over HTTP, from its first word to its erasure."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from api.app import create_app
from pipeline.outputs.kinds import KINDS
from records.models import JobRow, SelectionRow, SelectionState
from records.settings import Settings
from tests.api.conftest import client_of
from tests.api.service import SELECTIONS, TUS, Service, announce, begin, finish, send, shape
from tests.effects import open_alone
from tests.servers import wait_until


def test_a_new_selection_says_where_to_send_what(client: TestClient) -> None:
    answer = client.post(SELECTIONS, json=shape())
    begun = answer.json()
    view = begun["selection"]
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"{SELECTIONS}/{view['id']}"
    assert [(one["kind"], one["position"], one["url"]) for one in begun["uploads"]] == [
        ("clip", 0, "/api/v1/uploads"),
        ("still", 1, "/api/v1/uploads"),
    ]
    assert [one["metadata"]["moment"] for one in begun["uploads"]] == [moment["id"] for moment in view["moments"]]
    assert view["state"] == "receiving"
    assert view["moments"][0]["moment"] == {
        "in": 70_200,
        "out": 84_000,
        "caption": "Ella looks up.",
        "principle": None,
        "drawings": [],
        "silence": [],
        "covered": False,
    }
    assert view["moments"][0]["cut"] == {"in": 1200, "out": 15_000}
    assert view["bytes_expected"] is None
    assert [output["kind"] for output in view["outputs"]] == ["review_pack", "picture_notes"]


def test_the_guiders_code_and_the_day_of_the_review_decide_whose_turn_it_is(
    client: TestClient, app_settings: Settings
) -> None:
    begun = begin(client, guider="Q2v7tYB0mS1xq4Kd", review_on="2026-12-01")
    assert begun["selection"]["review_on"] == "2026-12-01"
    assert "Q2v7tYB0mS1xq4Kd" not in json.dumps(begun)
    send(client, announce(client, 4, begun), 0, b"film")
    with open_alone(app_settings).reading() as session:
        job = session.scalars(select(JobRow)).one()
    assert (job.guider, str(job.review_on)) == ("Q2v7tYB0mS1xq4Kd", "2026-12-01")


def test_hints_come_along_and_forbid_nothing(client: TestClient) -> None:
    long_clip = {"in": 0, "out": 31_000}
    begun = begin(client, clip=[long_clip])
    assert begun["hints"] == ["Clip 1 is 31 s long; shorter ones are easier to look at."]


@pytest.mark.parametrize(
    ("changes", "code", "sentence"),
    [
        (
            {"clip": [{"in": 0, "out": 900_001}]},
            "moment_outside_film",
            "Clip 1 ends (00:15:00.001) after the film does (00:15:00.000).",
        ),
        (
            {"clip": [{"in": 0, "out": 86_400_000}]},
            "selection_invalid",
            "Clip 1 is 24:00:00.000 long; at most 20 minutes can be prepared as one.",
        ),
        (
            {"still": [{"at": "00:16:10"}]},
            "moment_outside_film",
            "Still 1 lies at 00:16:10.000, after the film does (00:15:00.000).",
        ),
        ({"review_on": 5}, "selection_invalid", "“review_on” must be a day, written like 2026-12-01."),
        (
            {"guider": "Ada Lovelace"},
            "selection_invalid",
            "“guider” must be a code of letters, digits and dashes, without spaces.",
        ),
        (
            {"clip": [{"in": 2000, "out": 1000}]},
            "selection_invalid",
            "Clip 1 ends (00:00:01.000) before it begins (00:00:02.000).",
        ),
        (
            {"clip": [{"in": 0, "out": 5000, "cut": {"in": 0, "out": 4000}}]},
            "selection_invalid",
            "Clip 1 is not as long as its cut; cut it again.",
        ),
        ({"clip": [], "still": []}, "selection_invalid", "No moment is chosen; mark at least one clip or still."),
        ({"colour": "red"}, "selection_invalid", "“colour” is not a word this program knows."),
        (
            {"family": "Ella Smith"},
            "selection_invalid",
            "“family” must be a code of letters, digits and dashes, without spaces.",
        ),
        ({"film": {"bytes": 1}}, "selection_invalid", "“film”, “duration_ms” is missing."),
        (
            {"film": {"bytes": 9, "duration_ms": 900_000, "picture": False}, "still": [{"at": 0, "cut": {"at": 0}}]},
            "selection_invalid",
            "This recording has sound but no picture, so no still can be taken from it. Its clips can be heard.",
        ),
        ({"preset": "huge"}, "preset_unknown", "There is no such preset. Choose review, light or full."),
        ({"outputs": ["poster"]}, "output_unknown", f"“poster” cannot be made. Choose {' or '.join(KINDS)}."),
        (
            {"whole_film": True},
            "selection_invalid",
            "The moments are cut from the whole film, so none of them can have a cut of its own.",
        ),
    ],
)
def test_what_cannot_be_made_is_refused_in_one_sentence(
    client: TestClient, changes: dict[str, Any], code: str, sentence: str
) -> None:
    answer = client.post(SELECTIONS, json=shape(**changes))
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["detail"]) == (422, code, sentence)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert (problem["status"], problem["title"], problem["instance"]) == (422, "Unprocessable Content", SELECTIONS)
    assert problem["type"] == f"urn:vigpack:problem:{code}"
    assert client.get(SELECTIONS).json()["items"] == []


@pytest.mark.parametrize(
    "body",
    [
        *[
            b"",
            b"{",
            b"[1]",
            b"null",
            b'"x"',
            b"\xff",
            b"[" * 100_000,
            b'{"cycle": NaN}',
            b'{"cycle": ' + b"9" * 5000 + b"}",
        ],
        json.dumps(shape(outputs=["\ud800"])).encode(),  # half a character
        json.dumps(shape(family="\ud800")).encode(),
    ],
)
def test_a_body_that_is_no_selection_is_refused_in_words(client: TestClient, body: bytes) -> None:
    answer = client.post(SELECTIONS, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in {400, 422}
    assert answer.json()["detail"].endswith(".")


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
def test_a_body_that_is_not_declared_as_json_is_refused_in_words(client: TestClient, media_type: str) -> None:
    answer = client.post(SELECTIONS, content=json.dumps(shape()), headers={"Content-Type": media_type})
    assert answer.status_code == 422
    assert answer.json()["detail"] == "The request holds no list of moments written as JSON."


KEY = {"Idempotency-Key": "5f0c2a4e-7f0e-4f4b-9a53-1d1f3c1f9c55"}


def test_asking_again_with_the_same_key_begins_no_second_selection(client: TestClient) -> None:
    first, again = (client.post(SELECTIONS, json=shape(), headers=KEY) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.headers["Location"] == first.headers["Location"]
    assert again.json() == first.json()
    assert len(client.get(SELECTIONS).json()["items"]) == 1


def test_asking_again_tells_only_what_is_still_to_be_sent(client: TestClient) -> None:
    begun = client.post(SELECTIONS, json=shape(), headers=KEY).json()
    send(client, announce(client, 10, begun), 0, b"0123456789")
    again = client.post(SELECTIONS, json=shape(), headers=KEY).json()
    assert again["uploads"] == begun["uploads"][1:]


def test_other_keys_and_no_key_begin_further_selections(client: TestClient) -> None:
    for headers in ({}, {}, KEY, {"Idempotency-Key": "x" * 16}):
        assert client.post(SELECTIONS, json=shape(), headers=headers).status_code == 201
    assert len(client.get(SELECTIONS).json()["items"]) == 4


@pytest.mark.parametrize(
    "changes",
    [{"family": "K-207"}, {"preset": "light"}, {"outputs": []}, {"film": {"bytes": 1, "duration_ms": 900_000}}],
)
def test_a_key_stands_for_one_list_of_moments(client: TestClient, changes: dict[str, Any]) -> None:
    client.post(SELECTIONS, json=shape(), headers=KEY)
    answer = client.post(SELECTIONS, json=shape(**changes), headers=KEY)
    assert (answer.status_code, answer.json()["code"]) == (422, "key_reused")


@pytest.mark.parametrize("key", ["short", "x" * 129, "with a space in it", "é" * 20])
def test_a_key_that_could_be_met_by_chance_is_refused(client: TestClient, key: str) -> None:
    answer = client.post(SELECTIONS, json=shape(), headers={"Idempotency-Key": key.encode("latin-1")})
    assert (answer.status_code, answer.json()["code"]) == (400, "header_wrong")


def test_eight_who_ask_with_one_key_at_once_begin_one_selection(any_service: Service) -> None:
    app = create_app(any_service.settings())
    with client_of(app) as client, ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: client.post(SELECTIONS, json=shape(), headers=KEY), range(8)))
        assert [answer.status_code for answer in answers] == [201] * 8
        assert len({answer.headers["Location"] for answer in answers}) == 1
        assert len(client.get(SELECTIONS).json()["items"]) == 1


def test_a_body_of_more_than_a_mebibyte_is_refused(client: TestClient) -> None:
    large = b'{"family": "' + b"x" * (1 << 20) + b'"}'
    assert client.post(SELECTIONS, content=large).json()["code"] == "body_too_large"
    unannounced = client.post(SELECTIONS, content=iter([large]), headers={"Content-Type": "application/json"})
    assert (unannounced.status_code, unannounced.json()["code"]) == (413, "body_too_large")


def test_selections_are_listed_newest_first_in_pages(client: TestClient) -> None:
    ids = [begin(client, cycle=number)["selection"]["id"] for number in (1, 2, 3)]
    page = client.get(f"{SELECTIONS}?limit=2").json()
    assert [item["id"] for item in page["items"]] == [ids[2], ids[1]]
    rest = client.get(page["next"]).json()
    assert ([item["id"] for item in rest["items"]], rest["next"]) == ([ids[0]], None)
    assert client.get(f"{SELECTIONS}?limit=0").status_code == 422


def test_an_unknown_selection_is_not_found(client: TestClient) -> None:
    for method, path in [("GET", ""), ("DELETE", ""), ("POST", "/retry"), ("GET", "/events"), ("GET", "/artifacts/x")]:
        answer = client.request(method, f"{SELECTIONS}/{'0' * 32}{path}")
        assert answer.status_code == 404, path
        assert answer.json()["detail"].endswith(".")
    for path in (
        f"{SELECTIONS}/%00",
        f"{SELECTIONS}/K-104",
        f"{SELECTIONS}/{'0' * 32}/artifacts/..%2f",
        "/api/v1/uploads/%00",
    ):
        assert client.get(path).status_code in {404, 405}, path
    wrong_method = client.put(SELECTIONS)
    assert (wrong_method.status_code, wrong_method.json()["code"]) == (405, "method_not_allowed")


def test_erasing_leaves_no_byte_and_no_row(client: TestClient, app_settings: Settings) -> None:
    begun = begin(client)
    half, whole = announce(client, 4000, begun), announce(client, 10, {"uploads": begun["uploads"][1:]})
    send(client, half, 0, b"Ella" * 500)
    send(client, whole, 0, b"0123456789")
    path = f"{SELECTIONS}/{begun['selection']['id']}"
    assert client.delete(path).status_code == 204
    assert client.delete(path).status_code == 404
    assert client.get(path).status_code == 404
    assert client.head(half, headers=TUS).status_code == 404
    # The API itself tries now and then whether it can write there, with an empty file that is gone at once.
    kept = [app_settings.data_dir / name for name in ("store", "incoming")]
    wait_until(lambda: not [path for folder in kept for path in folder.rglob("*") if path.is_file()], "no file is left")
    db = open_alone(app_settings)
    with db.reading() as session:
        assert (session.query(SelectionRow).count(), session.query(JobRow).count()) == (0, 0)
    db.dispose()


def test_what_failed_is_queued_again_on_request(client: TestClient, app_settings: Settings) -> None:
    selection_id = begin(client)["selection"]["id"]
    finish(app_settings, selection_id, state=SelectionState.FAILED)
    answer = client.post(f"{SELECTIONS}/{selection_id}/retry")
    assert answer.status_code == 202
    assert [output["state"] for output in answer.json()["outputs"]] == ["ready", "queued"]
