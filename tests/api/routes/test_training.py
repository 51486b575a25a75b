"""The rating scale and the logbook over HTTP."""

from __future__ import annotations

from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from fastapi.testclient import TestClient

from api.app import create_app
from pipeline.rating_scale import RatingScaleWrong, rating_scale
from records.settings import Settings
from tests.api.conftest import client_of
from tests.api.service import SELECTIONS, begin

LOGBOOK = "/api/v1/logbook"
GUIDER = "Q2v7tYB0mS1xq4Kd"


def rate(client: TestClient, recording: str, rater: str, **answers: Any) -> Any:
    return client.put(f"{SELECTIONS}/{recording}/ratings/{rater}", json={"answers": answers})


def test_each_rater_answers_for_herself_and_totals_are_computed(client: TestClient) -> None:
    scale = client.get("/api/v1/rating-scale").json()
    assert sum(len(one["questions"]) for one in scale["sub_scales"]) == 52
    assert scale["sub_scales"][2]["questions"][5] == {"key": "6.5a", "text": "Question 5a"}
    recording = begin(client, of="review_recording")["selection"]["id"]
    saved = rate(client, recording, "self", **{"4.1": 3, "4.2": "not_applicable"}).json()
    assert saved["totals"]["whole"] == {"points": 3, "most": 5, "not_applicable": 1, "open": 50, "per_cent": None}
    rate(client, recording, "sol", **{"4.1": 5})
    assert [one["rater"] for one in client.get(f"{SELECTIONS}/{recording}/ratings").json()] == ["self", "sol"]
    other = begin(client, of="review_recording", cycle=3)["selection"]["id"]
    rate(client, other, "self", **{"4.1": 4})
    compared = client.get("/api/v1/ratings/comparison", params={"one": recording, "other": other}).json()
    assert compared["left_out"] == ["sol"]
    assert (compared["whole"]["one"]["points"], compared["whole"]["other"]["points"]) == (3, 4)
    assert client.delete(f"{SELECTIONS}/{recording}/ratings/sol").status_code == 204


def test_a_familys_film_takes_no_rating_and_totals_cannot_be_typed(client: TestClient) -> None:
    family = begin(client)["selection"]["id"]
    refused = rate(client, family, "self", **{"4.1": 3})
    assert (refused.status_code, refused.json()["code"]) == (422, "not_a_recording")
    assert "a family is never rated" in refused.json()["detail"]
    assert client.get(f"{SELECTIONS}/{family}/ratings").status_code == 422
    recording = begin(client, of="review_recording")["selection"]["id"]
    assert rate(client, recording, "self", **{"4.1": 6}).json()["code"] == "rating_invalid"
    typed = client.put(f"{SELECTIONS}/{recording}/ratings/self", json={"answers": {}, "totals": {"whole": 260}})
    assert typed.status_code == 422
    assert client.get(f"{SELECTIONS}/{recording}/ratings").json() == []


def test_the_reports_table_2_is_loaded_with_810_and_its_807_flagged(client: TestClient) -> None:
    table = files("configs").joinpath("examples/report-table-2.csv").read_text(encoding="utf-8")
    checked = client.post("/api/v1/ratings/printed-totals", json={"csv": table}).json()
    assert (checked["whole"]["one"]["points"], checked["whole"]["other"]["points"]) == (810, 749)
    assert checked["flags"][0] == "VIG: the lines add up to 810, but 807 is printed."
    rows = [{"label": "One", "one": 2, "other": 3}]
    read = {"heading": "Who", "one": "A", "other": "B", "rows": rows, "total": {"label": "All", "one": 2, "other": 3}}
    assert client.post("/api/v1/ratings/printed-totals", json={"table": read}).json()["flags"] == []
    assert client.post("/api/v1/ratings/printed-totals", json={"csv": "x"}).json()["code"] == "table_unreadable"
    assert client.post("/api/v1/ratings/printed-totals", json={}).status_code == 422


def test_a_logbook_is_written_checked_and_taken_away(client: TestClient) -> None:
    mine = {"guider": GUIDER}
    empty = client.get(LOGBOOK, params=mine).json()
    assert empty["profile"] == "report"
    assert [one["missing"] for one in empty["stages"][0]["requirements"]] == [2, 6, 19, 15, 12]
    held = {"family": "K-104", "cycle": 1, "filmed_on": "2026-03-02", "reviewed_on": "2026-03-09"}
    assert client.put(f"{LOGBOOK}/cycles", params=mine, json=held).json()["cycles"][0]["counts"]
    client.post(f"{LOGBOOK}/hours", params=mine, json={"kind": "supervision", "on": "2026-03-12", "minutes": 90})
    book = client.put(LOGBOOK, params=mine, json={"profile": "stages", "began_on": "2026-01-05"}).json()
    assert [stage["missing"] for stage in book["stages"]] == [["5 cycles"], ["8 cycles"], ["11 cycles"]]
    assert client.get(LOGBOOK, params={"guider": "somebody-else"}).json()["cycles"] == []
    csv = client.get(f"{LOGBOOK}/logbook.csv", params=mine)
    assert csv.headers["Content-Disposition"] == 'attachment; filename="logbook.csv"'
    assert "K-104,1,2026-03-02,2026-03-09" in csv.text
    document = Document(BytesIO(client.get(f"{LOGBOOK}/logbook.docx", params=mine).content))
    assert document.paragraphs[0].text == "VIG logbook"
    assert client.get(f"{LOGBOOK}/logbook.xls").status_code == 404
    book = client.delete(f"{LOGBOOK}/entries/{book['hours'][0]['id']}", params=mine).json()
    assert book["hours"] == []


def test_a_logbook_takes_codes_and_whole_days_only(client: TestClient) -> None:
    named = client.put(f"{LOGBOOK}/cycles", json={"family": "The Smiths", "cycle": 1})
    assert named.json()["detail"] == "“family” must be a code of letters, digits and dashes, without spaces."
    for wrong in ({"kind": "supervision", "on": "soon"}, {"kind": "tea", "on": "2026-03-12"}, {"on": "2026-03-12"}):
        assert client.post(f"{LOGBOOK}/hours", json=wrong).status_code == 422
    assert client.put(LOGBOOK, json={"profile": "gold"}).json()["code"] == "profile_unknown"


def test_a_service_gives_the_words_of_the_questions_in_its_own_file(app_settings: Settings, tmp_path: Path) -> None:
    own = tmp_path / "ours.toml"
    own.write_text(
        'title = "Ours"\nanchors = ["no", "yes"]\n'
        '[[sub_scale]]\nitem = 7\nheading = "Pacing"\nlabels = ["1"]\ntexts = ["Waits for the child"]\n'
    )
    client = client_of(create_app(app_settings.model_copy(update={"rating_scale": own})))
    scale = client.get("/api/v1/rating-scale").json()
    assert (scale["has_texts"], scale["sub_scales"][0]["questions"][0]["text"]) == (True, "Waits for the child")
    recording = begin(client, of="review_recording")["selection"]["id"]
    assert rate(client, recording, "self", **{"7.1": 1}).json()["totals"]["whole"]["per_cent"] == 100
    assert rate(client, recording, "self", **{"4.1": 1}).json()["code"] == "rating_invalid"


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("title = ", "It cannot be read"),
        ('title = "Ours"\nanchors = ["no", "yes"]\nsub_scale = []', "at least 1"),
    ],
)
def test_a_file_of_ones_own_that_is_none_is_refused_in_a_sentence(tmp_path: Path, written: str, why: str) -> None:
    own = tmp_path / "ours.toml"
    own.write_text(written)
    with pytest.raises(RatingScaleWrong, match=f"ours.toml, which holds the rating scale, cannot be used.*{why}"):
        rating_scale(own)
