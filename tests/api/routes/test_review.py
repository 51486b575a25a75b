"""The review and what is written at its end, over HTTP."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from records.documents import MomentFacts
from records.models import ArtifactRow, MomentRow
from records.settings import Settings
from tests.api.service import SELECTIONS, begin
from tests.effects import open_alone

FACTS = MomentFacts(in_ms=0, width_px=1280, height_px=720, fps=29.97, duration_ms=13_800)


def words(review: str, **changes: Any) -> dict[str, Any]:
    """What the player sends."""
    made = {
        "kind": "vigpack-words",
        "schema_version": 1,
        "review": review,
        "written_at": "2026-11-24T14:03:00.000Z",
        "strengths": ["Mum waits and looks."],
        "working_points": ["Wait a little longer"],
        "plan": ["Roll the ball each evening"],
    }
    return made | changes


@pytest.fixture
def path(api: httpx.Client) -> str:
    """Where the words of a new selection are."""
    return f"{SELECTIONS}/{begin(api)['selection']['id']}/words"


def id_in(path: str) -> str:
    return path.split("/")[-2]


def test_the_review_shows_what_is_ready_and_neither_family_nor_place_in_the_film(
    client: TestClient, app_settings: Settings
) -> None:
    begun = begin(client)["selection"]
    with open_alone(app_settings).session() as session:
        moment = session.get_one(MomentRow, begun["moments"][0]["id"])
        moment.facts = FACTS
        moment.moment = moment.moment.model_copy(update={"principle": "receiving-initiatives"})
        session.add(
            ArtifactRow(
                id="a" * 32, selection_id=begun["id"], moment_id=moment.id, kind="clip", name="01.mp4",
                storage_key="k", media_type="video/mp4", bytes=1, sha256="0" * 64,
            )
        )  # fmt: skip
    answer = client.get(f"{SELECTIONS}/{begun['id']}/review")
    said = answer.json()
    assert {name: said[name] for name in ("review", "question", "working_points", "moments")} == {
        "review": begun["id"],
        "question": "How can we enjoy playing together?",
        "working_points": [],
        "moments": [
            {
                "kind": "clip",
                "file": f"{SELECTIONS}/{begun['id']}/artifacts/{'a' * 32}",
                "width": 1280,
                "height": 720,
                "fps": 29.97,
                "duration_ms": 13_800,
                "caption": "Ella looks up.",
                "principle": {
                    "heading": "Receiving initiatives",
                    "plain": said["moments"][0]["principle"]["plain"],
                },
                "peaks": None,
                "drawings": [],
            }
        ],
    }
    assert "K-104" not in answer.text


def test_the_players_page_holds_no_script_of_its_own_and_names_files_that_are_there(api: httpx.Client) -> None:
    open_to_all = httpx.Client(base_url=api.base_url, trust_env=False, timeout=60)
    page = open_to_all.get(f"/review/{'0' * 32}")
    assert page.status_code == 200
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert "unsafe-inline" not in page.headers["content-security-policy"]
    assert "<style" not in page.text
    assert "<script>" not in page.text
    named = [part for part in page.text.split('"') if part.startswith("/review/files/")]
    assert len(named) > 10
    for name in named:
        answer = open_to_all.get(name)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-cache"
    assert open_to_all.get("/review/not-an-id").status_code == 404


def test_words_are_saved_and_read_back(api: httpx.Client, path: str) -> None:
    assert api.get(path).status_code == 204
    saved = api.put(path, json=words(id_in(path)))
    assert saved.status_code == 200
    read = api.get(path)
    assert read.headers["etag"] == saved.headers["etag"]
    assert {name: read.json()[name] for name in ("strengths", "working_points", "plan")} == {
        "strengths": ["Mum waits and looks."],
        "working_points": ["Wait a little longer"],
        "plan": ["Roll the ball each evening"],
    }


def test_the_last_one_wins_unless_she_asked_to_be_warned(api: httpx.Client, path: str) -> None:
    review = id_in(path)
    first = api.put(path, json=words(review), headers={"If-None-Match": "*"})
    other = api.put(path, json=words(review, plan=[]), headers={"If-Match": first.headers["etag"]})
    for stale in ({"If-None-Match": "*"}, {"If-Match": first.headers["etag"]}):
        refused = api.put(path, json=words(review, plan=["Mine"]), headers=stale)
        assert (refused.status_code, refused.json()["code"]) == (412, "words_changed")
    assert api.get(path).json()["plan"] == []
    assert api.get(path).headers["etag"] == other.headers["etag"]
    assert api.put(path, json=words(review, plan=["Mine"])).status_code == 200
    assert api.get(path).json()["plan"] == ["Mine"]


@pytest.mark.parametrize(
    ("changes", "code", "sentence"),
    [
        ({"review": "b" * 32}, "words_of_another_review", "These words were written in another review."),
        ({"kind": "diary"}, "selection_invalid", "“kind”"),
        ({"schema_version": 2}, "selection_invalid", "“schema_version”"),
        ({"strengths": ["x" * 501]}, "selection_invalid", "Strength 1 is too long."),
        ({"plan": ["x"] * 21}, "selection_invalid", "“plan” holds more than can be prepared at once."),
        ({"score": 5}, "selection_invalid", "“score” is not a word this program knows."),
        ({"written_at": "yesterday"}, "selection_invalid", "“written_at”"),
    ],
)
def test_what_are_no_words_of_this_review_is_refused_and_changes_nothing(
    api: httpx.Client, path: str, changes: dict[str, Any], code: str, sentence: str
) -> None:
    answer = api.put(path, json=words(id_in(path)) | changes)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert answer.json()["detail"].startswith(sentence)
    assert api.get(path).status_code == 204


def test_words_are_erased_with_their_selection(api: httpx.Client, path: str) -> None:
    api.put(path, json=words(id_in(path))).raise_for_status()
    api.delete(path.removesuffix("/words")).raise_for_status()
    assert api.get(path).status_code == 404
    assert api.put(path, json=words(id_in(path))).status_code == 404
