"""Notices: what was done to somebody's families or account by others, for them to see on the page."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict
from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from records.accounts.sessions import display_name_of
from records.audit.actor import Actor
from records.clock import utcnow
from records.database import rows_changed
from records.errors import RecordsError
from records.models import FamilyRow, FamilyShareRow, HandOverRow, NoticeRow, ResetRow, SessionRow

_SHOWN = 200


class NoticeGone(RecordsError):
    """There is no such notice of theirs."""

    code = "notice_gone"
    for_guider = "This notice is not here any more."


class NoticeKind(StrEnum):
    """What was done."""

    HANDED_OVER = "handed_over"
    """A family was given to them, or to somebody else."""
    GLASS_BROKEN = "glass_broken"
    """Somebody saw a family in an emergency: told to its guider, managers and information governance."""
    SIGN_IN_RESET = "sign_in_reset"
    """Their sign-in was reset by a new invitation."""
    NO_WRITTEN_DOWN = "no_written_down"
    """A colleague wrote down that somebody of their family said no, and what that takes with it is gone or on hold."""
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 what was done
    PASSKEY_ADDED = "passkey_added"
    PASSKEY_REMOVED = "passkey_removed"
    APP_SET_UP = "app_set_up"
    """Codes of a phone's app are good, and those of another phone no more."""
    APP_REMOVED = "app_removed"
    RECOVERY_CODES_MADE = "recovery_codes_made"
    RECOVERY_CODE_USED = "recovery_code_used"


OF_SIGN_IN: Final = frozenset(NoticeKind) - {
    NoticeKind.HANDED_OVER,
    NoticeKind.GLASS_BROKEN,
    NoticeKind.SIGN_IN_RESET,
    NoticeKind.NO_WRITTEN_DOWN,
}
"""Done in their own name: told to them in every session but the one in which it was done, which may be a stranger's."""


class Notice(BaseModel):
    """Something that others did, as it is told to whom it concerns."""

    model_config = ConfigDict(frozen=True)

    id: str
    kind: NoticeKind
    at: datetime
    family_id: str | None
    family_code: str | None
    """Told to guiders whose it is or was; null for managers and information governance."""
    by: str
    """Who did it, by name; of somebody at the service's console, what the audit calls them."""
    to: str | None
    """Whom a family was handed over to, by name."""
    is_mine_now: bool
    """Whether the family is one's own by this."""
    reason: str
    until: datetime | None = None
    """When it ends by itself, if it has not been ended."""
    confirmed_by: str | None = None
    """Who said that it was they who opened their account after a reset; recovery-code: they showed one from before."""
    device: str | None = None
    """In which browser a sign-in was changed."""
    is_done_here: bool = False
    """Whether the session that asks is the one in which it was done: there it is not to be shown."""
    seen_at: datetime | None


def add_notice(
    session: Session, account_id: str, kind: NoticeKind, subject_id: str, *, family_id: str | None = None
) -> None:
    """Tell an account of it; ``subject_id``: of what was done (models/families.py). It goes with its family."""
    session.add(NoticeRow(account_id=account_id, kind=kind, subject_id=subject_id, family_id=family_id))


def note_sign_in_change(session: Session, who: Actor, kind: NoticeKind) -> None:
    """Tell the owner of an account what was done with its sign-in, and in which browser."""
    device = session.scalar(select(SessionRow.device).where(SessionRow.id == who.session_id))
    session.add(NoticeRow(account_id=who.account_id, kind=kind, subject_id=who.session_id, device=device))


def list_notices(session: Session, account_id: str, session_id: str) -> list[Notice]:
    """Those of an account, the newest first, at most 200; ``session_id``: of the session that asks."""
    query = (
        select(NoticeRow, FamilyRow.code)
        .outerjoin(FamilyRow, FamilyRow.id == NoticeRow.family_id)
        .where(NoticeRow.account_id == account_id)
        .order_by(NoticeRow.created_at.desc(), NoticeRow.id)
        .limit(_SHOWN)
    )
    return [_view(session, row, code, session_id) for row, code in session.execute(query)]


def acknowledge_notice(session: Session, account_id: str, notice_id: str, session_id: str) -> None:
    """They have seen it; a change of their sign-in not in the session in which it was done. Raises: NoticeGone."""
    mine = (NoticeRow.id == notice_id) & (NoticeRow.account_id == account_id)
    elsewhere = or_(NoticeRow.kind.not_in(OF_SIGN_IN), NoticeRow.subject_id != session_id)
    seen = update(NoticeRow).where(mine, elsewhere).values(seen_at=utcnow())
    if rows_changed(session, seen) != 1:
        raise NoticeGone


def _view(session: Session, row: NoticeRow, code: str | None, session_id: str) -> Notice:
    if row.kind in OF_SIGN_IN:
        return _of_sign_in(session, row, session_id)
    if row.kind == NoticeKind.SIGN_IN_RESET:
        return _of_reset(session, row)
    if row.kind == NoticeKind.GLASS_BROKEN:
        return _of_broken_glass(session, row, code)
    if row.kind == NoticeKind.NO_WRITTEN_DOWN:
        return _of_a_no(session, row, code)
    subject = session.get(HandOverRow, row.subject_id)
    return Notice(
        id=row.id,
        kind=NoticeKind(row.kind),
        at=row.created_at,
        family_id=row.family_id,
        family_code=code,
        by=display_name_of(session, subject.by) if subject else "",
        to=display_name_of(session, subject.to_account_id) if subject else None,
        is_mine_now=subject is not None and subject.to_account_id == row.account_id,
        reason=subject.reason if subject else "",
        seen_at=row.seen_at,
    )


def _of_sign_in(session: Session, row: NoticeRow, session_id: str) -> Notice:
    return Notice(
        id=row.id,
        kind=NoticeKind(row.kind),
        at=row.created_at,
        family_id=None,
        family_code=None,
        by=display_name_of(session, row.account_id),
        to=None,
        is_mine_now=False,
        reason="",
        device=row.device,
        is_done_here=bool(session_id) and row.subject_id == session_id,
        seen_at=row.seen_at,
    )


def _of_reset(session: Session, row: NoticeRow) -> Notice:
    reset = session.get(ResetRow, row.subject_id)
    confirmed_by = reset.confirmed_by if reset else None
    return Notice(
        id=row.id,
        kind=NoticeKind.SIGN_IN_RESET,
        at=row.created_at,
        family_id=None,
        family_code=None,
        by=display_name_of(session, reset.by) if reset else "",
        to=None,
        is_mine_now=False,
        reason=reset.reason if reset else "",
        confirmed_by=display_name_of(session, confirmed_by) if confirmed_by else None,
        seen_at=row.seen_at,
    )


def _of_a_no(session: Session, row: NoticeRow, code: str | None) -> Notice:
    return Notice(
        id=row.id,
        kind=NoticeKind.NO_WRITTEN_DOWN,
        at=row.created_at,
        family_id=row.family_id,
        family_code=code,
        by=display_name_of(session, row.subject_id),
        to=None,
        is_mine_now=True,
        reason="",
        seen_at=row.seen_at,
    )


def _of_broken_glass(session: Session, row: NoticeRow, code: str | None) -> Notice:
    share, family = session.get(FamilyShareRow, row.subject_id), session.get(FamilyRow, row.family_id)
    is_mine = family is not None and family.owner_account_id == row.account_id
    return Notice(
        id=row.id,
        kind=NoticeKind.GLASS_BROKEN,
        at=row.created_at,
        family_id=row.family_id,
        family_code=code if is_mine else None,
        by=display_name_of(session, share.by) if share else "",
        to=None,
        is_mine_now=is_mine,
        reason=share.reason if share else "",
        until=(share.ended_at or share.until) if share else None,
        seen_at=row.seen_at,
    )
