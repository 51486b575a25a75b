"""Who may see, work on and dispose of what: the one place where that is decided. What is not allowed here is refused.

A film is its guider's alone until she shares it. A family is seen and worked on by its owner and by colleagues whom she
added; a supervisor, and somebody who broke the glass, sees what was shared until it ends, and changes nothing, but that
a supervisor rates a recording of a shared review, by answers that are hers alone. No
role opens a family by itself: managers, governance and IT have none of the scopes that are asked for besides.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from sqlalchemy import ColumnElement, Select, exists, false, or_, select, true
from sqlalchemy.orm import Session

from records.accounts.principal import MACHINE_ACCOUNT, SERVICE, SHARED_GUIDER_ACCOUNT, Principal, Scope
from records.clock import utcnow
from records.errors import SelectionGone
from records.models import FamilyRow, FamilyShareRow, MomentRow, SelectionRow, UploadRow
from records.uploads.errors import UploadMissing, UploadTargetMissing


class Right(StrEnum):
    """What somebody wants to do with what is a family's."""

    SEE = "see"
    RATE = "rate"
    """To give answers of one's own to a recording of a shared review."""
    WORK = "work"
    OWN = "own"
    """To erase it, to share it and to say that it has ended."""


class ShareKind(StrEnum):
    """As what a family is shared with somebody."""

    COLLEAGUE = "colleague"
    SUPERVISOR = "supervisor"
    BREAK_GLASS = "break_glass"


_ENOUGH: dict[Right, tuple[ShareKind, ...]] = {
    Right.SEE: (ShareKind.COLLEAGUE, ShareKind.SUPERVISOR, ShareKind.BREAK_GLASS),
    Right.RATE: (ShareKind.COLLEAGUE, ShareKind.SUPERVISOR),
    Right.WORK: (ShareKind.COLLEAGUE,),
    Right.OWN: (),
}


def owner_of(who: Principal) -> str:
    """The account under which their families stand: this machine's and the shared guiders' are one."""
    return SHARED_GUIDER_ACCOUNT if who.account_id == MACHINE_ACCOUNT else who.account_id


def may(who: Principal, right: Right) -> ColumnElement[bool]:
    """The condition on SelectionRow under which they may do this with it."""
    return or_(*grounds(who, right))


def grounds(who: Principal, right: Right) -> tuple[ColumnElement[bool], ...]:
    """The same as several conditions, each of which is enough and is found by an index of its own."""
    if who is SERVICE:
        return (true(),)
    if not _is_guiders_work(who):
        return (false(),)
    own = select(FamilyRow.id).where(FamilyRow.owner_account_id == owner_of(who))
    if not _ENOUGH[right]:
        return (SelectionRow.family_id.in_(own),)
    shared = _good_share(who.account_id, right)
    whole = select(FamilyShareRow.family_id).where(*shared, FamilyShareRow.selection_id.is_(None))
    single = select(FamilyShareRow.selection_id).where(*shared, FamilyShareRow.selection_id.is_not(None))
    return SelectionRow.family_id.in_(own), SelectionRow.family_id.in_(whole), SelectionRow.id.in_(single)


def may_see(who: Principal) -> ColumnElement[bool]:
    """The condition on SelectionRow under which they may look at it."""
    return may(who, Right.SEE)


def check_selection(session: Session, who: Principal, selection_id: str, right: Right) -> None:
    """Nothing, if they may; somebody else's is answered as one that does not exist. Raises: SelectionGone."""
    if not may_with_selection(session, who, selection_id, right):
        raise SelectionGone(selection_id)


def may_with_selection(session: Session, who: Principal, selection_id: str, right: Right) -> bool:
    """Whether it is there and they may do this with it."""
    query = select(SelectionRow.id).where(SelectionRow.id == selection_id, SelectionRow.visible, may(who, right))
    return session.scalar(query) is not None


def check_upload(session: Session, who: Principal, upload_id: str, right: Right) -> None:
    """The same for an upload, by the selection that it is for. Raises: UploadMissing."""
    query = select(UploadRow.id).join(SelectionRow, SelectionRow.id == UploadRow.selection_id)
    if session.scalar(query.where(UploadRow.id == upload_id, may(who, right))) is None:
        raise UploadMissing


def selection_of_upload(session: Session, upload_id: str) -> str:
    """The id of the selection that an upload is for; empty where there is none."""
    return session.scalar(select(UploadRow.selection_id).where(UploadRow.id == upload_id)) or ""


def check_upload_target(session: Session, who: Principal, *, moment_id: str = "", selection_id: str = "") -> str:
    """The same for what somebody wants to send: for a moment, or for a selection, whose id this is.

    Raises: UploadTargetMissing.
    """
    query = select(SelectionRow.id).where(SelectionRow.visible, may(who, Right.WORK))
    if moment_id:
        query = query.join(MomentRow, MomentRow.selection_id == SelectionRow.id).where(MomentRow.id == moment_id)
    else:
        query = query.where(SelectionRow.id == selection_id)
    found = session.scalar(query)
    if found is None:
        raise UploadTargetMissing
    return found


def visible_ids(session: Session, who: Principal, selection_ids: Collection[str]) -> set[str]:
    """Which of these are there, not being erased, and for them to see."""
    query = select(SelectionRow.id).where(SelectionRow.id.in_(selection_ids), SelectionRow.visible, may_see(who))
    return set(session.scalars(query))


def may_with_family(session: Session, who: Principal, family: FamilyRow, right: Right) -> bool:
    """Whether they may do this with a whole family; with one that is being erased nobody may do anything."""
    if not family.visible:
        return False
    if who is SERVICE:
        return True
    if not _is_guiders_work(who):
        return False
    if family.owner_account_id == owner_of(who):
        return True
    shared = _shares_of(who, right).where(FamilyShareRow.family_id == family.id, FamilyShareRow.selection_id.is_(None))
    return session.scalar(shared.limit(1)) is not None


def may_still_hand_out(session: Session, account_id: str, family_id: str | None) -> bool:
    """Whether what an account handed out of a family still opens: it is its guider's, or still a colleague's."""
    owner = SHARED_GUIDER_ACCOUNT if account_id == MACHINE_ACCOUNT else account_id
    own = exists().where(FamilyRow.id == family_id, FamilyRow.owner_account_id == owner)
    shared = exists().where(FamilyShareRow.family_id == family_id, *_good_share(account_id, Right.WORK))
    return session.scalar(select(or_(own, shared))) is True


def _is_guiders_work(who: Principal) -> bool:
    return who.may(Scope.REVIEWS_READ) or who.may(Scope.REVIEWS_WRITE)


def _shares_of(who: Principal, right: Right) -> Select[str]:
    return select(FamilyShareRow.id).where(*_good_share(who.account_id, right))


def _good_share(account_id: str, right: Right) -> tuple[ColumnElement[bool], ...]:
    return (
        FamilyShareRow.account_id == account_id,
        FamilyShareRow.kind.in_(_ENOUGH[right]),
        FamilyShareRow.ended_at.is_(None),
        or_(FamilyShareRow.until.is_(None), FamilyShareRow.until > utcnow()),
    )
