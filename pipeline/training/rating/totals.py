"""What a rating comes to: points, what could be reached, and the per cent of it. Totals are computed, never typed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Self

from pydantic import BaseModel, ConfigDict, computed_field

from pipeline.rating_scale import NOT_APPLICABLE, Answer, Scale


class Score(BaseModel):
    """Points out of the most that the answered questions could give.

    A question that does not apply leaves both; one that is still open is counted in ``open`` and in neither.
    """

    model_config = ConfigDict(frozen=True, json_schema_serialization_defaults_required=True)

    points: int = 0
    most: int = 0
    not_applicable: int = 0
    open: int = 0

    @computed_field  # type: ignore[prop-decorator]  # mypy#1362
    @property
    def per_cent(self) -> float | None:
        """None before every question was answered: a part says nothing of the whole."""
        return round(100 * self.points / self.most, 1) if self.most and not self.open else None

    def __add__(self, other: Self) -> Score:
        return Score(
            points=self.points + other.points,
            most=self.most + other.most,
            not_applicable=self.not_applicable + other.not_applicable,
            open=self.open + other.open,
        )


class Totals(BaseModel):
    """The score of each sub-scale, by its item, and of the whole."""

    model_config = ConfigDict(frozen=True)

    sub_scales: dict[int, Score]
    whole: Score


def totals(scale: Scale, answers: Mapping[str, Answer]) -> Totals:
    """The scores of one rater's answers to one recording."""
    scores = {
        sub_scale.item: add_up(_score(scale, answers.get(question)) for question in sub_scale.questions)
        for sub_scale in scale.sub_scales
    }
    return Totals(sub_scales=scores, whole=add_up(scores.values()))


def add_up(scores: Iterable[Score]) -> Score:
    """All of them together."""
    return sum(scores, Score())


def _score(scale: Scale, answer: Answer | None) -> Score:
    if answer is None:
        return Score(open=1)
    if answer == NOT_APPLICABLE:
        return Score(not_applicable=1)
    return Score(points=int(answer), most=scale.highest)


class Row(BaseModel):
    """One line of a comparison; a score is None where that recording was not rated."""

    model_config = ConfigDict(frozen=True)

    label: str
    one: Score | None
    other: Score | None


class Comparison(BaseModel):
    """Two recordings, by rater and by sub-scale.

    Only raters who rated both recordings count in the sums; the others stand in ``by_rater`` and in ``left_out``.
    """

    model_config = ConfigDict(frozen=True)

    by_rater: list[Row]
    by_sub_scale: list[Row]
    whole: Row
    left_out: list[str]


def compare(
    scale: Scale, one: Mapping[str, Mapping[str, Answer]], other: Mapping[str, Mapping[str, Answer]]
) -> Comparison:
    """Two recordings' ratings, each by its rater."""
    first = {rater: totals(scale, answers) for rater, answers in one.items()}
    second = {rater: totals(scale, answers) for rater, answers in other.items()}
    raters = sorted({*first, *second})
    both = [rater for rater in raters if rater in first and rater in second]
    return Comparison(
        by_rater=[
            Row(
                label=rater,
                one=first[rater].whole if rater in first else None,
                other=second[rater].whole if rater in second else None,
            )
            for rater in raters
        ],
        by_sub_scale=[
            Row(
                label=sub_scale.heading,
                one=add_up(first[rater].sub_scales[sub_scale.item] for rater in both) if both else None,
                other=add_up(second[rater].sub_scales[sub_scale.item] for rater in both) if both else None,
            )
            for sub_scale in scale.sub_scales
        ],
        whole=Row(
            label="Total",
            one=add_up(first[rater].whole for rater in both) if both else None,
            other=add_up(second[rater].whole for rater in both) if both else None,
        ),
        left_out=[rater for rater in raters if rater not in both],
    )
