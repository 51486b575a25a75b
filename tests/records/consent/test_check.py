"""Whether moments may be used for a purpose, by who can be seen in them and what they said."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from pipeline.moments import FilmOf
from pipeline.outputs.kinds import KINDS, PurposeWrong, find_kind
from pipeline.purposes import Purpose
from records.clock import utcnow
from records.consent.check import ConsentMissing, Lack, Said, missing, require
from records.consent.policy import ConsentPolicyWrong, load_policy
from records.database import Database
from records.models import FamilyRow, MomentRow, SelectionRow
from records.settings import Settings
from tests.databases import CONSENT_NOTED, make_tables
from tests.effects import open_alone
from tests.records.cast import K_104, add_selection
from tests.records.consent.family import CHILD, MOTHER, say, show_only

SHARED, NOTES = Purpose.SHARED_REVIEW, Purpose.PICTURE_NOTES


@pytest.fixture
def db(tmp_path: Path) -> Database:
    settings = Settings(data_dir=tmp_path / "data", consent_policy=None)
    make_tables(settings)
    return open_alone(settings)


@pytest.fixture
def selection_id(db: Database) -> str:
    return add_selection(db, K_104)


def _family(db: Database, selection_id: str) -> str:
    with db.reading() as session:
        return session.get_one(SelectionRow, selection_id).family_id


def _moments(db: Database, selection_id: str) -> list[str]:
    with db.reading() as session:
        query = select(MomentRow.id).where(MomentRow.selection_id == selection_id).order_by(MomentRow.position)
        return list(session.scalars(query))


def _lacks(db: Database, selection_id: str, purpose: Purpose = SHARED) -> list[tuple[Lack, str]]:
    with db.reading() as session:
        found = missing(session, purpose, selection_ids=[selection_id])
    return [(one.lack, one.person.role if one.person else "") for one in found]


def test_a_family_of_whom_nothing_is_recorded_is_used_for_nothing(db: Database, selection_id: str) -> None:
    assert _lacks(db, selection_id) == [(Lack.NOBODY_NAMED, "")]
    with db.reading() as session, pytest.raises(ConsentMissing, match="1 for shared_review") as refused:
        require(session, SHARED, selection_ids=[selection_id])
    assert refused.value.for_guider == (
        "It is not recorded yet who belongs to this family and agreed to “the shared review”: "
        "open Families, Who agreed, and write it down once."
    )


def test_everybody_is_asked_and_each_purpose_by_itself(db: Database, selection_id: str) -> None:
    with db.session() as session:
        say(session, _family(db, selection_id), Said.AGREED, people=[MOTHER])
    assert _lacks(db, selection_id) == [(Lack.NOT_RECORDED, "child")]
    with db.session() as session:
        say(session, _family(db, selection_id), Said.AGREED, people=[CHILD])
    assert _lacks(db, selection_id) == []
    assert [lack for lack, _ in _lacks(db, selection_id, NOTES)] == [Lack.NOT_RECORDED] * 2


@pytest.mark.parametrize(("said", "lack"), [(Said.REFUSED, Lack.REFUSED), (Said.WITHDRAWN, Lack.WITHDRAWN)])
def test_a_no_stops_it_and_names_who_said_it_and_when(db: Database, selection_id: str, said: Said, lack: Lack) -> None:
    with db.session() as session:
        say(session, _family(db, selection_id), Said.AGREED)
        say(session, _family(db, selection_id), said, people=[CHILD])
    assert _lacks(db, selection_id) == [(lack, "child")]
    with db.reading() as session, pytest.raises(ConsentMissing) as refused:
        require(session, SHARED, selection_ids=[selection_id])
    assert refused.value.for_guider.startswith("Child E")
    assert "“the shared review” (said on 02.11.2026)" in refused.value.for_guider


def test_only_those_who_can_be_seen_in_a_moment_are_asked(db: Database, selection_id: str) -> None:
    first, second, third = _moments(db, selection_id)
    with db.session() as session:
        say(session, _family(db, selection_id), Said.AGREED, people=[MOTHER])
        show_only(session, [first], MOTHER)
        show_only(session, [second])
    with db.reading() as session:
        assert not missing(session, SHARED, moment_ids=[first])
        assert not missing(session, SHARED, moment_ids=[second])
        assert [one.person for one in missing(session, SHARED, moment_ids=[first, third])] == [CHILD]
        assert [one.person for one in missing(session, SHARED, family_id=_family(db, selection_id))] == [CHILD]


def test_a_family_of_before_goes_on_until_its_time_of_grace_ends(db: Database, selection_id: str) -> None:
    family_id = _family(db, selection_id)
    with db.session() as session:
        session.get_one(FamilyRow, family_id).grace_from = utcnow() - timedelta(days=59)
    assert _lacks(db, selection_id) == []
    with db.session() as session:
        say(session, family_id, Said.REFUSED, [NOTES], people=[CHILD])
    assert _lacks(db, selection_id, NOTES) == [(Lack.REFUSED, "child")]  # a no is heard at once
    with db.session() as session:
        session.get_one(FamilyRow, family_id).grace_from = utcnow() - timedelta(days=61)
    assert _lacks(db, selection_id) == [(Lack.NOT_RECORDED, "mother"), (Lack.NOT_RECORDED, "child")]


@pytest.mark.parametrize(
    ("basis", "stopped_by_no"), [("public_task", True), ("legal_obligation", False)], ids=["task", "obligation"]
)
def test_on_another_basis_only_a_no_stops_it_and_under_an_obligation_nothing(
    tmp_path: Path, basis: str, stopped_by_no: bool
) -> None:
    policy = tmp_path / "consent.toml"
    policy.write_text(CONSENT_NOTED.read_text().replace("public_task", basis))
    settings = Settings(data_dir=tmp_path / "data", consent_policy=policy)
    make_tables(settings)
    db = open_alone(settings)
    selection_id = add_selection(db, K_104)
    assert _lacks(db, selection_id) == []
    with db.session() as session:
        say(session, _family(db, selection_id), Said.WITHDRAWN, people=[MOTHER])
    assert bool(_lacks(db, selection_id)) == stopped_by_no


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (('basis = "public_task"', 'basis = "consent"'), "Rests on consent, so agreement must be needed"),
        (("[court]", "[courts]"), "'courts' is not a valid Purpose"),
        (('agreement = "noted"', 'agreement = "maybe"'), "must be 'needed' or 'noted'"),
    ],
    ids=["consent that is only noted", "unknown purpose", "unknown agreement"],
)
def test_a_policy_that_says_what_cannot_be_is_refused(tmp_path: Path, change: tuple[str, str], why: str) -> None:
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(CONSENT_NOTED.read_text().replace(*change))
    with pytest.raises(ConsentPolicyWrong) as refused:
        load_policy(wrong)
    assert why in refused.value.for_guider


def test_as_it_is_shipped_every_purpose_rests_on_consent_and_waits_for_it() -> None:
    policy = load_policy()
    assert set(policy) == set(Purpose)
    assert {one.basis for one in policy.values()} == {"consent"}


def test_every_kind_of_output_has_a_purpose_and_is_made_for_no_other() -> None:
    for kind in KINDS.values():
        usual = kind.purpose_of(FilmOf.FAMILY_FILM)
        assert kind.purpose_of(FilmOf.FAMILY_FILM, usual) is usual
        assert Purpose.COURT not in kind.also_for or kind.name in {"review_pack", "reel"}
    with pytest.raises(PurposeWrong):
        find_kind("intervision_pack").purpose_of(FilmOf.FAMILY_FILM, Purpose.COURT)
    assert find_kind("review_pack").purpose_of(FilmOf.REVIEW_RECORDING) is Purpose.SUPERVISION
