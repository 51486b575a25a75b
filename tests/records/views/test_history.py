"""A day and a week in steps: the extremes of each, and nothing where nobody looked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from records.database import Database
from records.models import JobOutcomeCountRow, SampleRow
from records.views.history import Series, Span, series

NOW = datetime(2026, 11, 24, 12, 7, tzinfo=UTC)


def read(db: Database, span: Span) -> Series:
    with db.reading() as session:
        return series(session, span, NOW)


def test_a_day_has_96_quarters_and_a_week_84_steps_up_to_now(db: Database) -> None:
    day, week = read(db, Span.DAY), read(db, Span.WEEK)
    assert (day.step_s, len(day.steps), week.step_s, len(week.steps)) == (900, 96, 7200, 84)
    assert day.steps[-1].at == datetime(2026, 11, 24, 12, tzinfo=UTC)
    assert day.steps[0].at == datetime(2026, 11, 23, 12, 15, tzinfo=UTC)
    assert week.steps[0].at == datetime(2026, 11, 17, 14, tzinfo=UTC)


def test_where_nobody_looked_nothing_is_known(db: Database) -> None:
    unknown = set(read(db, Span.DAY).steps[5].model_dump(exclude={"at"}).values())
    assert unknown == {None}


def test_a_step_holds_the_worst_of_its_minutes_and_all_that_ended(db: Database) -> None:
    quarter = NOW - timedelta(minutes=7)
    with db.session() as session:
        for minute, waiting, oldest, workers, free in (
            (0, 3, 10.0, 2, 900),
            (1, 8, 70.0, 1, 700),
            (2, None, None, None, None),
        ):
            at = quarter + timedelta(minutes=minute)
            figures = {"waiting": waiting, "oldest_waiting_s": oldest, "workers": workers, "disk_free_bytes": free}
            session.add(SampleRow(at=at, state="well", since=at, **figures))
        for kind, outcome, code, ready_ms, jobs in (
            ("moment", "done", "", 4000, 19),
            ("moment", "done", "", 90_000, 1),
            ("review_pack", "done", "", 999_000, 2),
            ("moment", "failed", "film_unreadable", 0, 3),
            ("moment", "retried", "ffmpeg_failed", 0, 5),
        ):
            ended = {"kind": kind, "outcome": outcome, "code": code, "ready_ms": ready_ms, "jobs": jobs}
            session.add(JobOutcomeCountRow(quarter=quarter, **ended))
    for span in Span:
        last = read(db, span).steps[-1]
        assert (last.waiting, last.oldest_waiting_s, last.workers, last.disk_free_bytes) == (8, 70.0, 1, 700)
        assert (last.done, last.failed, last.ready_p95_s) == (22, 3, 4.0)


@pytest.mark.parametrize("span", Span)
def test_an_idle_step_that_was_looked_at_is_zero_and_not_unknown(db: Database, span: Span) -> None:
    with db.session() as session:
        session.add(SampleRow(at=NOW, state="well", since=NOW, waiting=0, oldest_waiting_s=0.0, workers=1))
    last = read(db, span).steps[-1]
    assert (last.waiting, last.done, last.failed, last.disk_free_bytes) == (0, 0, 0, None)
