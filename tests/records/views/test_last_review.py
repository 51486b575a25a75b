"""What the next cycle goes on from, and who is told it."""

from __future__ import annotations

from records.accounts.principal import Principal, Role, Via, scopes_of
from records.actions.closing_notes import save_words
from records.database import Database
from records.models import AccountRow, FamilyShareRow, SelectionRow
from records.views.last_review import LastReview, last_review
from tests.records.actions.test_closing_notes import said
from tests.records.cast import add_selection

GUIDER = frozenset({Role.GUIDER})


def person(db: Database, number: int) -> Principal:
    """A guider with an account."""
    who = Principal(f"{number:032x}", "somebody", GUIDER, Via.SESSION, scopes_of(GUIDER))
    with db.session() as session:
        session.add(AccountRow(id=who.account_id, kind="person", display_name="somebody", roles=Role.GUIDER))
    return who


def begun(db: Database, who: Principal, cycle: int, of: str = "family_film") -> str:
    shape = {
        "family": "K-104",
        "cycle": cycle,
        "of": of,
        "helping_question": f"Question {cycle}",
        "working_points": ["Wait a little", ""],
        "clip": [{"in": 0, "out": 1000}],
    }
    return add_selection(db, shape, guider=f"account {who.account_id}", who=who)


def asked(db: Database, who: Principal, selection_id: str) -> LastReview | None:
    with db.reading() as session:
        return last_review(session, who, session.get_one(SelectionRow, selection_id).family_id)


def test_the_latest_cycle_of_the_family_s_films_is_what_one_goes_on_from(db: Database) -> None:
    ada = person(db, 100)
    first = begun(db, ada, 1)
    second = begun(db, ada, 2)
    begun(db, ada, 3, "review_recording")
    found = asked(db, ada, first)
    assert found is not None
    assert (found.selection_id, found.cycle, found.helping_question) == (second, 2, "Question 2")
    assert (found.working_points, found.plan, found.written_at) == (["Wait a little"], [], None)
    with db.session() as session:
        save_words(session, second, said("Blocks after tea"), seen=None, over=True)
    found = asked(db, ada, first)
    assert found is not None
    assert (found.working_points, found.plan) == ([], ["Blocks after tea"])
    assert found.written_at is not None


def test_nobody_is_told_it_who_may_not_see_the_review(db: Database) -> None:
    ada, grace = person(db, 100), person(db, 101)
    first = begun(db, ada, 1)
    assert asked(db, grace, first) is None
    with db.session() as session:
        family_id = session.get_one(SelectionRow, first).family_id
        share = FamilyShareRow(family_id=family_id, account_id=grace.account_id, kind="colleague", by=ada.account_id)
        session.add(share)
    assert asked(db, grace, first) is not None
