"""What people do in a year: send, say, hold, share, hand out, erase."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import (
    precondition,
    rule,
)
from sqlalchemy import select

from pipeline.moments import parse_selection
from pipeline.purposes import Purpose
from records.accounts.principal import SERVICE, SHARED_GUIDER_ACCOUNT
from records.actions.create import compose_selection
from records.actions.end_hold import end_hold
from records.actions.erase import erase_marked, erase_selection
from records.actions.erase_family import erase_family
from records.actions.hand_out import Leaving, hand_out
from records.actions.record_consents import record_consents
from records.clock import utcnow
from records.consent.check import ConsentMissing
from records.consent.uses import require_new
from records.copies.register import Carrier, copies_out, end_copy
from records.documents import FamilyPerson, Statement
from records.families.access import ShareKind
from records.families.sharing import share_family
from records.models import (
    FamilyRow,
    FamilyShareRow,
    HandedOutCopyRow,
    SelectionRow,
    UploadRow,
    new_id,
)
from records.retention.errors import FamilyHeld
from records.retention.family import set_involvement
from records.retention.holds import holds_of, is_held, place_hold
from tests.records.cast import EVERYBODY_HERE, complete_upload
from tests.records.year.expected import (
    ASKED,
    NOTES,
    SHARED,
    SUPERVISION,
    Family,
    Film,
    Made,
    everybody,
)
from tests.records.year.service import STATED, SUPERVISOR, Service


class People(Service):
    """Guiders, families, and who decides on a hold."""

    @rule(agrees=st.booleans())
    @precondition(lambda self: len(self.families) < 3)
    def a_family_comes(self, agrees: bool) -> None:
        mother, child = (FamilyPerson(id=new_id(), role=role, initials="E") for role in ("mother", "child"))
        code = f"K-{len(self.families) + 100}"
        family = Family("", code, (mother, child), self.today)
        self.crash.left = None
        with self.db.session() as session:
            row = FamilyRow(code=code, owner_account_id=SHARED_GUIDER_ACCOUNT, people=family.people)
            session.add(row)
            session.flush()
            family.id = row.id
            if agrees:
                said = [Statement(person=person, purposes=ASKED, agrees=True) for person in family.people]
                record_consents(session, SERVICE, row.id, said)
                family.said = dict.fromkeys(((one.id, purpose) for one in family.people for purpose in ASKED), True)
        self.families.append(family)

    @rule(data=st.data(), purpose=st.sampled_from(ASKED), agrees=st.booleans())
    @precondition(lambda self: self.there)
    def somebody_says(self, data: st.DataObject, purpose: Purpose, agrees: bool) -> None:
        family = self.one(data)
        self._say(family, data.draw(st.sampled_from(family.people)), purpose, agrees=agrees)

    def _say(self, family: Family, person: FamilyPerson, purpose: Purpose, *, agrees: bool) -> None:
        said: list[str] = []
        with self.dying():
            with self.db.session() as session:
                statement = Statement(person=person, purposes=(purpose,), agrees=agrees)
                found = record_consents(session, SERVICE, family.id, [statement])
                said = sorted(found.selection_ids)
            for selection_id in said:
                erase_marked(self.db, self.storage, self.settings, selection_id)
        if self._said(family, person, purpose) is not agrees:
            assert not self.is_clean
            return
        family.said[person.id, purpose] = agrees
        family.waiting.discard((person.id, purpose))
        if not agrees:
            family.ever_no = True
            if family.held:
                family.waiting.add((person.id, purpose))
            else:
                self._heed(family, [(person.id, purpose)])
                self._vanish(family)

    @rule(data=st.data(), notes=st.booleans())
    @precondition(lambda self: self.there)
    def a_film_is_sent(self, data: st.DataObject, notes: bool) -> None:
        family = self.one(data)
        choices = [frozenset(one.id for one in family.people), frozenset({family.people[0].id})]
        seen = [data.draw(st.sampled_from(choices)) for _ in range(2)]  # a clip's and a still's
        self._send(family, seen, notes=notes)

    def _send(self, family: Family, seen: list[frozenset[str]], *, notes: bool) -> None:
        kinds = ("review_pack", "picture_notes") if notes else ("review_pack",)
        everyone = frozenset(one.id for one in family.people)
        shape = {"family": family.code, "clip": [{"in": 0, "out": 1000}], "still": [{"at": 500}]}
        made = compose_selection(parse_selection(shape), [None, None], STATED, "review", kinds, whole_film=True)
        refused = family.lacks(SHARED, seen[0] | seen[1]) or (notes and family.lacks(NOTES, seen[1]))
        film = Film("", self.today)
        with self.dying() as died:
            try:
                with self.db.session() as session:
                    made.family_id = family.id
                    session.add(made)
                    session.flush()
                    for moment, people in zip(made.moments, seen, strict=True):
                        moment.people = None if people == everyone else tuple(people)
                    session.flush()
                    require_new(session, made)
                    film.id = made.id
                    film.seen = dict(zip((one.id for one in made.moments), seen, strict=True))
                    film.stills = frozenset({made.moments[1].id})
            except ConsentMissing:
                assert refused
        with self.db.reading() as session:
            if session.get(SelectionRow, made.id) is None:
                assert died or refused
                self.undone.add(made.id)
                return
        assert not refused
        family.films[film.id] = film
        family.is_emptied = False
        if died:
            return
        upload_id = new_id()
        with self.dying():
            key = f"selections/{film.id}/uploads/{upload_id}"
            self._put(key)
            complete_upload(self.db, film.id, upload_id=upload_id, storage_key=key)
        with self.db.reading() as session:
            film.has_source = session.get(UploadRow, upload_id) is not None
        assert film.has_source or not self.is_clean

    @rule(data=st.data())
    @precondition(lambda self: self.there)
    def it_is_held_or_released(self, data: st.DataObject) -> None:
        self._hold_or_release(self.one(data))

    def _hold_or_release(self, family: Family) -> None:
        with self.dying():
            gone: list[str] = []
            with self.db.session() as session:
                if family.held:
                    for hold in holds_of(session, [family.id])[family.id]:
                        gone += end_hold(session, SERVICE, family.id, hold.id).selection_ids
                else:
                    place_hold(session, SERVICE, family.id, self.policy, "The court asked for it.")
            for selection_id in sorted(gone):
                erase_marked(self.db, self.storage, self.settings, selection_id)
        with self.db.reading() as session:
            was_held, family.held = family.held, is_held(session, family.id)
        if was_held and not family.held:
            noes, family.waiting = family.waiting, set()
            self._heed(family, noes)
            self._vanish(family)

    @rule(data=st.data(), whole=st.booleans())
    @precondition(lambda self: any(one.films for one in self.there))
    def it_is_shown_to_a_supervisor(self, data: st.DataObject, whole: bool) -> None:
        family = self.one(data, with_films=True)
        film = data.draw(st.sampled_from(sorted(family.films)))
        seen = frozenset(one.id for one in family.people) if whole else everybody(family.films[film].seen)
        of = None if whole else film
        with self.dying():
            try:
                with self.db.session() as session:
                    share_family(
                        session,
                        EVERYBODY_HERE,
                        family.id,
                        SUPERVISOR,
                        ShareKind.SUPERVISOR,
                        selection_id=of,
                        until=None,
                    )
                assert not family.lacks(SUPERVISION, seen)
            except ConsentMissing:
                assert family.lacks(SUPERVISION, seen)
        with self.db.reading() as session:
            good = FamilyShareRow.ended_at.is_(None) & (FamilyShareRow.family_id == family.id)
            rows = session.execute(select(FamilyShareRow.id, FamilyShareRow.selection_id).where(good)).all()
        new = {row[0]: row[1] for row in rows if row[0] not in family.shares}
        assert set(new.values()) <= {of}
        if new:  # one of the same is replaced
            family.shares = {one: shown for one, shown in family.shares.items() if shown != of} | new

    @rule(data=st.data(), carrier=st.sampled_from([Carrier.SEALED, Carrier.LINK, Carrier.PLAIN]))
    @precondition(lambda self: self.packs())
    def a_copy_leaves(self, data: st.DataObject, carrier: Carrier) -> None:
        self._hand_out(*data.draw(st.sampled_from(self.packs())), carrier)

    def _hand_out(self, family: Family, film: Film, made: Made, carrier: Carrier) -> None:
        until = utcnow() + timedelta(days=60)
        leaving = Leaving("review_pack", carrier, to_whom="mother E", reason="no other way", until=until)
        entry = None
        with self.dying():
            try:
                with self.db.session() as session:
                    entry, _ = hand_out(session, EVERYBODY_HERE, film.id, leaving)
                assert not family.lacks(made.purpose, made.seen)
            except ConsentMissing:
                assert family.lacks(made.purpose, made.seen)
                return
        with self.db.reading() as session:
            if entry is not None and session.get(HandedOutCopyRow, entry.id) is not None:
                family.copies[entry.id] = made.purpose, carrier

    @rule(data=st.data())
    @precondition(lambda self: any(one.copies for one in self.families))
    def a_copy_is_back(self, data: st.DataObject) -> None:
        family = data.draw(st.sampled_from([one for one in self.families if one.copies]))
        copy_id = data.draw(st.sampled_from(sorted(family.copies)))
        with self.dying(), self.db.session() as session:
            end_copy(session, SERVICE, copy_id)
        with self.db.reading() as session:
            if copy_id not in {one.id for one in copies_out(session, family_id=family.id)}:
                del family.copies[copy_id]
            else:
                assert not self.is_clean

    @rule(data=st.data())
    @precondition(lambda self: self.there)
    def somebody_has_a_family_erased(self, data: st.DataObject) -> None:
        self._erase_family(self.one(data))

    def _erase_family(self, family: Family) -> None:
        with self.dying():
            try:
                erase_family(self.db, self.storage, self.settings, SERVICE, family.id)
            except FamilyHeld:
                assert family.held
                return
        if self._is_gone(family):
            assert not family.held
            self._lost(*family.films.values())
            family.go(certificate=True)
        else:
            assert not self.is_clean

    @rule(data=st.data())
    @precondition(lambda self: any(one.films for one in self.there))
    def one_review_is_erased(self, data: st.DataObject) -> None:
        family = self.one(data, with_films=True)
        self._erase(family, family.films[data.draw(st.sampled_from(sorted(family.films)))])

    def _erase(self, family: Family, film: Film) -> None:
        with self.dying():
            try:
                erase_selection(self.db, self.storage, self.settings, film.id)
            except FamilyHeld:
                assert family.held
                return
        with self.db.reading() as session:
            row = session.get(SelectionRow, film.id)
            is_there = row is not None and row.visible
        if is_there:
            assert not self.is_clean
            return
        assert not family.held
        self._lost(film)
        family.lose(film)
        self._vanish(family)

    @rule(data=st.data(), ends=st.booleans())
    @precondition(lambda self: self.there)
    def the_work_ends_or_goes_on(self, data: st.DataObject, ends: bool) -> None:
        family = self.one(data)
        self.crash.left = None
        with self.db.session() as session:
            set_involvement(session, EVERYBODY_HERE, family.id, utcnow() if ends else None)
        family.ended_on = self.today if ends else None
        family.still_on = family.still_on if ends else self.today
