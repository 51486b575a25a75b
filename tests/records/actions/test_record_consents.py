"""What somebody said no to goes at once: work in progress, files, moments, and what others see."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from pipeline.purposes import Purpose
from records.actions.apply_retention import apply_retention
from records.actions.complete_job import finish
from records.actions.end_hold import end_hold, families_waiting
from records.actions.erase import erase_marked, erase_selection
from records.actions.record_consents import Consequences, consequences, copies_against, record_consents
from records.actions.sweep_forms import sweep_forms
from records.audit.actor import SERVICE
from records.audit.erasure_register import Erasure, ErasureKind
from records.audit.log import newest
from records.backup.replay import replay
from records.clock import utcnow
from records.consent.check import ConsentMissing, Said, newest_consents, require
from records.consent.forms import form_folder, keep_form
from records.copies.register import Carrier, add_copy
from records.database import Database
from records.documents import MomentFacts, Statement
from records.errors import LeaseLost
from records.keys.ring import key_ring
from records.keys.store import KeyKind
from records.ledger.jobs import add_job
from records.ledger.outputs import Source, find_output, note_sources
from records.models import (
    ArtifactRow,
    ConsentFormRow,
    ErasureRow,
    FamilyRow,
    FamilyShareRow,
    JobRow,
    MomentRow,
    MomentState,
    RetentionHoldRow,
    SelectionRow,
    new_id,
)
from records.retention.holds import place_hold
from records.retention_policy.policy import policy_of
from records.settings import Settings
from records.storage.open import open_storage
from tests.databases import make_tables
from tests.effects import effects_on, open_alone
from tests.records.actions.test_request_output import file_of
from tests.records.cast import EVERYBODY_HERE, K_104, add_selection, complete_upload, take
from tests.records.consent.family import CHILD, MOTHER, say, show_only

SHARED, NOTES, SUPERVISION = Purpose.SHARED_REVIEW, Purpose.PICTURE_NOTES, Purpose.SUPERVISION
ALL = tuple(Purpose)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings(data_dir=tmp_path / "data", consent_policy=None, min_free_bytes=0)
    make_tables(made)
    return made


@pytest.fixture
def db(settings: Settings) -> Iterator[Database]:
    made = open_alone(settings)
    yield made
    made.dispose()


def film(db: Database, *outputs: str) -> str:
    """A selection of a family that agreed to everything."""
    made = add_selection(db, K_104, outputs=outputs or ("review_pack", "picture_notes"))
    with db.session() as session:
        if not newest_consents(session, family_of(db, made)):
            say(session, family_of(db, made), Said.AGREED, ALL)
    return made


def family_of(db: Database, selection_id: str) -> str:
    with db.reading() as session:
        return session.get_one(SelectionRow, selection_id).family_id


def moments(db: Database, selection_id: str) -> list[str]:
    with db.reading() as session:
        query = select(MomentRow.id).where(MomentRow.selection_id == selection_id).order_by(MomentRow.position)
        return list(session.scalars(query))


def no(db: Database, settings: Settings, family_id: str, *purposes: Purpose) -> Consequences:
    """The child says no, as the route has it."""
    statement = Statement(person=CHILD, purposes=purposes, agrees=False)
    with db.session() as session:
        found = record_consents(session, EVERYBODY_HERE, family_id, [statement])
    for selection_id in found.selection_ids:
        erase_marked(db, open_storage(settings), settings, selection_id)
    return found


def ready(db: Database, selection_id: str) -> None:
    with db.session() as session:
        for moment in session.get_one(SelectionRow, selection_id).moments:
            moment.state, moment.facts = MomentState.READY, MomentFacts(in_ms=0)


def test_a_moment_in_work_is_not_finished_and_nothing_of_the_film_is_left(db: Database, settings: Settings) -> None:
    own = film(db)
    family_id, jobs = family_of(db, own), complete_upload(db, own)
    working = take(db, settings, jobs[0])
    found = no(db, settings, family_id, SHARED)
    assert (len(found.moment_ids), found.selection_ids) == (3, {own})
    with pytest.raises(LeaseLost):
        finish(db, working, [file_of("clip", "01")], MomentFacts(in_ms=0))
    with db.reading() as session:
        for row in (SelectionRow, MomentRow, JobRow, ArtifactRow):
            assert session.scalars(select(row)).all() == []
        said = {(one.person_id, one.purpose): one.said for one in newest_consents(session, family_id)}
        assert said[CHILD.id, SHARED] == Said.WITHDRAWN  # what they said stays to be read
        assert said[CHILD.id, NOTES] == Said.AGREED


def test_an_output_in_work_for_that_purpose_ends_and_others_stay(db: Database, settings: Settings) -> None:
    own = film(db)
    ready(db, own)
    sources = {Source(own, moment_id=moment) for moment in moments(db, own)}
    for kind in ("review_pack", "picture_notes"):
        with db.session() as session:
            output = find_output(session, own, kind)
            assert output is not None
            note_sources(session, output, sources)
            job = add_job(session, kind, session.get_one(SelectionRow, own)).id
        if kind == "review_pack":
            finish(db, take(db, settings, job), [file_of(kind, "x")], sources=sources)
    working = take(db, settings, job)
    found = no(db, settings, family_of(db, own), NOTES)
    assert (len(found.output_ids), found.moment_ids) == (1, set())
    with pytest.raises(LeaseLost):
        finish(db, working, [file_of("picture_notes", "y")], sources=sources)
    with db.reading() as session:
        assert find_output(session, own, "picture_notes") is None
        assert [row.kind for row in session.scalars(select(ArtifactRow))] == ["review_pack"]


def test_a_pack_of_another_selection_that_shows_the_moment_goes_too(db: Database, settings: Settings) -> None:
    shown, own = film(db), film(db, "supervision_pack")
    with db.session() as session:
        output = find_output(session, own, "supervision_pack")
        assert output is not None
        note_sources(session, output, {Source(shown, moment_id=moments(db, shown)[0])})
        for moment in moments(db, own):
            session.get_one(MomentRow, moment).people = (MOTHER.id,)
    assert len(no(db, settings, family_of(db, own), SUPERVISION).output_ids) == 1
    with db.reading() as session:
        assert find_output(session, own, "supervision_pack") is None


def test_moments_without_the_person_stay_and_what_shows_the_others_is_made_again(
    db: Database, settings: Settings
) -> None:
    own = film(db, "review_pack")
    ready(db, own)
    first, second, third = moments(db, own)
    with db.session() as session:
        show_only(session, [first], MOTHER)
        output = find_output(session, own, "review_pack")
        assert output is not None
        note_sources(session, output, {Source(own, moment_id=one) for one in (first, second, third)})
        job = add_job(session, "review_pack", session.get_one(SelectionRow, own)).id
    sources = {Source(own, moment_id=one) for one in (first, second, third)}
    finish(db, take(db, settings, job), [file_of("review_pack", "x")], sources=sources)
    with effects_on(db) as effects:
        found = no(db, settings, family_of(db, own), SHARED)
    assert (found.moment_ids, found.selection_ids) == ({second, third}, set())
    assert moments(db, own) == [first]
    assert effects.jobs == [job]  # the pack, without them
    assert effects.keys == ["selections/x/x/review_pack.pdf"]
    with db.reading() as session:
        assert len([*session.get_one(SelectionRow, own).shape.clips]) == 1
        assert session.get_one(SelectionRow, own).shape.stills == ()


def test_a_worker_asks_once_more_before_it_publishes(db: Database, settings: Settings) -> None:
    """Somebody was found to be in the moment while it was made: nobody withdrew anything, and it must not be there."""
    own = film(db)
    jobs = complete_upload(db, own)
    with db.session() as session:
        show_only(session, moments(db, own), MOTHER)
        say(session, family_of(db, own), Said.REFUSED, people=[CHILD])
    working = take(db, settings, jobs[0])
    with db.session() as session:
        for moment in moments(db, own):
            session.get_one(MomentRow, moment).people = None
    with pytest.raises(ConsentMissing):
        finish(db, working, [file_of("clip", "01")], MomentFacts(in_ms=0))
    with db.reading() as session:
        assert session.scalars(select(ArtifactRow)).all() == []


def test_supervisors_see_it_no_more(db: Database, settings: Settings) -> None:
    own = film(db)
    family_id = family_of(db, own)
    with db.session() as session:
        for kind in ("supervisor", "colleague"):
            account = session.get_one(FamilyRow, family_id).owner_account_id
            share = FamilyShareRow(family_id=family_id, account_id=account, kind=kind, by=account)
            share.until = utcnow() + timedelta(days=1)
            session.add(share)
    assert len(no(db, settings, family_id, SUPERVISION).share_ids) == 1
    with db.reading() as session:
        ended = {row.kind: row.ended_at is not None for row in session.scalars(select(FamilyShareRow))}
    assert ended == {"supervisor": True, "colleague": False}


def test_what_a_no_would_take_can_be_looked_at_first(db: Database) -> None:
    own = film(db)
    with db.reading() as session:  # a session that could not write
        found = consequences(session, family_of(db, own), [Statement(person=CHILD, purposes=ALL, agrees=False)])
    assert (len(found.moment_ids), found.selection_ids) == (3, {own})
    assert moments(db, own)


def test_a_restored_backup_hears_the_no_again(db: Database, settings: Settings) -> None:
    own = film(db)
    family_id = family_of(db, own)
    no(db, settings, family_id, NOTES)
    with db.session() as session:
        rows = session.scalars(select(ErasureRow).where(ErasureRow.kind == ErasureKind.CONSENT)).all()
        register = [Erasure(row.kind, row.target, row.id) for row in rows]
        assert all(CHILD.id not in one.target for one in register)
        for row in rows:
            session.delete(row)
        say(session, family_id, Said.AGREED, ALL)  # as the backup has it
    for times in (1, 0):
        with db.session() as session:
            assert replay(session, register) == times
    with db.reading() as session:
        said = {(one.person_id, one.purpose): one.said for one in newest_consents(session, family_id)}
        assert said[CHILD.id, NOTES] == Said.WITHDRAWN
        assert said[MOTHER.id, NOTES] == Said.AGREED


def test_a_form_goes_with_its_family_and_a_family_that_said_no_stays(
    db: Database, settings: Settings, tmp_path: Path
) -> None:
    storage = open_storage(settings)
    own = film(db)
    family_id = family_of(db, own)
    (tmp_path / "form.pdf").write_bytes(b"%PDF-1.7 marker")
    with db.session() as session:
        keep_form(session, storage, SERVICE, family_id, tmp_path / "form.pdf", "application/pdf", "0" * 64)
    assert len(list(storage.keys(form_folder(family_id)))) == 1
    erase_selection(db, storage, settings, own)
    assert list(storage.keys(form_folder(family_id))) == []
    with db.reading() as session:
        assert session.get(FamilyRow, family_id) is None
        assert session.scalars(select(ConsentFormRow)).all() == []
    other = film(db)
    no(db, settings, family_of(db, other), NOTES)
    family_id = family_of(db, other)
    erase_selection(db, storage, settings, other)
    with db.reading() as session:
        assert session.get(FamilyRow, family_id) is not None


def test_a_link_for_that_purpose_ends_and_other_copies_are_named(db: Database, settings: Settings) -> None:
    own = film(db)
    with db.session() as session:
        selection = session.get_one(SelectionRow, own)
        for carrier, purpose in ((Carrier.LINK, NOTES), (Carrier.PLAIN, NOTES), (Carrier.PLAIN, SHARED)):
            add_copy(session, EVERYBODY_HERE, selection, "picture_notes", carrier, purpose=purpose, to_whom="mother M")
    found = no(db, settings, family_of(db, own), NOTES)
    with db.reading() as session:
        out = [(one.carrier, one.purpose) for one in copies_against(session, family_of(db, own), found)]
    assert out == [(Carrier.PLAIN, NOTES)]


def test_on_hold_nothing_goes_and_nothing_is_used(db: Database, settings: Settings) -> None:
    own = film(db)
    with db.session() as session:
        place_hold(session, EVERYBODY_HERE, family_of(db, own), policy_of(settings), "A court has asked for it.")
    assert no(db, settings, family_of(db, own), SHARED).held
    assert len(moments(db, own)) == 3
    with db.reading() as session, pytest.raises(ConsentMissing):
        require(session, SHARED, selection_ids=[own])


def hold(db: Database, settings: Settings, family_id: str) -> str:
    with db.session() as session:
        return place_hold(session, EVERYBODY_HERE, family_id, policy_of(settings), "A court has asked for it.").id


def there(db: Database, selection_id: str) -> tuple[int, bool]:
    """How many moments are left, and whether its picture notes are."""
    with db.reading() as session:
        if session.get(SelectionRow, selection_id) is None:
            return 0, False
        return len(moments(db, selection_id)), find_output(session, selection_id, "picture_notes") is not None


@pytest.mark.parametrize("purpose", [SHARED, NOTES])
def test_with_the_last_hold_goes_what_was_said_no_to_meanwhile(
    db: Database, settings: Settings, purpose: Purpose
) -> None:
    own = film(db)
    family_id = family_of(db, own)
    with db.session() as session:
        output = find_output(session, own, "picture_notes")
        assert output is not None
        note_sources(session, output, {Source(own, moment_id=one) for one in moments(db, own)})
    first, last = hold(db, settings, family_id), hold(db, settings, family_id)
    no(db, settings, family_id, purpose)
    for hold_id, left in ((first, (3, True)), (last, (0, False) if purpose is SHARED else (3, False))):
        with db.session() as session:
            found = end_hold(session, EVERYBODY_HERE, family_id, hold_id)
        for selection_id in found.selection_ids:
            erase_marked(db, open_storage(settings), settings, selection_id)
        assert there(db, own) == left
    with db.reading() as session:
        assert families_waiting(session) == []


def test_who_agreed_again_on_hold_is_not_erased_with_its_end(db: Database, settings: Settings) -> None:
    own = film(db)
    family_id = family_of(db, own)
    hold_id = hold(db, settings, family_id)
    with db.session() as session:
        selection = session.get_one(SelectionRow, own)
        add_copy(session, EVERYBODY_HERE, selection, "review_pack", Carrier.PLAIN, purpose=SHARED, to_whom="mother M")
    held = no(db, settings, family_id, SHARED)
    with db.reading() as session:  # they are outside, where no hold reaches
        assert [one.to_whom for one in copies_against(session, family_id, held)] == ["mother M"]
    with db.session() as session:
        yes = Statement(person=CHILD, purposes=(SHARED,))
        record_consents(session, EVERYBODY_HERE, family_id, [yes])
        assert end_hold(session, EVERYBODY_HERE, family_id, hold_id) == Consequences()
    assert there(db, own) == (3, True)


def test_a_hold_that_ended_by_any_other_way_is_found_within_the_hour(db: Database, settings: Settings) -> None:
    own = film(db)
    family_id = family_of(db, own)
    hold(db, settings, family_id)
    no(db, settings, family_id, SHARED)
    assert apply_retention(db, open_storage(settings), settings, utcnow()).noes == []
    assert there(db, own) == (3, True)
    with db.session() as session:  # somebody's own statement, a restored database, a version of before
        session.execute(update(RetentionHoldRow).values(released_at=utcnow()))
    for done in ([family_id], []):
        assert apply_retention(db, open_storage(settings), settings, utcnow()).noes == done
    assert there(db, own) == (0, False)
    with db.reading() as session:
        [line] = [one for one in newest(session, 50) if one.action == "heed_consent"]
    assert (line.account_id, line.family_id) == (SERVICE.account_id, family_id)
    assert '"moments":3' in line.detail


def test_a_form_that_a_crash_left_without_its_row_is_swept_and_no_other(
    db: Database, settings: Settings, tmp_path: Path
) -> None:
    storage, family_id = open_storage(settings), family_of(db, film(db))
    (tmp_path / "form.pdf").write_bytes(b"%PDF-1.7 marker")
    with db.session() as session:
        kept = keep_form(
            session, storage, SERVICE, family_id, tmp_path / "form.pdf", "application/pdf", "0" * 64
        ).storage_key
    with suppress(ZeroDivisionError), db.session() as session:
        keep_form(session, storage, SERVICE, family_id, tmp_path / "form.pdf", "application/pdf", "0" * 64)
        raise ZeroDivisionError  # as a process that ends here
    gone, unknown = new_id(), new_id()
    for one in (gone, unknown):
        key_ring(settings).make_family(one)
        storage.put(tmp_path / "form.pdf", f"{form_folder(one)}{new_id()}.pdf")
    key_ring(settings).destroy(KeyKind.FAMILY, gone)
    assert len(list(storage.keys("families/"))) == 4
    assert sweep_forms(db, storage, settings) == 2
    [left, other] = sorted(storage.keys("families/"), key=lambda key: key != kept)
    assert (left, other.startswith(form_folder(unknown))) == (kept, True)
    assert sweep_forms(db, storage, settings) == 0
