"""What the tables hold as JSON: typed, read as earlier versions wrote it, and never written as something else."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic_core import PydanticSerializationError
from sqlalchemy import JSON
from sqlalchemy.dialects import sqlite

from pipeline.moments import Clip, Still
from records.documents import (
    ClipTimes,
    MomentFacts,
    Recipe,
    StatedCut,
    StatedFilm,
    StillTimes,
    at_times,
    recipe_of,
    times_of,
)
from records.models import Base
from records.models.base import Json
from records.models.sealed import SealedJson

CLIP = Clip(in_ms=61_000, out_ms=63_000, caption="Ella waits.")


def test_every_column_of_json_says_what_it_holds() -> None:
    columns = [column for table in Base.metadata.tables.values() for column in table.columns]
    assert [str(column) for column in columns if isinstance(column.type, JSON)] == []
    assert len([column for column in columns if isinstance(column.type, Json | SealedJson)]) == 18


@pytest.mark.parametrize(
    ("kind", "written", "read"),
    [
        (StatedFilm, {"bytes": 9, "duration_ms": 5}, StatedFilm(bytes=9, duration_ms=5)),
        (
            StatedFilm,
            {"bytes": 9, "duration_ms": 5, "cuts": {"3": {"in": 1, "out": 2, "pictures": 4}}},
            StatedFilm(bytes=9, duration_ms=5, cuts={3: StatedCut(in_ms=1, out_ms=2, pictures=4)}),
        ),
        (MomentFacts, {"in_ms": 4, "what_nobody_reads_any_more": 1}, MomentFacts(in_ms=4)),
        (Clip | Still, {"at": 3000, "caption": "", "principle": None, "exact": True}, Still(at_ms=3000)),
        (ClipTimes | StillTimes, {"at": 3}, StillTimes(at_ms=3)),
    ],
)
def test_what_an_earlier_version_wrote_is_read(kind: Any, written: object, read: object) -> None:
    assert Json(kind).process_result_value(written, sqlite.dialect()) == read


def test_a_recipe_is_kept_to_the_letter_with_what_only_its_kind_knows() -> None:
    chosen = {"title": "Us", "earlier": ["a" * 32], "deep": [{"x": None}]}
    assert recipe_of(chosen) == chosen
    assert Json(Recipe).process_bind_param(recipe_of(chosen), sqlite.dialect()) == chosen


def test_a_value_of_another_type_is_refused_and_not_written_as_it_is() -> None:
    with pytest.raises(PydanticSerializationError):
        Json(MomentFacts).process_bind_param({"in_ms": 4}, sqlite.dialect())


def test_a_moment_at_other_times_keeps_its_words() -> None:
    assert at_times(CLIP, ClipTimes(in_ms=800, out_ms=4000)) == Clip(in_ms=800, out_ms=4000, caption="Ella waits.")
    assert at_times(CLIP, times_of(CLIP)) == CLIP
    assert at_times(Still(at_ms=7, exact=False), StillTimes(at_ms=0)) == Still(at_ms=0, exact=False)


def test_what_is_needed_of_a_film_ends_where_a_clip_does_and_after_the_picture_of_a_still() -> None:
    assert (times_of(CLIP).first_ms, times_of(CLIP).end_ms) == (61_000, 63_000)
    assert (StillTimes(at_ms=7).first_ms, StillTimes(at_ms=7).end_ms) == (7, 8)


def test_on_another_clock_nothing_begins_before_its_start() -> None:
    assert ClipTimes(in_ms=10, out_ms=30).shifted(-11) == ClipTimes(in_ms=0, out_ms=19)


def test_a_count_holds_only_for_the_times_it_was_said_of() -> None:
    stated = StatedCut(in_ms=0, out_ms=1000, pictures=25)
    assert stated.is_at(None)
    assert stated.is_at(ClipTimes(in_ms=0, out_ms=1000))
    assert not stated.is_at(ClipTimes(in_ms=0, out_ms=1001))
    assert not stated.is_at(StillTimes(at_ms=0))
