"""Totals of ratings: computed, never typed; and printed ones that do not fit."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pipeline.rating_scale import NOT_APPLICABLE, RatingInvalid, Scale, rating_scale
from pipeline.training.rating.printed import TableUnreadable, check_printed, read_printed
from pipeline.training.rating.totals import Score, compare, totals


def report_table(number: int) -> str:
    return files("configs").joinpath(f"examples/report-table-{number}.csv").read_text(encoding="utf-8")


def all_answered(value: Any) -> dict[str, Any]:
    return dict.fromkeys(rating_scale().questions, value)


def test_the_scale_has_52_questions_in_nine_sub_scales_and_260_points() -> None:
    scale = rating_scale()
    assert [len(sub_scale.labels) for sub_scale in scale.sub_scales] == [8, 6, 7, 5, 5, 8, 5, 4, 4]
    assert [sub_scale.item for sub_scale in scale.sub_scales] == [4, 5, 6, 7, 8, 9, 11, 12, 13]
    assert len(scale.questions) == 52
    assert "6.5a" in scale.questions
    assert totals(scale, all_answered(5)).whole == Score(points=260, most=260)


def test_what_does_not_apply_leaves_the_denominator_and_what_is_open_is_said() -> None:
    answers = all_answered(3) | {"7.1": NOT_APPLICABLE, "7.2": NOT_APPLICABLE}
    del answers["7.3"]
    made = totals(rating_scale(), answers)
    assert made.sub_scales[7] == Score(points=6, most=10, not_applicable=2, open=1)
    assert made.sub_scales[7].per_cent is None
    assert totals(rating_scale(), answers | {"7.3": 3}).sub_scales[7].per_cent == 60.0
    assert made.whole == Score(points=147, most=245, not_applicable=2, open=1)


def test_before_all_is_answered_and_where_nothing_applies_the_per_cent_is_unknown() -> None:
    assert totals(rating_scale(), {}).whole.per_cent is None
    assert totals(rating_scale(), all_answered(NOT_APPLICABLE)).whole.per_cent is None


@given(st.dictionaries(st.sampled_from(rating_scale().questions), st.integers(0, 5) | st.just(NOT_APPLICABLE)))
def test_every_question_is_counted_exactly_once(answers: dict[str, Any]) -> None:
    whole = totals(rating_scale(), answers).whole
    assert whole.most // 5 + whole.not_applicable + whole.open == 52
    assert whole.points == sum(answer for answer in answers.values() if answer != NOT_APPLICABLE)


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        ({"4.9": 1}, "The rating scale has no question “4.9”."),
        ({"4.1": 6}, "Question 4.1 is answered with 6; it takes 0 to 5."),
        ({"4.1": -1}, "Question 4.1 is answered with -1; it takes 0 to 5."),
    ],
)
def test_an_answer_the_scale_does_not_know_is_named(answers: dict[str, Any], sentence: str) -> None:
    with pytest.raises(RatingInvalid) as refused:
        rating_scale().check(answers)
    assert refused.value.for_guider == sentence


def test_a_service_gives_a_text_for_each_question_or_none() -> None:
    shape: dict[str, Any] = {"title": "Ours", "anchors": ["no", "yes"]}
    own = {"item": 1, "heading": "Pacing", "labels": ["1", "2"]}
    scale = Scale.model_validate(shape | {"sub_scale": [own | {"texts": ["Waits", "Follows"]}]})
    assert scale.sub_scales[0].wording(1) == "Follows"
    assert Scale.model_validate(shape | {"sub_scale": [own]}).sub_scales[0].wording(1) == "Question 2"
    with pytest.raises(ValidationError, match="2 questions and 1 texts"):
        Scale.model_validate(shape | {"sub_scale": [own | {"texts": ["Waits"]}]})


def test_two_recordings_are_compared_by_raters_who_rated_both() -> None:
    one = {"ada": all_answered(4), "sol": all_answered(3)}
    other = {"ada": all_answered(2) | {"4.1": NOT_APPLICABLE}}
    made = compare(rating_scale(), one, other)
    assert [(row.label, row.one and row.one.points, row.other and row.other.points) for row in made.by_rater] == [
        ("ada", 208, 102),
        ("sol", 156, None),
    ]
    assert made.left_out == ["sol"]
    assert made.whole.one == Score(points=208, most=260)
    assert made.whole.other == Score(points=102, most=255, not_applicable=1)
    assert made.by_sub_scale[0].label == "Embodying VIG values and beliefs"
    assert made.by_sub_scale[0].other == Score(points=14, most=35, not_applicable=1)


def test_the_reports_table_2_sums_to_810_and_its_printed_807_is_flagged() -> None:
    checked = check_printed(read_printed(report_table(2)))
    assert checked.whole.one == Score(points=810, most=1300)
    assert checked.whole.other == Score(points=749, most=1300)
    assert checked.printed is not None
    assert checked.printed.one == 807
    assert checked.flags == [
        "VIG: the lines add up to 810, but 807 is printed.",
        "The lines differ by 61 altogether, the printed totals by 58.",
    ]


def test_the_reports_table_3_fits_and_nothing_is_flagged() -> None:
    checked = check_printed(read_printed(report_table(3)))
    assert (checked.whole.one, checked.whole.other) == (Score(points=807, most=1300), Score(points=749, most=1300))
    assert [row.label for row in checked.rows] == [sub_scale.heading for sub_scale in rating_scale().sub_scales]
    assert checked.flags == []


def test_a_table_from_a_spreadsheet_is_read_and_points_that_cannot_be_are_flagged() -> None:
    checked = check_printed(read_printed("\ufeffWho;VIG;non-VIG;most\r\nOne;20;40;30\r\n\r\nTwo;5;5;\r\n"))
    assert checked.flags == ["One: 40 points are more than the 30 that could be reached."]
    assert checked.whole.one is not None
    assert checked.whole.one.per_cent is None  # of Two, nobody knows the most
    assert checked.printed is None


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "Write a heading line and then, in each line, a label and the points of two recordings."),
        ("a,b\n1,2", "Write a heading line and then, in each line, a label and the points of two recordings."),
        ("a,b,c\nOne,1,x", "“x” in line 2 is no whole number."),
        ("a,b,c\nOne,1", "Line 2 has 2 columns instead of a label and two or three numbers."),
        ("a,b,c\nTotal,1,2", "The table holds a total but no line that it sums."),
        ("a,b,c\n" + "One,1,2\n" * 200, "The table has more than 200 lines."),
    ],
)
def test_a_table_that_cannot_be_understood_is_refused_in_words(text: str, sentence: str) -> None:
    with pytest.raises(TableUnreadable) as refused:
        read_printed(text)
    assert refused.value.for_guider == sentence
