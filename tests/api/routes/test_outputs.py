"""What can be made of a selection, over HTTP."""

from __future__ import annotations

import httpx
import pytest

from api.app import create_app
from api.routes import artwork
from pipeline.outputs.kinds import KINDS
from records.settings import Settings
from tests.api.conftest import client_of
from tests.api.service import SELECTIONS, shape


def test_every_kind_is_told_with_what_can_be_chosen(api: httpx.Client) -> None:
    told = api.get("/api/v1/kinds").raise_for_status().json()
    assert [kind["name"] for kind in told] == list(KINDS)
    assert all(kind["title"] and kind["about"] and kind["recipe"]["type"] == "object" for kind in told)


def test_an_output_asked_for_before_the_moments_are_ready_waits_for_them(api: httpx.Client) -> None:
    begun = api.post(SELECTIONS, json=shape(outputs=[])).raise_for_status().json()["selection"]
    asked = api.post(f"{SELECTIONS}/{begun['id']}/outputs", json={"kind": "picture_notes"})
    assert asked.status_code == 202
    assert [(one["kind"], one["state"]) for one in asked.json()["selection"]["outputs"]] == [
        ("picture_notes", "pending")
    ]


def test_what_will_not_come_out_as_written_is_said_at_once(api: httpx.Client) -> None:
    begun = api.post(SELECTIONS, json=shape(still=[])).raise_for_status().json()["selection"]
    asked = api.post(f"{SELECTIONS}/{begun['id']}/outputs", json={"kind": "picture_notes"})
    assert asked.json()["remarks"] == ["No still is chosen, so there are no picture notes."]


def test_a_kind_nobody_knows_and_a_recipe_nobody_understands_are_refused(api: httpx.Client) -> None:
    begun = api.post(SELECTIONS, json=shape()).raise_for_status().json()["selection"]
    path = f"{SELECTIONS}/{begun['id']}/outputs"
    unknown = api.post(path, json={"kind": "hologram"})
    wrong = api.post(path, json={"kind": "picture_notes", "recipe": {"colour": "loud"}})
    assert (unknown.status_code, unknown.json()["code"]) == (422, "output_unknown")
    assert (wrong.status_code, wrong.json()["code"]) == (422, "recipe_invalid")
    assert wrong.json()["detail"] == "Picture notes: “colour” is not a word this program knows."


def test_a_selection_can_begin_with_recipes(api: httpx.Client) -> None:
    begun = api.post(SELECTIONS, json=shape(outputs=["review_pack"], recipes={"picture_notes": {}}))
    assert [one["kind"] for one in begun.json()["selection"]["outputs"]] == ["review_pack", "picture_notes"]
    refused = api.post(SELECTIONS, json=shape(recipes={"picture_notes": {"colour": "loud"}}))
    assert refused.json()["code"] == "recipe_invalid"


def test_selections_of_the_other_film_are_offered_where_the_same_guider_sent_them(api: httpx.Client) -> None:
    ada, ben = {"guider": "Adas-browser-4Kd"}, {"guider": "Bens-browser-9Xq"}
    recording = {"of": "review_recording", "family": "K-207"}

    def begin(**changes: object) -> str:
        found: str = (
            api.post(SELECTIONS, json=shape(family="K-207") | changes).raise_for_status().json()["selection"]["id"]
        )
        return found

    film = begin(**ada)
    theirs = [begin(**ada, **recording) for _ in range(2)]
    for other in (ben | recording, ada, ada | recording | {"cycle": 3}, ada | recording | {"family": "K-208"}):
        begin(**other)

    def offered(selection_id: str) -> list[str]:
        return [one["id"] for one in api.get(f"{SELECTIONS}/{selection_id}/companions").raise_for_status().json()]

    assert offered(film) == theirs[::-1]
    assert film in offered(theirs[0])
    assert api.get(f"{SELECTIONS}/{'0' * 32}/companions").status_code == 404


def test_an_output_of_a_selection_that_is_gone_is_told(api: httpx.Client) -> None:
    assert api.post(f"{SELECTIONS}/{'0' * 32}/outputs", json={"kind": "picture_notes"}).status_code == 404


def test_a_preview_of_moments_that_are_not_ready_is_refused_in_a_sentence(api: httpx.Client) -> None:
    begun = api.post(SELECTIONS, json=shape()).raise_for_status().json()["selection"]
    early = api.post(f"{SELECTIONS}/{begun['id']}/preview", json={"kind": "booklet"})
    assert (early.status_code, early.json()["detail"]) == (409, "The moments are not all ready yet.")


def test_a_photograph_larger_than_may_be_is_refused_before_it_is_read(api: httpx.Client) -> None:
    begun = api.post(SELECTIONS, json=shape()).raise_for_status().json()["selection"]
    refused = api.post(f"{SELECTIONS}/{begun['id']}/artwork", content=b"x" * 30_000_001)
    assert (refused.status_code, refused.json()["code"]) == (413, "photograph_too_large")


def test_whoever_adds_a_photograph_while_others_are_read_is_asked_to_try_again(
    app_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(artwork, "_WAIT_S", 0.0)
    with client_of(create_app(app_settings)) as client:
        begun = client.post(SELECTIONS, json=shape()).json()["selection"]
        with artwork._ONE_AT_A_TIME:
            busy = client.post(f"{SELECTIONS}/{begun['id']}/artwork", content=b"GIF89a")
        now = client.post(f"{SELECTIONS}/{begun['id']}/artwork", content=b"GIF89a")
    assert (busy.status_code, busy.json()["code"], busy.headers["Retry-After"]) == (503, "photographs_busy", "10")
    assert (now.status_code, now.json()["code"]) == (422, "photograph_unreadable")
