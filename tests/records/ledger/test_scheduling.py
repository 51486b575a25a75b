from __future__ import annotations

from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import update

from records.actions.complete_job import finish
from records.database import Database
from records.documents import ClipTimes
from records.ledger.jobs import claim_next, is_any_due, queue_again
from records.ledger.scheduling import is_short
from records.models import JobRow, MomentRow, SelectionRow, utcnow
from records.settings import Settings
from tests.effects import woken_by
from tests.records.cast import K_207, add_jobs, add_selection, complete_upload, job_row

ADA, BEN = "ada-0000", "ben-0000"


def clips(number: int) -> dict[str, Any]:
    return {**K_207, "clip": [{"in": 1000 * n, "out": 1000 * n + 500} for n in range(number)]}


def from_desk(db: Database, guider: str | None, number: int = 1, review_on: date | None = None) -> list[str]:
    """Moment jobs of a guider, each sent by itself."""
    selection = add_selection(db, clips(number), whole_film=False, guider=guider, review_on=review_on)
    with db.reading() as session:
        moments = [moment.id for moment in session.get_one(SelectionRow, selection).moments]
    return [job for moment in moments for job in complete_upload(db, selection, moment_id=moment)]


def whole_film(db: Database, review_on: date | None = None) -> str:
    return add_jobs(db, guider=BEN, review_on=review_on)[0]


def wait_for(db: Database, job: str, time: timedelta) -> None:
    with db.session() as session:
        session.execute(update(JobRow).where(JobRow.id == job).values(queued_at=utcnow() - time))


def turns(db: Database, settings: Settings, number: int) -> list[str]:
    """The jobs that the next so many claims get."""
    won = [claim_next(db, "w", settings) for _ in range(number)]
    return [claim.job_id for claim in won if claim]


def today() -> date:
    return utcnow().date()


def test_a_guider_with_forty_clips_does_not_stop_another_with_one(settings: Settings, db: Database) -> None:
    forty = from_desk(db, ADA, 40)
    assert turns(db, settings, 3) == forty[:3]
    (one,) = from_desk(db, BEN)
    assert turns(db, settings, 2) == [one, forty[3]]


def test_two_guiders_take_turns(settings: Settings, db: Database) -> None:
    ada, ben = from_desk(db, ADA, 3), from_desk(db, BEN, 3)
    won = turns(db, settings, 6)
    assert [job in ada for job in won] == [True, False] * 3
    assert [job for job in won if job in ben] == ben


def test_a_guiders_share_counts_over_all_her_selections(settings: Settings, db: Database) -> None:
    from_desk(db, ADA, 2)
    turns(db, settings, 2)
    from_desk(db, ADA)
    (one,) = from_desk(db, BEN)
    assert turns(db, settings, 1) == [one]


def test_where_no_guider_is_known_each_selection_has_its_own_share(settings: Settings, db: Database) -> None:
    many, one = from_desk(db, None, 3), from_desk(db, None, 1)
    assert turns(db, settings, 2) == [many[0], one[0]]


def test_what_was_done_long_ago_does_not_count_in_a_share(settings: Settings, db: Database) -> None:
    first, second = from_desk(db, ADA, 2)
    done = claim_next(db, "w", settings)
    assert done is not None
    finish(db, done, [])
    with db.session() as session:
        session.execute(update(JobRow).where(JobRow.id == first).values(started_at=utcnow() - timedelta(hours=1)))
    from_desk(db, BEN)
    assert turns(db, settings, 1) == [second]


def test_moments_of_the_desk_go_before_whole_films(settings: Settings, db: Database) -> None:
    film = whole_film(db)
    desk = from_desk(db, ADA, 2)
    assert turns(db, settings, 3) == [*desk, film]


def test_a_guider_whose_moments_are_ready_gets_her_pack_next(settings: Settings, db: Database) -> None:
    from_desk(db, ADA)
    won = claim_next(db, "w", settings)
    from_desk(db, BEN)
    assert won is not None
    (pack,) = woken_by(db, partial(finish, db, won, []))
    assert turns(db, settings, 1) == [pack]


def test_the_pack_of_a_whole_film_comes_after_everything_that_is_waited_for(settings: Settings, db: Database) -> None:
    whole_film(db)
    won = claim_next(db, "w", settings)
    assert won is not None
    (pack,) = woken_by(db, partial(finish, db, won, []))
    other = whole_film(db)
    assert turns(db, settings, 2) == [other, pack]


@pytest.mark.parametrize("days", [0, 1])
def test_a_review_that_is_near_moves_a_whole_film_among_the_moments(
    settings: Settings, db: Database, days: int
) -> None:
    from_desk(db, ADA, 2)
    film = whole_film(db, review_on=today() + timedelta(days=days))
    assert turns(db, settings, 1) == [film]


def test_the_sooner_review_goes_first(settings: Settings, db: Database) -> None:
    later = [from_desk(db, f"guider-{days}", review_on=today() + timedelta(days=days))[0] for days in (30, 5, 1)]
    assert turns(db, settings, 3) == later[::-1]


def test_a_near_review_is_a_head_start_and_no_right_to_everything(settings: Settings, db: Database) -> None:
    ada = from_desk(db, ADA, 9, review_on=today())
    (one,) = from_desk(db, BEN)
    won = turns(db, settings, 9)
    assert won[:4] == ada[:4]
    assert one in won


def test_a_review_that_is_over_moves_nothing(settings: Settings, db: Database) -> None:
    (first,) = from_desk(db, ADA)
    from_desk(db, BEN, review_on=today() - timedelta(days=3))
    assert turns(db, settings, 1) == [first]


def test_nothing_waits_for_ever_behind_fresh_moments(settings: Settings, db: Database) -> None:
    film = whole_film(db)
    wait_for(db, film, timedelta(hours=2))
    from_desk(db, ADA, 2)
    assert turns(db, settings, 1) == [film]


def test_what_it_made_most_urgent_goes_before_everything(settings: Settings, db: Database) -> None:
    old, asked = from_desk(db, ADA, 2)
    wait_for(db, old, timedelta(hours=2))
    with db.session() as session:
        session.execute(update(JobRow).where(JobRow.id == asked).values(priority=0))
    assert turns(db, settings, 1) == [asked]


def test_a_job_that_failed_and_rests_lets_others_go_first(settings: Settings, db: Database) -> None:
    first, second = from_desk(db, ADA, 2)
    with db.session() as session:
        session.execute(update(JobRow).where(JobRow.id == first).values(not_before=utcnow() + timedelta(seconds=60)))
    assert turns(db, settings, 2) == [second]
    assert job_row(db, first).attempts == 0


def short_ones(db: Database, guider: str, number: int) -> list[str]:
    """Clips of three seconds that arrived as cuts of their own, as light as the page's lighter moments."""
    shape = {**K_207, "clip": [{"in": 5000 * n, "out": 5000 * n + 3000} for n in range(number)]}
    selection = add_selection(db, shape, whole_film=False, guider=guider)
    with db.session() as session:
        moments = [moment.id for moment in session.get_one(SelectionRow, selection).moments]
        session.execute(update(MomentRow).where(MomentRow.id.in_(moments)).values(cut=ClipTimes(in_ms=0, out_ms=3000)))
    return [job for one in moments for job in complete_upload(db, selection, moment_id=one, length_bytes=600_000)]


def test_what_was_sent_light_comes_before_packs_that_are_waited_for(settings: Settings, db: Database) -> None:
    from_desk(db, ADA)
    won = claim_next(db, "w", settings)
    assert won is not None
    (pack,) = woken_by(db, partial(finish, db, won, []))
    short = short_ones(db, BEN, 2)
    assert turns(db, settings, 3) == [*short, pack]


@pytest.mark.parametrize(
    ("kind", "size_bytes", "span_ms", "short"),
    [
        ("clip", 3_000_000, 22_000, True),
        ("clip", 47_000_000, 22_000, False),
        ("clip", 9_000_000, 22_000, False),
        ("clip", 10_000_000, 90_000, False),
        ("still", 2_000_000, 0, True),
        ("still", 60_000_000, 0, False),
    ],
)
def test_what_is_short_is_told_by_its_kind_size_and_rate(kind: str, size_bytes: int, span_ms: int, short: bool) -> None:
    assert is_short(kind, size_bytes, span_ms) == short


def test_what_waited_for_long_comes_between_what_is_short(settings: Settings, db: Database) -> None:
    film = whole_film(db)
    wait_for(db, film, timedelta(hours=2))
    short = short_ones(db, ADA, 3)
    assert film in turns(db, settings, 2)
    assert len(turns(db, settings, 9)) == len(short) - 1


def test_a_process_for_what_is_short_leaves_the_rest_to_those_that_are_busy(settings: Settings, db: Database) -> None:
    first, second = from_desk(db, ADA, 2)
    (light,) = short_ones(db, BEN, 1)

    def won(worker: str) -> str | None:
        claim = claim_next(db, worker, settings, most_long=1)
        return claim.job_id if claim else None

    assert [won("w"), won("w"), won("w"), won("other")] == [light, first, None, second]
    assert is_any_due(db) is False


def test_a_light_moment_that_gets_other_ends_waits_with_the_others(settings: Settings, db: Database) -> None:
    (light,) = short_ones(db, BEN, 1)
    assert turns(db, settings, 1) == [light]
    desk = from_desk(db, ADA)
    with db.session() as session:
        queue_again(session, session.get_one(JobRow, light))
    assert claim_next(db, "w", settings, most_long=0) is None
    assert turns(db, settings, 1) == desk
