"""Whether somebody has set up their account themselves, so that what they are given reaches them and nobody else."""

from __future__ import annotations

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from records.models import AccountRow, InvitationRow, ResetRow


def has_invitation() -> ColumnElement[bool]:
    """The condition on AccountRow: an invitation waits. The first to open its link has the account."""
    return exists().where(InvitationRow.account_id == AccountRow.id, InvitationRow.used_at.is_(None))


def is_unconfirmed() -> ColumnElement[bool]:
    """The condition on AccountRow: its sign-in was reset, and nobody has confirmed yet who opened it then."""
    return exists().where(ResetRow.account_id == AccountRow.id, ResetRow.confirmed_at.is_(None))


def is_opened() -> ColumnElement[bool]:
    """The condition on AccountRow: a person's, open, and surely in its owner's hands."""
    is_open = (AccountRow.kind == "person") & (AccountRow.state == "active")
    return is_open & ~has_invitation() & ~is_unconfirmed()


def lock_opened(session: Session, account_id: str) -> AccountRow | None:
    """Such an account, held so that it is not closed before this is done; None where it is none."""
    session.get(AccountRow, account_id, with_for_update={"key_share": True}, populate_existing=True)
    return session.scalar(select(AccountRow).where(AccountRow.id == account_id, is_opened()))
