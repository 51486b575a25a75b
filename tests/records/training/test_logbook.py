"""The logbook as the selections fill it, hands add to it, and erasing leaves it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from pipeline.training.logbook.book import CycleEntry, HoursEntry, HoursKind, Role
from records.actions.erase import erase_selection
from records.actions.withdraw import withdraw_selection
from records.database import Database
from records.effects import effects_of
from records.ledger.outputs import outputs_of
from records.models import (
    AccountRow,
    ArtifactRow,
    FamilyRow,
    FamilyShareRow,
    JobRow,
    LogbookClientRow,
    LogbookCycleRow,
    RatingRow,
    SelectionRow,
    SelectionState,
    utcnow,
)
from records.settings import Settings
from records.storage.open import open_storage
from records.training.logbook import (
    EntryMissing,
    choose,
    erase_entry,
    profile_name,
    read_logbook,
    write_cycle,
    write_hours,
)
from records.training.ratings import NotARecording, RaterTaken, RatingMissing, erase_rating, ratings_of, save_rating
from tests.records.cast import K_104, K_207, add_selection

ADA = "ada-code"
REVIEW = K_104 | {"of": "review_recording"}


def sent(
    db: Database,
    shape: dict[str, Any],
    on: date,
    guider: str | None = ADA,
    recipes: dict[str, Any] | None = None,
    **changes: Any,
) -> str:
    """A selection whose film arrived on that day."""
    selection_id = add_selection(db, shape, recipes=recipes)
    values = {"created_at": datetime(on.year, on.month, on.day, 12, tzinfo=UTC), "guider": guider}
    with db.session() as session:
        changed = update(SelectionRow).where(SelectionRow.id == selection_id)
        session.execute(changed.values(state=SelectionState.READY, **values, **changes))
    return selection_id


def cycles(db: Database, guider: str = ADA) -> list[tuple[Any, ...]]:
    with db.reading() as session:
        book = read_logbook(session, guider)
    return [(one.family, one.cycle, one.filmed_on, one.reviewed_on) for one in book.cycles]


def test_a_film_begins_a_cycle_and_its_review_recording_makes_it_whole(db: Database) -> None:
    sent(db, K_104, date(2026, 3, 2))
    add_selection(db, K_207)  # nothing of it has arrived
    assert cycles(db) == [("K-104", 2, date(2026, 3, 2), None)]
    sent(db, REVIEW, date(2026, 3, 9))
    sent(db, K_104, date(2026, 3, 4))  # more moments of the same film
    assert cycles(db) == [("K-104", 2, date(2026, 3, 2), date(2026, 3, 9))]
    assert cycles(db, "ben-code") == []
    assert len(cycles(db, "")) == 1


def test_the_day_of_the_shared_review_counts_once_it_has_come(db: Database) -> None:
    today = utcnow().date()
    sent(db, K_104, date(2026, 3, 2), review_on=today + timedelta(days=2))
    sent(db, K_207, date(2026, 4, 2), review_on=date(2026, 4, 6))
    assert [reviewed for *_, reviewed in cycles(db)] == [None, date(2026, 4, 6)]


def test_what_is_written_by_hand_goes_before_what_is_read_and_can_be_taken_out_again(db: Database) -> None:
    sent(db, K_104, date(2026, 3, 2))
    by_hand = CycleEntry(client="", family="K-104", cycle=2, role=Role.GUIDER, reviewed_on=date(2026, 3, 5))
    with db.session() as session:
        write_cycle(session, ADA, by_hand)
        write_cycle(session, ADA, by_hand.model_copy(update={"left_out": True}))
        write_hours(session, ADA, HoursEntry(kind=HoursKind.SUPERVISION, on=date(2026, 3, 6), minutes=90))
        choose(session, ADA, profile="stages", began_on=date(2026, 1, 1))
    with db.reading() as session:
        book = read_logbook(session, ADA)
        assert profile_name(session, ADA) == "stages"
        assert profile_name(session, "") == "report"
    [cycle] = book.cycles
    assert (cycle.filmed_on, cycle.reviewed_on, cycle.role) == (date(2026, 3, 2), date(2026, 3, 5), Role.GUIDER)
    assert cycle.left_out
    assert book.began_on == date(2026, 1, 1)
    with db.session() as session:
        erase_entry(session, ADA, cycle.id or "")
        erase_entry(session, ADA, book.hours[0].id or "")
    assert cycles(db) == [("K-104", 2, date(2026, 3, 2), None)]
    with pytest.raises(EntryMissing), db.session() as session:
        erase_entry(session, ADA, cycle.id or "")


def test_erasing_a_family_leaves_counts_and_months_but_neither_code_nor_day(db: Database, settings: Settings) -> None:
    storage = open_storage(settings)
    film = sent(db, K_104, date(2026, 3, 2))
    recording = sent(db, REVIEW, date(2026, 3, 9))
    sent(db, K_207, date(2026, 4, 2))
    assert erase_selection(db, storage, settings, film)
    assert cycles(db)[0] == ("K-104", 2, date(2026, 3, 2), date(2026, 3, 9))
    assert erase_selection(db, storage, settings, recording)
    assert cycles(db) == [(None, 2, date(2026, 3, 1), date(2026, 3, 1)), ("K-207", 1, date(2026, 4, 2), None)]
    with db.reading() as session:
        rows = session.scalars(select(LogbookClientRow)).all()
        assert [row.family for row in rows] == [None]
        assert "K-104" not in str([vars(row) for row in session.scalars(select(LogbookCycleRow))])
    # The same code again is another client: nobody can say any more that it was the same family.
    sent(db, K_104, date(2026, 6, 1))
    assert len({one.client for one in _book(db).cycles}) == 3


def _book(db: Database) -> Any:
    with db.reading() as session:
        return read_logbook(session, ADA)


def test_a_selection_that_never_arrived_leaves_nothing_in_the_logbook(db: Database, settings: Settings) -> None:
    erase_selection(db, open_storage(settings), settings, add_selection(db, K_104))
    assert cycles(db, "") == []


def test_a_kept_entry_of_an_erased_family_can_be_left_out(db: Database, settings: Settings) -> None:
    erase_selection(db, open_storage(settings), settings, sent(db, K_104, date(2026, 3, 2)))
    [kept] = _book(db).cycles
    with db.session() as session:
        write_cycle(session, ADA, kept.model_copy(update={"left_out": True}))
    assert _book(db).cycles[0].left_out
    with pytest.raises(EntryMissing), db.session() as session:
        write_cycle(session, "ben-code", kept)


def test_only_a_recording_of_a_review_is_rated_and_its_ratings_go_with_it(db: Database, settings: Settings) -> None:
    film, recording = sent(db, K_104, date(2026, 3, 2)), sent(db, REVIEW, date(2026, 3, 9))
    with pytest.raises(NotARecording), db.session() as session:
        save_rating(session, ANNE, film, "self", {"4.1": 3}, may_work=True)
    with pytest.raises(NotARecording), db.reading() as session:
        ratings_of(session, film)
    with db.session() as session:
        save_rating(session, ANNE, recording, "self", {"4.1": 3}, may_work=True)
        save_rating(session, ANNE, recording, "self", {"4.1": 4, "4.2": "not_applicable"}, may_work=True)
        save_rating(session, BEN, recording, "sol", {}, may_work=False)
        session.add(RatingRow(selection_id=recording, rater="before", answers={}))
    with db.reading() as session:
        found = {rater: (given.answers, given.account_id) for rater, given in ratings_of(session, recording).items()}
    assert found == {"before": ({}, None), "self": ({"4.1": 4, "4.2": "not_applicable"}, ANNE), "sol": ({}, BEN)}
    for rater, who, may_work in (("self", BEN, False), ("sol", ANNE, True), ("before", BEN, False)):
        with pytest.raises(RaterTaken), db.session() as session:
            save_rating(session, who, recording, rater, {}, may_work=may_work)
        with pytest.raises(RaterTaken), db.session() as session:
            erase_rating(session, who, recording, rater, may_work=may_work, is_own=False)
    with db.session() as session:
        save_rating(session, ANNE, recording, "before", {"4.1": 1}, may_work=True)
        erase_rating(session, ANNE, recording, "sol", may_work=True, is_own=True)
    with pytest.raises(RatingMissing), db.session() as session:
        erase_rating(session, ANNE, recording, "sol", may_work=True, is_own=True)
    erase_selection(db, open_storage(settings), settings, recording)
    with db.reading() as session:
        assert session.scalars(select(RatingRow)).all() == []


def test_erasing_a_recording_erases_what_was_made_with_its_moments(
    db: Database, settings: Settings, tmp_path: Path
) -> None:
    storage = open_storage(settings)
    recording = sent(db, REVIEW, date(2026, 3, 9))
    film = sent(db, K_104, date(2026, 3, 2), recipes={"supervision_pack": {"companion": recording}, "reel": {}})
    key = f"selections/{film}/jobs/1/2/supervision-pack.zip"
    (tmp_path / "pack").write_bytes(b"pack")
    storage.put(tmp_path / "pack", key)
    with db.session() as session:
        for kind in ("supervision_pack", "reel"):
            session.add(JobRow(kind=kind, selection_id=film))
        described = {"media_type": "application/zip", "bytes": 4, "sha256": "0" * 64}
        session.add(
            ArtifactRow(selection_id=film, kind="supervision_pack", name="pack.zip", storage_key=key, **described)
        )
    not_named = sent(db, REVIEW, date(2026, 3, 10))
    with db.session() as session:
        withdraw_selection(session, not_named)
        assert effects_of(session).keys == []
    erase_selection(db, storage, settings, recording)
    assert list(storage.keys("selections/")) == []
    with db.reading() as session:
        assert session.scalars(select(JobRow.kind).where(JobRow.selection_id == film)).all() == ["reel"]
        assert [output.kind for output in outputs_of(session, film)] == ["review_pack", "reel"]
        assert session.scalars(select(ArtifactRow)).all() == []


ANNE, BEN = "a" * 32, "b" * 32


def by_hand(db: Database, guider: str, family: str) -> None:
    with db.session() as session:
        write_cycle(session, guider, CycleEntry(client="", family=family, cycle=1, filmed_on=date(2026, 3, 2)))


def test_erasing_a_family_leaves_the_same_code_in_the_logbook_of_somebody_else_s_family(
    db: Database, settings: Settings
) -> None:
    with db.session() as session:
        session.add(AccountRow(id=ANNE, kind="person", display_name="Anne", roles="guider"))
    film = sent(db, K_104, date(2026, 3, 2))
    by_hand(db, f"account {ANNE}", "K-104")
    by_hand(db, "ben-code", "K-104")
    assert erase_selection(db, open_storage(settings), settings, film)
    assert [one[0] for one in cycles(db, f"account {ANNE}")] == ["K-104"]
    assert [one[0] for one in cycles(db, "ben-code")] == [None]


def test_a_logbook_names_no_family_that_its_guider_may_see_no_more(db: Database) -> None:
    film, mine = sent(db, K_104, date(2026, 3, 2), guider=f"account {BEN}"), f"account {BEN}"
    with db.session() as session:
        session.add_all(AccountRow(id=one, kind="person", display_name="x", roles="guider") for one in (ANNE, BEN))
        session.flush()
        family = session.get_one(FamilyRow, session.get_one(SelectionRow, film).family_id)
        family.owner_account_id = ANNE
        share = FamilyShareRow(family_id=family.id, account_id=BEN, kind="colleague", by=ANNE)
        session.add(share)
        session.flush()
        share_id = share.id
    by_hand(db, mine, "K-104")
    assert [one[0] for one in cycles(db, mine)] == ["K-104", "K-104"]
    with db.session() as session:
        session.get_one(FamilyShareRow, share_id).ended_at = utcnow()
    assert [one[:2] for one in cycles(db, mine)] == [(None, 1), (None, 2)]
    with db.reading() as session:
        book = read_logbook(session, mine)
    assert "K-104" not in book.model_dump_json()
    assert len({one.client for one in book.cycles}) == 1
    assert all(one.is_hidden for one in book.cycles)
    assert not any(one.is_hidden for one in _book(db).cycles)
