"""The register of copies: what is out, what is back, and what stays known of a family that is gone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from records.actions.erase import erase_selection
from records.clock import utcnow
from records.copies.register import Carrier, CopyGone, Ended, add_copy, copies_out, end_copy, find_copies
from records.database import Database
from records.models import AuditRow, CopyLinkRow, HandedOutCopyRow, SelectionRow
from records.settings import Settings
from records.storage.open import open_storage
from tests.records.cast import EVERYBODY_HERE, K_104, add_selection


def hand_out(db: Database, selection_id: str, carrier: Carrier = Carrier.SEALED, days: int | None = None) -> str:
    with db.session() as session:
        row = add_copy(
            session,
            EVERYBODY_HERE,
            session.get_one(SelectionRow, selection_id),
            "review_pack",
            carrier,
            purpose="shared_review",
            to_whom="mother, A. B.",
            until=None if days is None else utcnow() + timedelta(days=days),
        )
        if carrier == Carrier.LINK:
            session.add(CopyLinkRow(copy_id=row.id, secret_hash=row.id * 2))
        return row.id


def out(db: Database, selection_id: str) -> list[str]:
    with db.reading() as session:
        return [one.id for one in copies_out(session, selection_id=selection_id)]


def test_what_was_handed_out_is_out_until_somebody_says_that_it_is_back(db: Database) -> None:
    selection_id, other = add_selection(db, K_104), add_selection(db)
    first, second, _ = hand_out(db, selection_id), hand_out(db, selection_id, Carrier.PLAIN, -1), hand_out(db, other)
    assert out(db, selection_id) == [first, second]  # past its day, and still where it was taken
    with db.reading() as session:
        family_id = session.get_one(SelectionRow, selection_id).family_id
        assert [one.id for one in copies_out(session, family_id=family_id)] == [first, second]
    with db.session() as session:
        end_copy(session, EVERYBODY_HERE, first)
    assert out(db, selection_id) == [second]
    with db.session() as session, pytest.raises(CopyGone):
        end_copy(session, EVERYBODY_HERE, first)
    with db.reading() as session:
        actions = session.scalars(select(AuditRow.action).where(AuditRow.target == first).order_by(AuditRow.sequence))
        assert list(actions) == ["hand_out", "return_copy"]


def test_a_link_is_out_until_its_day_or_until_it_is_ended_and_then_nothing_opens_it(db: Database) -> None:
    selection_id = add_selection(db, K_104)
    lasting, _past = hand_out(db, selection_id, Carrier.LINK, 7), hand_out(db, selection_id, Carrier.LINK, -1)
    assert out(db, selection_id) == [lasting]
    with db.session() as session:
        end_copy(session, EVERYBODY_HERE, lasting)
    assert out(db, selection_id) == []
    with db.reading() as session:
        [ended] = find_copies(session, HandedOutCopyRow.id == lasting)
        assert (ended.ended_how, ended.opened) == (Ended.REVOKED, None)
        assert session.get(CopyLinkRow, lasting) is None


def test_a_copy_that_is_out_stays_known_when_its_family_is_erased_until_it_is_back(
    db: Database, settings: Settings
) -> None:
    selection_id = add_selection(db, K_104)
    still_out, back = hand_out(db, selection_id), hand_out(db, selection_id)
    with db.session() as session:
        end_copy(session, EVERYBODY_HERE, back)
    assert erase_selection(db, open_storage(settings), settings, selection_id)
    with db.reading() as session:
        assert [one.id for one in copies_out(session, selection_id=selection_id)] == [still_out]
        assert session.scalar(select(func.count()).select_from(HandedOutCopyRow)) == 1
    with db.session() as session:
        end_copy(session, EVERYBODY_HERE, still_out)
    with db.reading() as session:
        assert session.scalar(select(func.count()).select_from(HandedOutCopyRow)) == 0
