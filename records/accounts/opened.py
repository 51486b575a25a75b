"""Whether somebody has set up their account themselves, so that what they are given reaches them and nobody else."""

from __future__ import annotations

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from records.models import AccountRow, InvitationRow


def is_opened() -> ColumnElement[bool]:
    """The condition on AccountRow: a person's, open, and with no invitation that waits.

    The first to open an invitation's link has the account.
    """
    waits = exists().where(InvitationRow.account_id == AccountRow.id, InvitationRow.used_at.is_(None))
    return (AccountRow.kind == "person") & (AccountRow.state == "active") & ~waits


def lock_opened(session: Session, account_id: str) -> AccountRow | None:
    """Such an account, held so that it is not closed before this is done; None where it is none."""
    session.get(AccountRow, account_id, with_for_update={"key_share": True}, populate_existing=True)
    return session.scalar(select(AccountRow).where(AccountRow.id == account_id, is_opened()))
