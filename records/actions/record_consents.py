"""Writing down what people of a family said, and what follows from a no: what was made for that purpose goes.

Everything happens in one transaction that holds the whole family: jobs lose their leases, files and moments their
rows. Bytes go after the commit, and of whole selections as with any erasure (records/actions/erase.py).
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline.purposes import Purpose
from records.accounts.notices import NoticeKind, add_notice
from records.accounts.principal import MACHINE_ACCOUNT
from records.actions.erase_moments import erase_moments, moments_to_erase
from records.audit.actions import Action
from records.audit.actor import SERVICE, Actor
from records.audit.erasure_register import ErasureKind, note_erasure
from records.audit.log import note
from records.clock import utcnow
from records.consent.check import Said, newest_consents
from records.consent.forms import find_form
from records.consent.in_force import policy_of
from records.consent.uses import base_purpose, moments_shown
from records.copies.register import RIGHT_OF_ACCESS, Carrier, HandedOutCopy, copies_out, end_copy
from records.documents import FamilyPerson, Statement
from records.families.access import ShareKind
from records.families.families import FamilyGone
from records.families.people import add_person
from records.ledger.outputs import drop_output, outputs_of, sources_of
from records.ledger.selections import settle
from records.models import ConsentRow, FamilyRow, FamilyShareRow, OutputRow, SelectionRow
from records.retention.holds import is_held


@dataclass
class Consequences:
    """What a no takes with it."""

    moment_ids: set[str] = field(default_factory=set)
    output_ids: set[str] = field(default_factory=set)
    selection_ids: set[str] = field(default_factory=set)
    """Selections of which no moment is left."""
    share_ids: set[str] = field(default_factory=set)
    """By which supervisors saw what they may not see any more."""
    purposes: set[Purpose] = field(default_factory=set)
    """What was said no to: copies handed out for it are to be brought back."""
    held: bool = False
    """Nothing went, because the family is on hold; it goes when no hold is left (records/actions/end_hold.py)."""


def record_consents(session: Session, who: Actor, family_id: str, statements: Sequence[Statement]) -> Consequences:
    """Write down what was said, as the newest, and take away what was made for a purpose that somebody said no to.

    The family's guider is told of a no that a colleague wrote down. The caller ends the erasing of ``selection_ids``
    after the commit. Raises: FamilyGone, ConsentFormGone, FamilyFull.
    """
    family = lock_whole_family(session, family_id)
    _check_forms(session, family_id, statements)
    found = _record(session, who, family, statements)
    figures = {"said": sum(len(one.purposes) for one in statements), "outputs": len(found.output_ids)}
    figures |= {"moments": len(found.moment_ids), "selections": len(found.selection_ids)}
    note(session, who, Action.RECORD_CONSENT, family_id=family_id, figures=figures)
    is_no = any(not one.agrees for one in statements)
    if is_no and who.account_id not in {family.owner_account_id, MACHINE_ACCOUNT}:
        add_notice(session, family.owner_account_id, NoticeKind.NO_WRITTEN_DOWN, who.account_id, family_id=family_id)
    return found


def state_agreement(session: Session, who: Actor, family_id: str, statements: Iterable[Statement]) -> None:
    """Write down what a sender of moments says of who agreed; what somebody said no to stays a no.

    Raises: FamilyGone, ConsentFormGone.
    """
    family = lock_whole_family(session, family_id)
    known = {(row.person_id, row.purpose) for row in newest_consents(session, family_id)}
    new = []
    for statement in statements:
        person = find_person(family, statement.person)
        purposes = tuple(one for one in statement.purposes if (person.id, one) not in known)
        if purposes and statement.agrees:
            new.append(statement.model_copy(update={"person": person, "purposes": purposes}))
    if new:
        record_consents(session, who, family_id, new)


def consequences(session: Session, family_id: str, statements: Iterable[Statement]) -> Consequences:
    """What goes when somebody says this, or has just said it."""
    found, family, policy = Consequences(), session.get_one(FamilyRow, family_id), policy_of(session)
    against: dict[Purpose, set[str]] = defaultdict(set)
    for statement in statements:
        if not statement.agrees and (person := _known(family, statement.person)) is not None:
            for purpose in statement.purposes:
                if policy[purpose].heeds_no:
                    against[purpose].add(person.id)
    found.purposes = set(against)
    selections = session.scalars(select(SelectionRow).where(SelectionRow.family_id == family_id, SelectionRow.visible))
    rows = selections.all()
    showing = {
        purpose: {moment.id for row in rows for moment in row.moments if _shows(moment.people, people)}
        for purpose, people in against.items()
    }
    for row in rows:
        going = moments_to_erase(row, showing.get(base_purpose(row), set()))
        found.moment_ids |= set(going)
        if going and len(going) == len(row.moments):
            found.selection_ids.add(row.id)
    for output in (output for row in rows for output in outputs_of(session, row.id)):
        shown_in_it = moments_shown(session, output.kind, sources_of(session, output))
        against_it = shown_in_it & showing.get(Purpose(output.purpose), set())
        if against_it - found.moment_ids:  # what shows moments that go is made again without them
            found.output_ids.add(output.id)
    if shown := showing.get(Purpose.SUPERVISION):
        seen = {row.id for row in rows if any(moment.id in shown for moment in row.moments)}
        shares = select(FamilyShareRow).where(
            FamilyShareRow.family_id == family_id,
            FamilyShareRow.kind == ShareKind.SUPERVISOR,
            FamilyShareRow.ended_at.is_(None),
        )
        for share in session.scalars(shares):
            if share.selection_id is None or share.selection_id in seen:
                found.share_ids.add(share.id)
    return found


def carry_out(session: Session, who: Actor, family_id: str, statements: Sequence[Statement]) -> Consequences:
    """Take away what these statements say no to. The caller holds the whole family, which is not on hold."""
    found = consequences(session, family_id, statements)
    _take_away(session, found)
    for copy in copies_against(session, family_id, found):
        if copy.carrier is Carrier.LINK:
            end_copy(session, who, copy.id)
    return found


def copies_against(session: Session, family_id: str, found: Consequences) -> list[HandedOutCopy]:
    """The copies that are out for a purpose that was said no to; where moments go, every copy of the family."""
    out = copies_out(session, family_id=family_id) if found.purposes else []
    copies = [one for one in out if one.purpose != RIGHT_OF_ACCESS]
    return [one for one in copies if found.moment_ids or one.purpose in found.purposes]


def replay_no(session: Session, target: str) -> bool:
    """Write down again the no that a register names, and take away what it takes; False where it stands already."""
    for family in session.scalars(select(FamilyRow)).all():
        for person in family.people:
            for purpose in Purpose:
                if _target(person.id, purpose) == target:
                    return _say_no_again(session, family, person, purpose)
    return False


def find_person(family: FamilyRow, wanted: FamilyPerson) -> FamilyPerson:
    """The one of the family who is meant, by id or else by role and initials; who is new is added to it.

    Raises: FamilyFull.
    """
    if (there := _known(family, wanted)) is not None:
        return there
    family.people = add_person(family.people, wanted)
    return family.people[-1]


def _known(family: FamilyRow, wanted: FamilyPerson) -> FamilyPerson | None:
    by_id = (one for one in family.people if wanted.id and one.id == wanted.id)
    alike = (one for one in family.people if (one.role, one.initials) == (wanted.role, wanted.initials))
    return next(by_id, next(alike, None))


def lock_whole_family(session: Session, family_id: str) -> FamilyRow:
    """A family that nobody else changes before this transaction ends, and no selection of it. Raises: FamilyGone."""
    family = session.get(FamilyRow, family_id, with_for_update=True)
    if family is None:
        raise FamilyGone(family_id)
    held = select(SelectionRow.id).where(SelectionRow.family_id == family_id).order_by(SelectionRow.id)
    session.execute(held.with_for_update())
    return family


def _check_forms(session: Session, family_id: str, statements: Iterable[Statement]) -> None:
    for statement in statements:
        if statement.form_id is not None:
            find_form(session, family_id, statement.form_id)


def _write(
    session: Session, who: Actor, family_id: str, person: FamilyPerson, purpose: Purpose, statement: Statement
) -> None:
    newest = ConsentRow.person_id == person.id, ConsentRow.purpose == purpose, ConsentRow.ended_at.is_(None)
    before = session.scalars(select(ConsentRow).where(*newest)).one_or_none()
    said = Said.AGREED
    if not statement.agrees:
        said = Said.REFUSED if before is None or before.said == Said.REFUSED else Said.WITHDRAWN
        note_erasure(session, ErasureKind.CONSENT, _target(person.id, purpose))
    if before is not None:
        before.ended_at = utcnow()
        session.flush()
    session.add(
        ConsentRow(
            family_id=family_id,
            person_id=person.id,
            purpose=purpose,
            said=said,
            basis=policy_of(session)[purpose].basis,
            given_by=statement.given_by,
            said_on=statement.said_on or utcnow().date(),
            own_words=statement.own_words,
            form_id=statement.form_id,
            recorded_by=who.account_id,
            waits_for_hold=not statement.agrees and is_held(session, family_id),
        )
    )
    session.flush()


def _take_away(session: Session, found: Consequences) -> None:
    for output_id in found.output_ids:
        output = session.get_one(OutputRow, output_id)
        selection = output.selection
        drop_output(session, output)
        session.expire(selection, ["outputs"])
        settle(session, selection)
    chosen = select(SelectionRow).where(SelectionRow.moments.any(), SelectionRow.visible)
    for selection in session.scalars(chosen.order_by(SelectionRow.id)).all() if found.moment_ids else ():
        going = {moment.id for moment in selection.moments} & found.moment_ids
        if going:
            erase_moments(session, selection, going)
    for share_id in found.share_ids:
        session.get_one(FamilyShareRow, share_id).ended_at = utcnow()
    session.flush()


def _record(session: Session, who: Actor, family: FamilyRow, statements: Sequence[Statement]) -> Consequences:
    people = [find_person(family, statement.person) for statement in statements]
    for person, statement in zip(people, statements, strict=True):
        for purpose in statement.purposes:
            _write(session, who, family.id, person, purpose, statement)
    if is_held(session, family.id):  # nothing of it may go, and from now on nothing of it is used for that
        against = consequences(session, family.id, statements).purposes
        return Consequences(purposes=against, held=True)  # its copies are to be brought back all the same
    return carry_out(session, who, family.id, statements)


def _say_no_again(session: Session, family: FamilyRow, person: FamilyPerson, purpose: Purpose) -> bool:
    newest = [row for row in newest_consents(session, family.id) if row.person_id == person.id]
    before = next((row for row in newest if row.purpose == purpose), None)
    if before is not None and before.said != Said.AGREED:
        return False
    lock_whole_family(session, family.id)
    _record(session, SERVICE, family, [Statement(person=person, purposes=(purpose,), agrees=False)])
    return True


def _shows(people: Sequence[str] | None, against: set[str]) -> bool:
    return people is None or bool(against & set(people))


def _target(person_id: str, purpose: Purpose) -> str:
    """Names a person and a purpose in the register of erasures, and neither to a reader of it."""
    return hashlib.sha256(f"{person_id} {purpose}".encode()).hexdigest()[:32]
