"""How it was, minute by minute: since when, and how fast the disk fills."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from records.database import Database
from records.models import SampleRow, utcnow
from records.views.samples import KEPT, filling_per_day, keep_sample, since_when

NOW = utcnow()


def put(db: Database, *rows: tuple[float, str, int | None]) -> None:
    """Samples: so many minutes ago, in such a state, with so many bytes free."""
    with db.session() as session:
        for minutes, state, free in rows:
            at = NOW - timedelta(minutes=minutes)
            session.add(SampleRow(at=at, state=state, since=at - timedelta(minutes=3), disk_free_bytes=free))


def since(db: Database, state: str) -> datetime:
    with db.reading() as session:
        return since_when(session, state, NOW)


def test_a_state_goes_on_from_the_last_sample(db: Database) -> None:
    put(db, (1, "well", None))
    assert since(db, "well") == NOW - timedelta(minutes=4)


@pytest.mark.parametrize(("minutes_ago", "state"), [(1, "bad"), (3, "well")])
def test_after_another_state_or_a_gap_it_begins_now(db: Database, minutes_ago: float, state: str) -> None:
    put(db, (minutes_ago, state, None))
    assert since(db, "well") == NOW


def test_samples_are_kept_for_a_week_and_say_since_when(db: Database) -> None:
    put(db, (KEPT / timedelta(minutes=1) + 1, "well", None))
    keep_sample(db, SampleRow(state="bad"))
    keep_sample(db, SampleRow(state="bad"))
    with db.reading() as session:
        first, second = session.scalars(select(SampleRow).order_by(SampleRow.at))
    assert first.since == second.since == first.at


def test_a_state_begins_anew_after_an_outage_that_nobody_could_write_down(db: Database) -> None:
    keep_sample(db, SampleRow(state="well"))
    keep_sample(db, SampleRow(state="well"), after_outage=True)
    with db.reading() as session:
        first, second = session.scalars(select(SampleRow).order_by(SampleRow.at))
    assert first.since < second.since == second.at


def test_two_samples_of_one_instant_are_one(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("records.views.samples.utcnow", lambda: NOW)
    keep_sample(db, SampleRow(state="well"))
    keep_sample(db, SampleRow(state="well"))
    with db.reading() as session:
        assert session.scalar(select(func.count()).select_from(SampleRow)) == 1


def test_the_rate_is_that_of_the_last_day(db: Database) -> None:
    put(db, (3 * 1440, "well", 10**12), (720, "well", 50_000), (1, "well", 1))
    with db.reading() as session:
        assert filling_per_day(session, 40_000, NOW) == 20_000
        assert filling_per_day(session, 60_000, NOW) == -20_000


def test_a_rate_of_less_than_six_hours_is_unknown(db: Database) -> None:
    put(db, (359, "well", 50_000))
    with db.reading() as session:
        assert filling_per_day(session, 40_000, NOW) is None
