"""The rating scale: its sub-scales, the numbers of their questions and the anchors, from configs/rating_scale.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pipeline.errors import PipelineError
from pipeline.moments import plain_sentence

NOT_APPLICABLE = "not_applicable"
Answer = Annotated[int, Field(strict=True)] | Literal["not_applicable"]
"""0 to the scale's highest, or that the question does not apply; a question that is still open has none."""


class RatingInvalid(PipelineError):
    """An answer is none the scale knows."""

    code = "rating_invalid"


class RatingScaleWrong(PipelineError):
    """The service's own file of the scale cannot be used."""

    code = "rating_scale_wrong"


class SubScale(BaseModel):
    """Questions that are summed together; ``texts`` are empty where the service has not given its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    item: int
    heading: str
    labels: Annotated[tuple[str, ...], Field(min_length=1)]
    texts: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _has_a_text_for_each_question_or_none(self) -> Self:
        if self.texts and len(self.texts) != len(self.labels):
            raise ValueError(f"item {self.item} has {len(self.labels)} questions and {len(self.texts)} texts")
        return self

    @property
    def questions(self) -> tuple[str, ...]:
        """The keys of its questions, such as ``6.5a``."""
        return tuple(f"{self.item}.{label}" for label in self.labels)

    def wording(self, place: int) -> str:
        """The text of the question at a place from 0, or its number where there is none."""
        return self.texts[place] if self.texts else f"Question {self.labels[place]}"


class Scale(BaseModel):
    """The whole scale; an answer is the place of its anchor, from 0."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=True, validate_by_alias=True)

    title: str
    anchors: Annotated[tuple[str, ...], Field(min_length=2)]
    sub_scales: Annotated[tuple[SubScale, ...], Field(alias="sub_scale", min_length=1)]

    @model_validator(mode="after")
    def _names_each_question_once(self) -> Self:
        if len(set(self.questions)) != len(self.questions):
            raise ValueError("a question stands in the scale twice")
        return self

    @property
    def highest(self) -> int:
        return len(self.anchors) - 1

    @property
    def questions(self) -> tuple[str, ...]:
        return tuple(question for sub_scale in self.sub_scales for question in sub_scale.questions)

    @property
    def has_texts(self) -> bool:
        """Whether it says what each question asks, and not only its number."""
        return all(sub_scale.texts for sub_scale in self.sub_scales)

    def check(self, answers: Mapping[str, Answer]) -> None:
        """Nothing, if every answer is one to a question of this scale. Raises: RatingInvalid, which names it."""
        questions = set(self.questions)
        for question, answer in answers.items():
            if question not in questions:
                sentence = f"The rating scale has no question “{question[:20]}”."
            elif answer != NOT_APPLICABLE and not 0 <= int(answer) <= self.highest:
                sentence = f"Question {question} is answered with {answer}; it takes 0 to {self.highest}."
            else:
                continue
            raise RatingInvalid(sentence, for_guider=sentence)


@cache
def rating_scale(path: Path | None = None) -> Scale:
    """The scale in a service's own file; of configs/rating_scale.toml where none is named. Raises: RatingScaleWrong."""
    name = "configs/rating_scale.toml" if path is None else path.name
    try:
        written = files("configs").joinpath("rating_scale.toml") if path is None else path
        return Scale.model_validate(tomllib.loads(written.read_text(encoding="utf-8-sig")))
    except ValidationError as error:
        why = plain_sentence(error)
    except (OSError, ValueError) as error:  # tomllib's too
        why = f"It cannot be read: {error}."
    sentence = f"{name}, which holds the rating scale, cannot be used. {why}"
    raise RatingScaleWrong(sentence, for_guider=sentence)
