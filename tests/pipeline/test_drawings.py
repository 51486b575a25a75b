"""What is drawn on a moment: which shapes there are, when they show, and that they stand out from any picture."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from pipeline.drawings import COLOURS, EDGE, Drawing, within_clip
from pipeline.errors import SelectionInvalid
from pipeline.limits import LIMITS
from pipeline.moments import Selection, parse_selection

ARROW = {"kind": "arrow", "x1": 0.1, "y1": 0.9, "x2": 0.5, "y2": 0.5}


def with_drawings(*drawings: dict[str, Any], moment: str = "clip") -> dict[str, Any]:
    times = {"in": "00:10", "out": "00:20"} if moment == "clip" else {"at": 5}
    return {"family": "K-104", moment: [{**times, "drawings": list(drawings)}]}


def test_moments_toml_may_hold_them_with_times_as_people_write_them() -> None:
    selection = parse_selection(with_drawings({**ARROW, "in": "00:12", "out": "00:14.5"}))
    (drawing,) = selection.clips[0].drawn()
    assert (drawing.in_ms, drawing.out_ms) == (2000, 4500), "from the start of the clip"
    assert Selection.model_validate(selection.model_dump()) == selection
    still = parse_selection(with_drawings(ARROW, moment="still")).stills[0]
    assert [one.name for one in still.drawn()] == ["Arrow to the middle"]


@pytest.mark.parametrize(
    ("moment", "drawing", "why"),
    [
        ("clip", ARROW, "Clip 1 has a drawing without a start and an end."),
        ("clip", {**ARROW, "in": 11_000}, "needs both a start and an end"),
        ("clip", {**ARROW, "in": 12_000, "out": 12_000}, "ends (00:00:12.000) before it begins"),
        ("clip", {**ARROW, "in": 30_000, "out": 31_000}, "at a time that is not in it"),
        ("still", {**ARROW, "in": 0, "out": 9}, "which only a clip's has"),
        ("still", {**ARROW, "x1": 1.2}, "Still 1, Drawing 1, “x1” is too large."),
        ("still", {**ARROW, "x2": 0.11, "y2": 0.89}, "is too small to be seen"),
        ("still", {**ARROW, "kind": "circle", "x2": 0.11}, "is too small to be seen"),
        ("still", {**ARROW, "kind": "text"}, "Still 1, Drawing 1, “kind” must be"),
        ("still", {**ARROW, "words": "Ella"}, "“words” is not a word this program knows"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_a_sentence(moment: str, drawing: dict[str, Any], why: str) -> None:
    with pytest.raises(SelectionInvalid) as refused:
        parse_selection(with_drawings(drawing, moment=moment))
    assert why in refused.value.for_guider


def test_there_are_only_so_many_on_one_moment() -> None:
    parse_selection(with_drawings(*[ARROW] * LIMITS.most_drawings, moment="still"))
    with pytest.raises(SelectionInvalid, match="more than can be prepared"):
        parse_selection(with_drawings(*[ARROW] * (LIMITS.most_drawings + 1), moment="still"))


def test_what_reaches_over_the_ends_of_a_clip_is_shown_within_it() -> None:
    def shown(in_ms: int, out_ms: int) -> list[tuple[int | None, int | None]]:
        drawing = Drawing.model_validate({**ARROW, "in": in_ms, "out": out_ms})
        return [(one.in_ms, one.out_ms) for one in within_clip([drawing], 1000, 3000)]

    assert shown(500, 3500) == [(0, 2000)]
    assert shown(2999, 4000) == [(1999, 2000)]
    assert shown(0, 1000) == shown(3000, 3001) == []


@pytest.mark.parametrize("case", json.loads(Path(__file__).with_name("drawing_cases.json").read_text("utf-8")))
def test_its_words_and_its_path_are_those_of_the_page(case: dict[str, Any]) -> None:
    """The page's own tests hold it to the same cases."""
    drawing = Drawing.model_validate(case["drawing"])
    assert (drawing.name, drawing.outline(case["width"], case["height"])) == (case["name"], case["outline"])


@pytest.mark.parametrize(
    ("kind", "at", "name"),
    [
        ("arrow", (0.9, 0.9, 0.1, 0.1), "Arrow to the top left"),
        ("arrow", (0.1, 0.1, 0.5, 0.9), "Arrow to the bottom"),
        ("circle", (0.0, 0.4, 0.2, 0.6), "Circle on the left"),
        ("circle", (0.7, 0.1, 0.9, 0.3), "Circle at the top right"),
        ("spotlight", (1.0, 1.0, 0.0, 0.0), "Spotlight in the middle"),
    ],
)
def test_each_has_a_name_that_says_where_it_leads_the_eye(kind: str, at: tuple[float, ...], name: str) -> None:
    places = dict(zip(("x1", "y1", "x2", "y2"), at, strict=True))
    assert Drawing.model_validate({"kind": kind, **places}).name == name


def test_a_place_that_is_no_number_is_refused() -> None:
    for wrong in (float("nan"), float("inf"), -0.1, "left"):
        with pytest.raises(ValidationError):
            Drawing.model_validate({**ARROW, "x1": wrong})


@pytest.mark.parametrize("colour", COLOURS.values())
def test_a_line_or_its_edge_stands_out_from_any_picture(colour: str) -> None:
    """By 3:1 (WCAG 2.2, 1.4.11): whatever lies beneath, one of the two does; so they do on grey paper."""
    for grey in range(256):
        beneath = luminance(f"#{grey:02x}{grey:02x}{grey:02x}")
        assert max(contrast(beneath, luminance(one)) for one in (colour, EDGE)) >= 3


def luminance(colour: str) -> float:
    parts = (int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5))
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(share * one for share, one in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: float, other: float) -> float:
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)
