"""Resets of a sign-in: what an account owns stays closed until somebody else says, or an old code shows, who opened it.

A link opens an account for the first who uses it, and a manager makes it. So an account that had been set up before, or
to which families belong or are shared, may do nothing after a reset until it is confirmed.
"""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Select, exists, select, update
from sqlalchemy.orm import Session

from records.accounts.local.errors import NotYourself, ResetGone, ResetNotIndependent, ResetNotOpened, SignInWrong
from records.accounts.local.recovery_codes import hash_of_code, unused_recovery_codes
from records.accounts.notices import NoticeKind, add_notice
from records.accounts.opened import has_invitation
from records.accounts.sessions import display_name_of
from records.audit.actions import Action
from records.audit.actor import COMMAND_LINE, Actor
from records.audit.log import note
from records.clock import utcnow
from records.models import (
    AccountRow,
    AuditRow,
    CredentialRow,
    ExternalIdentityRow,
    FamilyRow,
    FamilyShareRow,
    ResetRow,
)

BY_RECOVERY_CODE = "recovery-code"
_GIVES_CONTROL = (Action.INVITE, Action.CHANGE_ROLES, Action.RESET_SIGN_IN)


class WaitingReset(BaseModel):
    """Somebody who was invited anew, and may do nothing until a second person has said that it was they."""

    model_config = ConfigDict(frozen=True)

    account_id: str
    name: str
    by: str
    """Who made the new invitation, by name."""
    reason: str
    at: datetime
    is_opened: bool
    """Whether somebody has used the invitation."""
    can_be_mine: bool
    """Whether who asks may confirm it."""


def begin_reset(session: Session, who: Actor, account_id: str, reason: str, *, keep_proof: bool) -> None:
    """Note a reset, and close the account until it is confirmed, if there was or is anything that it opens.

    ``keep_proof``: recovery codes from before still show who it is.
    """
    before = session.scalars(_waiting(account_id)).all()
    own = select(CredentialRow.account_id).where(CredentialRow.account_id == account_id)
    families = exists().where(FamilyRow.owner_account_id == account_id)
    shares = exists().where(FamilyShareRow.account_id == account_id)
    if not before and session.scalar(own) is None and not session.scalar(select(families | shares)):
        return
    # Codes that were given out since an unconfirmed reset show nothing.
    kept = before[-1].former_codes if before else " ".join(unused_recovery_codes(session, account_id))
    for one in before:
        one.former_codes = ""
    row = ResetRow(account_id=account_id, by=who.account_id, reason=reason, former_codes=kept if keep_proof else "")
    session.add(row)
    session.flush()
    add_notice(session, account_id, NoticeKind.SIGN_IN_RESET, row.id)


def list_waiting(session: Session, who: Actor) -> list[WaitingReset]:
    """All that wait, the newest first."""
    query = (
        select(ResetRow, AccountRow.display_name, has_invitation())
        .join(AccountRow, AccountRow.id == ResetRow.account_id)
        .where(ResetRow.confirmed_at.is_(None), AccountRow.state == "active")
        .order_by(ResetRow.created_at.desc())
    )
    return [
        WaitingReset(
            account_id=row.account_id,
            name=name,
            by=display_name_of(session, row.by),
            reason=row.reason,
            at=row.created_at,
            is_opened=not waits,
            can_be_mine=row.account_id != who.account_id and is_independent(session, who.account_id, row.account_id),
        )
        for row, name, waits in session.execute(query)
    ]


def confirm_reset(session: Session, who: Actor, account_id: str) -> None:
    """A second person has made sure that it was the account's owner who opened it: it opens everything again.

    Raises: ResetGone, ResetNotOpened, NotYourself, ResetNotIndependent.
    """
    if account_id == who.account_id:
        raise NotYourself
    if not session.scalars(_waiting(account_id)).first():
        raise ResetGone
    if session.scalar(select(AccountRow.id).where(AccountRow.id == account_id, has_invitation())) is not None:
        raise ResetNotOpened
    if not is_independent(session, who.account_id, account_id):
        raise ResetNotIndependent
    _confirm(session, who, account_id, who.account_id)


def confirm_by_recovery_code(session: Session, who: Actor, code: str) -> None:
    """A recovery code from before the reset shows that it is they. Raises: ResetGone, SignInWrong."""
    waiting = session.scalars(_waiting(who.account_id)).all()
    if not waiting:
        raise ResetGone
    if hash_of_code(who.account_id, code) not in waiting[-1].former_codes.split():
        raise SignInWrong
    _confirm(session, who, who.account_id, BY_RECOVERY_CODE)


def is_independent(session: Session, account_id: str, reset_account_id: str) -> bool:
    """Whether an account is none that those who made the resets could be using, by what they once gave to others.

    Who invites somebody, changes their roles or resets their sign-in may have their account, and those that it gave.
    """
    makers = {one.by for one in session.scalars(_waiting(reset_account_id)) if not one.by.startswith(COMMAND_LINE)}
    controlled, before = set(makers), set[str]()
    while controlled != before:
        before = set(controlled)
        given = select(AuditRow.target).where(AuditRow.action.in_(_GIVES_CONTROL), AuditRow.account_id.in_(before))
        controlled |= set(session.scalars(given))
    return account_id not in controlled


def signs_in_elsewhere(session: Session, account_id: str) -> bool:
    """Whether the organisation signs them in, so that there is nothing to reset here."""
    return session.scalar(select(exists().where(ExternalIdentityRow.account_id == account_id))) is True


def _waiting(account_id: str) -> Select[ResetRow]:
    waits = (ResetRow.account_id == account_id) & ResetRow.confirmed_at.is_(None)
    return select(ResetRow).where(waits).order_by(ResetRow.created_at)


def _confirm(session: Session, who: Actor, account_id: str, by: str) -> None:
    waits = (ResetRow.account_id == account_id) & ResetRow.confirmed_at.is_(None)
    values = {"confirmed_at": utcnow(), "confirmed_by": by, "former_codes": ""}
    session.execute(update(ResetRow).where(waits).values(values))
    note(session, who, Action.CONFIRM_RESET, account_id)
