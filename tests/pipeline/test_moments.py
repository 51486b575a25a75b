"""The moments a guider chose, read from what she or the page wrote."""

# ruff: noqa: E501  a table is easiest to read with one case a line
from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import SelectionInvalid
from pipeline.moments import Clip, FilmOf, Selection, Still, parse_selection, read_selection
from pipeline.outputs.kinds import usual_kinds
from pipeline.times import clock, parse_ms

WRITTEN = """
family = "K-104"
cycle = 2
helping_question = "How can we enjoy playing together?"
working_points = ["Wait a little longer"]

[[clip]]
in = "00:01:10.200"
out = 84000
caption = "Ella looks up. Mum waits."
principle = "receiving-initiatives"

[[still]]
at = "00:01:12.480"
caption = "Ella shows Mum the card."
exact = false
"""


def selection(**changes: Any) -> dict[str, Any]:
    return {"family": "K-104", "clip": [{"in": 0, "out": 1000}], **changes}


def test_the_written_form_is_read_as_documented(tmp_path: Path) -> None:
    path = tmp_path / "moments.toml"
    path.write_text(WRITTEN, encoding="utf-8")
    assert read_selection(path) == Selection(
        family="K-104",
        cycle=2,
        helping_question="How can we enjoy playing together?",
        working_points=("Wait a little longer",),
        clips=(
            Clip(in_ms=70_200, out_ms=84_000, caption="Ella looks up. Mum waits.", principle="receiving-initiatives"),
        ),
        stills=(Still(at_ms=72_480, caption="Ella shows Mum the card.", exact=False),),
    )


def test_a_file_that_windows_editor_began_with_a_mark_is_read(tmp_path: Path) -> None:
    (tmp_path / "m.toml").write_text(WRITTEN, encoding="utf-8-sig")
    assert read_selection(tmp_path / "m.toml").family == "K-104"


def test_what_is_written_out_is_read_back_alike() -> None:
    read = parse_selection(tomllib.loads(WRITTEN))
    assert parse_selection(read.model_dump(mode="json")) == read


@given(st.integers(0, 1000 * 3600 * 1000 - 1))
def test_a_time_survives_being_written_as_a_clock(ms: int) -> None:
    assert parse_ms(clock(ms)) == ms


@pytest.mark.parametrize(
    ("written", "ms"), [("00:00:01.5", 1500), ("1:02", 62_000), ("10:00:00.001", 36_000_001), ("00:59.999", 59_999)]
)
def test_shorter_clocks_are_understood(written: str, ms: int) -> None:
    assert parse_ms(written) == ms


@pytest.mark.parametrize(
    ("shape", "sentence"),
    [
        ({}, "“family” is missing."),
        (selection(clip=[]), "No moment is chosen; mark at least one clip or still."),
        (selection(clip=[{"in": 5000, "out": 5000}]), "Clip 1 ends (00:00:05.000) before it begins (00:00:05.000)."),
        (
            selection(clip=[{"in": 0, "out": 1}, {"in": "00:01:10", "out": 1}]),
            "Clip 2 ends (00:00:00.001) before it begins (00:01:10.000).",
        ),
        (selection(family="Ella Smith"), "“family” must be a code of letters, digits and dashes, without spaces."),
        (selection(colour="red"), "“colour” is not a word this program knows."),
        (selection(clip=[{"in": 0, "out": 9, "zoom": 2}]), "Clip 1, “zoom” is not a word this program knows."),
        (selection(clip=[{"in": "soon", "out": 9}]), "Clip 1, “in” is not a time; write 00:01:10.200, or whole milliseconds."),
        (selection(clip=[{"in": "00:61:00", "out": 9}]), "Clip 1, “in” is not a time; write 00:01:10.200, or whole milliseconds."),
        (selection(clip=[{"in": -1, "out": 9}]), "Clip 1, “in” is too small."),
        (selection(clip=[{"in": 0.5, "out": 9}]), "Clip 1, “in” is not written as it should be."),
        (selection(clip=[{"in": True, "out": 9}]), "Clip 1, “in” is not written as it should be."),
        (selection(clip=[{"out": 9}]), "Clip 1, “in” is missing."),
        (
            selection(clip=[{"in": 0, "out": 86_400_000}]),
            "Clip 1 is 24:00:00.000 long; at most 20 minutes can be prepared as one.",
        ),
        (selection(still=[{"at": 0, "caption": "x" * 501}]), "Still 1, “caption” is too long."),
        (selection(cycle=0), "“cycle” is too small."),
        (selection(cycle=float("nan")), "“cycle” is no number."),
        (selection(**{"k" * 5000: 1}), f"“{'k' * 40}” is not a word this program knows."),
        (selection(clip="all of it"), "“clip” is not written as it should be."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_one_sentence(shape: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SelectionInvalid) as refused:
        parse_selection(shape)
    assert refused.value.for_guider == sentence


@pytest.mark.parametrize("content", [b"family = ", b"\xff\xfe\x00", None])
def test_a_list_that_cannot_be_read_is_told_in_one_sentence(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "moments.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SelectionInvalid) as refused:
        read_selection(path)
    assert "moments.toml" in refused.value.for_guider
    assert "\n" not in refused.value.for_guider


def test_what_no_pdf_may_hold_is_left_out_of_the_words() -> None:
    words = parse_selection(selection(still=[{"at": 0, "caption": "Ella\0 looks\vup.\x1b\r\nMum\u2028waits.\x07"}]))
    assert words.stills[0].caption == "Ella looks\nup.\nMum\nwaits."


def test_a_selection_is_of_the_familys_film_unless_it_says_that_it_is_of_a_review_recording() -> None:
    assert parse_selection({"family": "K-104", "still": [{"at": 0}]}).of == FilmOf.FAMILY_FILM
    recording = parse_selection({"family": "K-104", "of": "review_recording", "still": [{"at": 0}]})
    assert recording.model_dump(mode="json")["of"] == "review_recording"
    assert usual_kinds(recording.of) == ("review_pack",)
    with pytest.raises(SelectionInvalid) as refused:
        parse_selection({"family": "K-104", "of": "party", "still": [{"at": 0}]})
    assert refused.value.for_guider == "“of” must be 'family_film' or 'review_recording'."


@pytest.mark.parametrize("kind", ["clip", "still"])
def test_a_moment_in_which_somebody_is_to_be_covered_is_refused(kind: str) -> None:
    times = {"in": 0, "out": 1000} if kind == "clip" else {"at": 0}
    with pytest.raises(SelectionInvalid, match=f"^{kind.title()} 2 says that somebody is to be covered in it"):
        parse_selection({"family": "K-104", kind: [times, {**times, "cover": True}]})
    assert parse_selection({"family": "K-104", kind: [{**times, "covered": True}]})
