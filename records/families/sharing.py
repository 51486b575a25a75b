"""Sharing a family: with a colleague, for supervision, and handing it over when its guider leaves."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final

from pydantic import BaseModel, ConfigDict
from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.orm import Session

from records.accounts.principal import Principal, Role, parse_roles
from records.audit.actions import Action
from records.audit.log import note
from records.clock import utcnow
from records.database import rows_changed
from records.documents import FamilyPeople
from records.errors import RecordsError
from records.families.access import Right, ShareKind, may_with_family, owner_of
from records.families.families import FamilyGone, code_taken
from records.models import AccountRow, FamilyRow, FamilyShareRow, SelectionRow

_NEEDED_ROLE: Final = {ShareKind.COLLEAGUE: Role.GUIDER, ShareKind.SUPERVISOR: Role.SUPERVISOR}


class ShareWrong(RecordsError):
    """It cannot be shared like this."""

    code = "share_wrong"
    for_guider = "It can be shared with somebody else who has an open account here, and until a day that is to come."


class ShareGone(RecordsError):
    """There is no such share, or it has ended."""

    code = "share_gone"
    for_guider = "This is not shared any more."


class ShareView(BaseModel):
    """With whom a family is shared."""

    model_config = ConfigDict(frozen=True)

    id: str
    account_id: str
    name: str
    kind: ShareKind
    selection_id: str | None
    until: datetime | None
    created_at: datetime


class FamilyView(BaseModel):
    """A family as it is shown to those who may see it."""

    model_config = ConfigDict(frozen=True)

    id: str
    code: str
    people: FamilyPeople
    opened_at: datetime
    ended_at: datetime | None
    mine: bool
    owner: str
    """Whose it is, by name."""
    shares: list[ShareView]
    """Those that are good now: of one's own family all, of another's one's own."""


def list_families(session: Session, who: Principal) -> list[FamilyView]:
    """Those that are theirs or shared with them, by their codes."""
    shared = select(FamilyShareRow.family_id).where(FamilyShareRow.account_id == who.account_id, _is_good())
    theirs = or_(FamilyRow.owner_account_id == owner_of(who), FamilyRow.id.in_(shared))
    rows = session.scalars(select(FamilyRow).where(theirs).order_by(FamilyRow.code)).all()
    return [_view(session, who, row) for row in rows]


def open_family(session: Session, who: Principal, code: str, people: FamilyPeople) -> FamilyView:
    """A new family of theirs. Raises: FamilyCodeTaken."""
    if session.scalar(select(FamilyRow.id).where(FamilyRow.code == code)) is not None:
        raise code_taken(session)
    row = FamilyRow(code=code, owner_account_id=owner_of(who), people=people)
    session.add(row)
    session.flush()
    note(session, who, Action.OPEN_FAMILY, family_id=row.id)
    return _view(session, who, row)


def change_family(
    session: Session, who: Principal, family_id: str, *, people: FamilyPeople, ended_at: datetime | None
) -> FamilyView:
    """Who belongs to it, and whether the work with it has ended. Raises: FamilyGone."""
    row = _own(session, who, family_id)
    row.people, row.ended_at = people, ended_at
    note(session, who, Action.CHANGE_FAMILY, family_id=family_id)
    return _view(session, who, row)


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
    ShareWrong.
    """
    row, account = _own(session, who, family_id), session.get(AccountRow, account_id)
    if account is None or account.kind != "person" or account.state != "active" or account_id == who.account_id:
        raise ShareWrong
    if _NEEDED_ROLE.get(kind) not in parse_roles(account.roles):
        raise ShareWrong
    selection = session.get(SelectionRow, selection_id) if selection_id else None
    strange = selection_id is not None and (selection is None or selection.family_id != family_id)
    whole_for_colleagues = kind == ShareKind.COLLEAGUE and selection_id is not None
    if strange or whole_for_colleagues or kind == ShareKind.BREAK_GLASS or (until and until <= utcnow()):
        raise ShareWrong
    same = (FamilyShareRow.account_id == account_id) & (FamilyShareRow.kind == kind)
    same &= (FamilyShareRow.family_id == family_id) & FamilyShareRow.selection_id.is_not_distinct_from(selection_id)
    session.execute(update(FamilyShareRow).where(same, _is_good()).values(ended_at=utcnow()))
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
    return _view(session, who, row)


def end_share(session: Session, who: Principal, family_id: str, share_id: str) -> FamilyView:
    """From now on they see it no more. Raises: FamilyGone, ShareGone."""
    row = _own(session, who, family_id)
    this = (FamilyShareRow.id == share_id) & (FamilyShareRow.family_id == family_id) & _is_good()
    if rows_changed(session, update(FamilyShareRow).where(this).values(ended_at=utcnow())) != 1:
        raise ShareGone
    note(session, who, Action.STOP_SHARING, share_id, family_id=family_id)
    return _view(session, who, row)


class OwnerView(BaseModel):
    """Whose families there are, for who hands them over: how many, and nothing of any of them."""

    model_config = ConfigDict(frozen=True)

    account_id: str
    name: str
    families: int
    is_guider: bool
    """Whether families can be handed over to them: a guider whose account is open."""


def list_owners(session: Session) -> list[OwnerView]:
    """Every guider with an open account, and whoever else families still belong to: also all who shared a token."""
    owned = select(FamilyRow.owner_account_id.label("id"), func.count().label("families"))
    counted = owned.group_by(FamilyRow.owner_account_id).subquery()
    query = (
        select(AccountRow, func.coalesce(counted.c.families, 0))
        .outerjoin(counted, counted.c.id == AccountRow.id)
        .order_by(AccountRow.display_name, AccountRow.id)
    )
    return [
        OwnerView(account_id=row.id, name=row.display_name, families=families, is_guider=_can_own(row))
        for row, families in session.execute(query)
        if families or _can_own(row)
    ]


def families_owned(session: Session, account_id: str) -> list[str]:
    """The ids of every family of an account."""
    return list(session.scalars(select(FamilyRow.id).where(FamilyRow.owner_account_id == account_id)))


def hand_over(session: Session, who: Principal, family_ids: Collection[str], to_account_id: str) -> int:
    """Give families to another guider, with all that is in them; how many. The audit names each.

    Shares that the former owner made end: the new one decides anew. Raises: ShareWrong.
    """
    account = session.get(AccountRow, to_account_id)
    if account is None or not _can_own(account):
        raise ShareWrong
    rows = session.scalars(select(FamilyRow).where(FamilyRow.id.in_(family_ids)).with_for_update()).all()
    for row in rows:
        row.owner_account_id = to_account_id
        shares = (FamilyShareRow.family_id == row.id) & FamilyShareRow.ended_at.is_(None)
        session.execute(update(FamilyShareRow).where(shares).values(ended_at=utcnow()))
        note(session, who, Action.HAND_OVER, to_account_id, family_id=row.id)
    return len(rows)


def _can_own(account: AccountRow) -> bool:
    return account.kind == "person" and account.state == "active" and Role.GUIDER in parse_roles(account.roles)


def _own(session: Session, who: Principal, family_id: str) -> FamilyRow:
    row = session.get(FamilyRow, family_id, with_for_update=True)
    if row is None or not may_with_family(session, who, row, Right.OWN):
        raise FamilyGone
    return row


def _is_good() -> ColumnElement[bool]:
    return FamilyShareRow.ended_at.is_(None) & or_(FamilyShareRow.until.is_(None), FamilyShareRow.until > utcnow())


def _view(session: Session, who: Principal, row: FamilyRow) -> FamilyView:
    mine = row.owner_account_id == owner_of(who)
    query = (
        select(FamilyShareRow, AccountRow.display_name)
        .join(AccountRow, AccountRow.id == FamilyShareRow.account_id)
        .where(FamilyShareRow.family_id == row.id, _is_good())
        .order_by(FamilyShareRow.created_at)
    )
    if not mine:
        query = query.where(FamilyShareRow.account_id == who.account_id)
    return FamilyView(
        id=row.id,
        code=row.code,
        people=row.people,
        opened_at=row.opened_at,
        ended_at=row.ended_at,
        mine=mine,
        owner=session.get_one(AccountRow, row.owner_account_id).display_name,
        shares=[
            ShareView(
                id=share.id,
                account_id=share.account_id,
                name=name,
                kind=ShareKind(share.kind),
                selection_id=share.selection_id,
                until=share.until,
                created_at=share.created_at,
            )
            for share, name in session.execute(query)
        ],
    )
