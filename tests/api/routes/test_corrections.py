"""Correcting over HTTP what was written, after it was sent."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.api.service import SELECTIONS, begin

NAME = "Ella"


@pytest.fixture
def sent(api: httpx.Client) -> dict[str, Any]:
    """A clip and a still whose captions name a child."""
    view: dict[str, Any] = begin(api)["selection"]
    return view


def test_a_corrected_name_is_in_no_answer_any_more(api: httpx.Client, sent: dict[str, Any]) -> None:
    path = f"{SELECTIONS}/{sent['id']}"
    assert NAME in api.get(path).text
    for moment in sent["moments"]:
        answer = api.patch(
            f"{path}/moments/{moment['id']}", json={"caption": "She looks up."}, headers={"If-Match": '"0"'}
        )
        assert answer.status_code == 200
        assert answer.json()["moments"][moment["position"]]["revision"] == 1
    assert NAME not in api.get(path).text
    assert NAME not in api.get(f"{path}/review").text


def test_the_second_of_two_is_told_in_one_sentence(api: httpx.Client, sent: dict[str, Any]) -> None:
    path = f"{SELECTIONS}/{sent['id']}"
    first = api.patch(path, json={"helping_question": "What helps?", "cycle": 3}, headers={"If-Match": '"0"'})
    assert (first.status_code, first.headers["etag"]) == (200, '"1"')
    second = api.patch(path, json={"helping_question": "Mine"}, headers={"If-Match": '"0"'})
    assert (second.status_code, second.json()["code"]) == (412, "corrected_meanwhile")
    assert second.json()["detail"] == (
        "This was changed somewhere else meanwhile. Look at what stands here now, then write again."
    )
    again = api.patch(path, json={"helping_question": "Mine"}, headers={"If-Match": first.headers["etag"]})
    assert (again.json()["helping_question"], again.json()["cycle"]) == ("Mine", 3)


def test_what_is_drawn_is_refused_in_words_where_it_cannot_be(api: httpx.Client, sent: dict[str, Any]) -> None:
    """And is in the answer where it can, in the shape in which it was given."""
    moment = next(one for one in sent["moments"] if one["kind"] == "still")
    path = f"{SELECTIONS}/{sent['id']}/moments/{moment['id']}"
    arrow = {"kind": "arrow", "x1": 0.1, "y1": 0.9, "x2": 0.5, "y2": 0.5}

    def draw(*drawings: dict[str, Any]) -> httpx.Response:
        return api.patch(path, json={"drawings": drawings}, headers={"If-Match": '"0"'})

    timed = draw({**arrow, "in": 0, "out": 1000})
    assert timed.status_code == 422
    assert timed.json()["detail"] == "This still has a drawing with a start and an end, which only a clip's has."
    assert draw({**arrow, "x1": 2}).json()["detail"] == "Drawing 1, “x1” is too large."
    assert draw(*[arrow] * 13).status_code == 422
    (still,) = [one for one in draw(arrow).json()["moments"] if one["id"] == moment["id"]]
    assert still["moment"]["drawings"] == [{**arrow, "colour": "yellow", "in": None, "out": None}]


@pytest.mark.parametrize(
    ("correction", "headers"),
    [
        pytest.param({"cycle": 3}, {}, id="nothing seen"),
        pytest.param({"cycle": 3}, {"If-Match": "yesterday"}, id="no revision"),
        pytest.param({"cycle": 100}, {"If-Match": '"0"'}, id="no cycle"),
        pytest.param({"helping_question": "x" * 501}, {"If-Match": '"0"'}, id="too long"),
        pytest.param({"of": "review_recording"}, {"If-Match": '"0"'}, id="another use"),
        pytest.param({"family": "K-207"}, {"If-Match": '"0"'}, id="another family"),
        pytest.param({"order": ["f" * 32]}, {"If-Match": '"0"'}, id="other moments"),
    ],
)
def test_what_is_no_correction_is_refused_and_changes_nothing(
    api: httpx.Client, sent: dict[str, Any], correction: dict[str, Any], headers: dict[str, str]
) -> None:
    path = f"{SELECTIONS}/{sent['id']}"
    assert api.patch(path, json=correction, headers=headers).status_code in {400, 422}
    assert api.get(path).json()["revision"] == 0


def test_moments_from_the_same_film_are_added_once_and_await_their_uploads(
    api: httpx.Client, sent: dict[str, Any]
) -> None:
    path = f"{SELECTIONS}/{sent['id']}/moments"
    film = {"bytes": 1_930_000_000, "duration_ms": 900_000}
    more = {"clip": [{"in": 100_000, "out": 101_000, "caption": "Both laugh.", "cut": {"in": 500, "out": 1500}}]}
    key = {"Idempotency-Key": "a-key-made-at-random"}
    added = [api.post(path, json={**more, "film": film}, headers=key) for _ in range(2)]
    assert [one.status_code for one in added] == [201, 201]
    assert added[0].json()["added"] == added[1].json()["added"]
    moments = added[1].json()["selection"]["moments"]
    assert [one["kind"] for one in moments] == ["clip", "clip", "still"]
    assert moments[1]["id"] in {one["metadata"].get("moment") for one in added[1].json()["uploads"]}
    other = api.post(
        path, json={**more, "film": {**film, "bytes": 5}}, headers={"Idempotency-Key": "another-key-made-so"}
    )
    assert (other.status_code, other.json()["code"]) == (409, "another_film")
    outside = api.post(path, json={"still": [{"at": 900_001, "cut": {"at": 1}}], "film": film}, headers=key)
    assert outside.json()["code"] == "moment_outside_film"
    gone = api.delete(f"{path}/{moments[1]['id']}")
    assert [one["kind"] for one in gone.json()["moments"]] == ["clip", "still"]
