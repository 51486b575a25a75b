"""Families by their codes: found for the sender of moments, made anew, or refused as another's."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Final

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session

from records.accounts.principal import Principal
from records.consent.check import Said
from records.consent.forms import take_back_forms
from records.copies.register import forget_ended
from records.errors import RecordsError
from records.families.access import Right, may_with_family, owner_of
from records.keys.codes import code_look
from records.models import AccountRow, ConsentRow, FamilyRow, SelectionRow
from records.models.sealed import ring_of

_LETTERS: Final = "ACDEFHKLMNPRTVWX"
_DIGITS: Final = "2346789"
"""None that is taken for another when it is written by hand or read aloud: no 0 and O, 1 and I, 5 and S, 8 and B."""
_TRIES: Final = 50


class FamilyCodeTaken(RecordsError):
    """The code is another guider's."""

    code = "family_code_taken"
    for_guider = "This code is taken here. Please take another one."


class FamilyGone(RecordsError):
    """There is no such family."""

    code = "family_gone"
    for_guider = "This family does not exist any more."


def propose_code(session: Session) -> str:
    """A code that no family here has: a letter and three digits or more, and says nothing of anybody."""
    for digits in (3, 4, 5, 8):
        for _ in range(_TRIES):
            number = "".join(secrets.choice(_DIGITS) for _ in range(digits))
            code = f"{secrets.choice(_LETTERS)}-{number}"
            if find_family(session, code) is None:
                return code
    raise AssertionError("no code is free")


def family_id_of(session: Session, code: str) -> str:
    """The id of the family with this code, however its letters were typed. Raises: FamilyGone."""
    alike = [row for row in _looking_like(session, code) if row.code.lower() == code.lower()]
    if not alike:
        raise FamilyGone(code)
    return next((row for row in alike if row.code == code), alike[0]).id


def find_family(session: Session, code: str) -> FamilyRow | None:
    """The family with this code, or one that looks like it: letters' case and the kind of dash do not matter.

    Families from before whose codes look alike are told apart by their very letters.
    """
    found = _looking_like(session, code)
    return next((one for one in found if one.code == code), found[0] if found else None)


def _looking_like(session: Session, code: str) -> Sequence[FamilyRow]:
    alike = FamilyRow.code_look == code_look(ring_of(session), code)
    return session.scalars(select(FamilyRow).where(alike).order_by(FamilyRow.opened_at, FamilyRow.id)).all()


def family_for(session: Session, who: Principal, code: str) -> FamilyRow:
    """The family under which they may send moments by this code: theirs, one they work on, or a new one of theirs.

    Raises: FamilyCodeTaken.
    """
    family = find_family(session, code)
    if family is None:
        hold_open(session, owner_of(who))
        family = FamilyRow(code=code, owner_account_id=owner_of(who))
        session.add(family)
        session.flush()
    elif not may_with_family(session, who, family, Right.WORK):
        raise code_taken(session)
    return family


def check_family(session: Session, who: Principal, family_id: str, right: Right) -> None:
    """Nothing, if they may; somebody else's is answered as one that does not exist. Raises: FamilyGone."""
    row = session.get(FamilyRow, family_id)
    if row is None or not may_with_family(session, who, row, right):
        raise FamilyGone(family_id)


def hold_open(session: Session, account_id: str) -> None:
    """Nothing, if the account is open; it is not closed before this transaction ends. Raises: FamilyGone."""
    held = select(AccountRow.state).where(AccountRow.id == account_id).with_for_update(read=True)
    if session.scalar(held) != "active":
        raise FamilyGone


def code_taken(session: Session) -> FamilyCodeTaken:
    """What to answer about a code that is another's: not whose, and which one to take."""
    sentence = f"This code is taken here. Take the proposed one: {propose_code(session)}."
    return FamilyCodeTaken(for_guider=sentence)


def delete_if_empty(session: Session, family_id: str) -> bool:
    """With the last of its selections a family goes, its code and its shares with it; whether it went.

    One in which somebody said no to something stays until it is erased as a whole: what they said must be known.
    """
    left = exists().where(SelectionRow.family_id == family_id)
    no = (ConsentRow.family_id == family_id) & (ConsentRow.said != Said.AGREED)
    said_no = select(ConsentRow.said).where(no).exists()  # workers may not read every column
    going = session.scalar(select(FamilyRow.id).where(FamilyRow.id == family_id, ~left, ~said_no))
    if going is not None:
        take_back_forms(session, family_id)
        session.execute(delete(FamilyRow).where(FamilyRow.id == family_id))
    forget_ended(session, family_id)
    return going is not None
