"""Sharing a family: with a colleague, and for supervision."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import update
from sqlalchemy.orm import Session

from pipeline.purposes import Purpose
from records.accounts.opened import lock_opened
from records.accounts.principal import Principal, Role, parse_roles
from records.audit.actions import Action
from records.audit.log import note
from records.clock import utcnow
from records.consent.check import require
from records.copies.links import end_links
from records.database import rows_changed
from records.documents import FamilyPeople
from records.errors import RecordsError
from records.families.access import Right, ShareKind, may_with_family, owner_of
from records.families.families import FamilyGone, code_taken, find_family, hold_open
from records.families.listing import FamilyView, family_view, is_good
from records.families.people import name_people, people_named
from records.models import FamilyRow, FamilyShareRow, SelectionRow

_NEEDED_ROLE: Final = {ShareKind.COLLEAGUE: Role.GUIDER, ShareKind.SUPERVISOR: Role.SUPERVISOR}


class ShareWrong(RecordsError):
    """It cannot be shared like this."""

    code = "share_wrong"
    for_guider = "It can be shared with somebody else who has set up an account here, and until a day that is to come."


class ShareGone(RecordsError):
    """There is no such share, or it has ended."""

    code = "share_gone"
    for_guider = "This is not shared any more."


def open_family(session: Session, who: Principal, code: str, people: FamilyPeople) -> FamilyView:
    """A new family of theirs. Raises: FamilyCodeTaken."""
    if find_family(session, code) is not None:
        raise code_taken(session)
    hold_open(session, owner_of(who))
    row = FamilyRow(code=code, owner_account_id=owner_of(who), people=name_people((), people))
    session.add(row)
    session.flush()
    note(session, who, Action.OPEN_FAMILY, family_id=row.id)
    return family_view(session, who, row)


def change_family(
    session: Session, who: Principal, family_id: str, *, people: FamilyPeople, ended_at: datetime | None
) -> FamilyView:
    """Who belongs to it, and whether the work with it has ended. Raises: FamilyGone, PersonNamed."""
    row = _own(session, who, family_id)
    row.people, row.ended_at = name_people(row.people, people, kept=people_named(session, family_id)), ended_at
    note(session, who, Action.CHANGE_FAMILY, family_id=family_id)
    return family_view(session, who, row)


def share_family(
    session: Session,
    who: Principal,
    family_id: str,
    account_id: str,
    kind: ShareKind,
    *,
    selection_id: str | None,
    until: datetime | None,
) -> FamilyView:
    """Let a colleague work on it, or a supervisor see one selection of it or all.

    A share of the same to the same person is replaced, so that its last day can be moved. Raises: FamilyGone,
    ShareWrong; ConsentMissing, where somebody has not agreed to supervision, or to being seen at all.
    """
    account, row = lock_opened(session, account_id), _own(session, who, family_id)
    if account is None or account_id == who.account_id:
        raise ShareWrong
    if _NEEDED_ROLE.get(kind) not in parse_roles(account.roles):
        raise ShareWrong
    selection = session.get(SelectionRow, selection_id) if selection_id else None
    strange = selection_id is not None and (selection is None or selection.family_id != family_id)
    whole_for_colleagues = kind == ShareKind.COLLEAGUE and selection_id is not None
    if strange or whole_for_colleagues or kind == ShareKind.BREAK_GLASS or (until and until <= utcnow()):
        raise ShareWrong
    purpose = Purpose.SUPERVISION if kind == ShareKind.SUPERVISOR else Purpose.SHARED_REVIEW
    if selection is None:
        require(session, purpose, family_id=family_id)
    else:
        require(session, purpose, selection_ids=[selection.id])
    same = (FamilyShareRow.account_id == account_id) & (FamilyShareRow.kind == kind)
    same &= (FamilyShareRow.family_id == family_id) & FamilyShareRow.selection_id.is_not_distinct_from(selection_id)
    session.execute(update(FamilyShareRow).where(same, is_good()).values(ended_at=utcnow()))
    session.add(
        FamilyShareRow(
            family_id=family_id,
            selection_id=selection_id,
            account_id=account_id,
            kind=kind,
            until=until,
            by=who.account_id,
        )
    )
    session.flush()
    note(session, who, Action.SHARE, account_id, family_id=family_id, selection_id=selection_id or "")
    return family_view(session, who, row)


def end_share(session: Session, who: Principal, family_id: str, share_id: str) -> FamilyView:
    """From now on they see it no more, and a colleague's links open nothing. Raises: FamilyGone, ShareGone."""
    row = _own(session, who, family_id)
    this = (FamilyShareRow.id == share_id) & (FamilyShareRow.family_id == family_id) & is_good()
    if rows_changed(session, update(FamilyShareRow).where(this).values(ended_at=utcnow())) != 1:
        raise ShareGone
    share = session.get_one(FamilyShareRow, share_id)
    if share.kind == ShareKind.COLLEAGUE:
        end_links(session, who, family_id, by=share.account_id)
    note(session, who, Action.STOP_SHARING, share_id, family_id=family_id)
    return family_view(session, who, row)


def _own(session: Session, who: Principal, family_id: str) -> FamilyRow:
    row = session.get(FamilyRow, family_id, with_for_update=True)
    if row is None or not may_with_family(session, who, row, Right.OWN):
        raise FamilyGone
    return row
