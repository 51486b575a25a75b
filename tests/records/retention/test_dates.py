"""When what goes, for one family at a time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from records.audit.actor import SERVICE
from records.database import Database
from records.models import ArtifactRow, FamilyRetentionRow, FamilyRow, JobRow, MomentRow, SelectionRow
from records.retention.dates import FamilyDates, family_dates, sources_due
from records.retention.errors import FamilyHeld, HoldGone
from records.retention.holds import place_hold, release_hold, require_not_held
from records.retention_policy.policy import Policy, policy_of
from records.settings import Settings
from tests.databases import make_tables
from tests.records.cast import add_selection, complete_upload
from tests.records.finished import finish_job

START = datetime(2026, 1, 31, 9, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """On SQLite alone: what is asked is plain SQL, and the state machine beside this runs on both."""
    chosen = Settings(data_dir=tmp_path_factory.mktemp("data"))
    make_tables(chosen)
    return chosen


@pytest.fixture
def policy(settings: Settings) -> Policy:
    return policy_of(settings)


def family(db: Database, **decided: object) -> str:
    with db.session() as session:
        row = FamilyRow(code="K-104", owner_account_id=f"{2:032x}", opened_at=START)
        session.add(row)
        session.flush()
        if decided:
            session.add(FamilyRetentionRow(family_id=row.id, **decided))
        return row.id


def dates(session: Session, policy: Policy, family_id: str, now: datetime = START) -> FamilyDates:
    return family_dates(session, policy, [session.get_one(FamilyRow, family_id)], now)[family_id]


def test_everything_goes_two_months_after_the_end_and_a_month_after_its_guider_was_told(
    db: Database, policy: Policy
) -> None:
    family_id = family(db)
    with db.session() as session:
        session.get_one(FamilyRow, family_id).ended_at = START
        found = dates(session, policy, family_id)
        assert (found.due_at, found.notice_at) == (
            datetime(2026, 3, 31, 9, tzinfo=UTC),
            datetime(2026, 2, 28, 9, tzinfo=UTC),
        )
        assert not found.wants_notice(START)
        assert found.wants_notice(datetime(2026, 2, 28, 9, tzinfo=UTC))
        late = datetime(2026, 6, 1, tzinfo=UTC)
        assert not dates(session, policy, family_id, late).goes_by(late)  # nobody was told
        session.add(FamilyRetentionRow(family_id=family_id, noticed_at=late, noticed_for=found.due_at))
        session.flush()
        told = dates(session, policy, family_id, late)
        assert told.goes_at == datetime(2026, 7, 1, tzinfo=UTC)
        assert told.goes_by(datetime(2026, 7, 1, tzinfo=UTC))


def test_a_later_date_asks_for_another_notice(db: Database, policy: Policy) -> None:
    family_id = family(db, noticed_at=START, noticed_for=datetime(2026, 3, 31, 9, tzinfo=UTC))
    with db.session() as session:
        session.get_one(FamilyRow, family_id).ended_at = START + timedelta(days=60)
        later = datetime(2026, 8, 1, tzinfo=UTC)
        found = dates(session, policy, family_id, later)
        assert found.noticed_at is None
        assert not found.goes_by(later)


def test_after_six_months_of_silence_involvement_counts_as_ended(db: Database, policy: Policy) -> None:
    family_id = family(db)
    with db.session() as session:
        assert dates(session, policy, family_id).ended_at is None
        after = datetime(2026, 8, 1, tzinfo=UTC)
        found = dates(session, policy, family_id, after)
        assert (found.ended_by_silence, found.ended_at) == (True, datetime(2026, 7, 31, 9, tzinfo=UTC))
        assert found.due_at == datetime(2026, 9, 30, 9, tzinfo=UTC)
        session.add(FamilyRetentionRow(family_id=family_id, still_on_at=after))
        session.flush()
        assert dates(session, policy, family_id, after).ended_at is None


def test_a_schedule_by_birth_waits_for_its_date_and_the_latest_of_two_counts(db: Database, policy: Policy) -> None:
    family_id = family(db, schedule="case-6-dob-25")
    with db.session() as session:
        session.get_one(FamilyRow, family_id).ended_at = START
        waits = dates(session, policy, family_id)
        assert (waits.needs_birth, waits.due_at) == (True, None)
        session.get_one(FamilyRetentionRow, family_id).erase_by = date(2030, 5, 1)
        assert dates(session, policy, family_id).due_at == datetime(2032, 1, 31, 9, tzinfo=UTC)
        session.get_one(FamilyRetentionRow, family_id).erase_by = date(2040, 5, 1)
        assert dates(session, policy, family_id).due_at == datetime(2040, 5, 1, tzinfo=UTC)


def test_nothing_of_a_family_on_hold_goes(db: Database, policy: Policy) -> None:
    family_id = family(db, noticed_at=START, noticed_for=datetime(2027, 1, 1, tzinfo=UTC))
    with db.session() as session:
        session.get_one(FamilyRow, family_id).ended_at = START
        late = datetime(2028, 1, 1, tzinfo=UTC)
        assert dates(session, policy, family_id, late).goes_by(late)
        hold = place_hold(session, SERVICE, family_id, policy, "The court asked for it.", date(2026, 2, 1))
        assert hold.is_overdue
        held = dates(session, policy, family_id, late)
        assert not held.goes_by(late)
        assert [one.reason for one in held.holds] == ["The court asked for it."]
        with pytest.raises(FamilyHeld):
            require_not_held(session, family_id)
        release_hold(session, SERVICE, family_id, hold.id)
        require_not_held(session, family_id)
        with pytest.raises(HoldGone):
            release_hold(session, SERVICE, family_id, hold.id)


def test_what_was_sent_goes_fourteen_days_after_the_moments_are_ready(
    db: Database, settings: Settings, policy: Policy
) -> None:
    selection_id = add_selection(db)
    [job] = complete_upload(db, selection_id, storage_key="x")
    with db.reading() as session:
        assert sources_due(session, policy) == {selection_id: None}  # its moment is being prepared
    finish_job(db, job, settings)
    with db.session() as session:
        session.execute(update(ArtifactRow).values(created_at=START))
        session.execute(update(JobRow).values(queued_at=START))
        assert sources_due(session, policy) == {selection_id: START + timedelta(days=14)}
        family_id = session.get_one(SelectionRow, selection_id).family_id
        since = START + timedelta(days=7)
        session.add(FamilyRetentionRow(family_id=family_id, since=since))
        session.flush()
        assert sources_due(session, policy, [selection_id]) == {selection_id: since + timedelta(days=14)}
        session.execute(update(MomentRow).values(state="unconfirmed"))
        [due] = sources_due(session, policy).values()
        assert due
        assert due > datetime(2026, 11, 1, tzinfo=UTC)  # 60 days after it was sent, which is now
        place_hold(session, SERVICE, family_id, policy, "The court asked for it.")
        assert sources_due(session, policy) == {selection_id: None}
