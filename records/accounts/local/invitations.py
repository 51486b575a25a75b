"""Invitations by link: how an account gets its password and second factor, the first time and after they were lost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from records.accounts.local.errors import InvitationEnded
from records.clock import utcnow
from records.database import rows_changed
from records.models import AccountRow, InvitationRow
from records.secrets.keys import hash_secret, new_secret

PREFIX: Final = "vgi_"
GOOD_FOR: Final = timedelta(hours=72)


@dataclass(frozen=True)
class Invited:
    """For whom an invitation is."""

    invitation_id: str
    account_id: str
    login: str
    display_name: str


def create_invitation(session: Session, account_id: str) -> str:
    """A new invitation's secret, which stands nowhere else; those before open nothing any more."""
    session.execute(delete(InvitationRow).where(InvitationRow.account_id == account_id))
    value, now = new_secret(PREFIX), utcnow()
    session.add(
        InvitationRow(secret_hash=hash_secret(value), account_id=account_id, created_at=now, ends_at=now + GOOD_FOR)
    )
    session.flush()
    return value


def find_invitation(session: Session, value: str) -> Invited:
    """Whose invitation this is. Raises: InvitationEnded."""
    query = (
        select(InvitationRow, AccountRow)
        .join(AccountRow)
        .where(InvitationRow.secret_hash == hash_secret(value.strip()))
    )
    found = session.execute(query).one_or_none()
    if found is None:
        raise InvitationEnded
    row, account = found
    if row.used_at is not None or row.ends_at <= utcnow() or account.state != "active" or account.login is None:
        raise InvitationEnded
    return Invited(row.id, account.id, account.login, account.display_name)


def use_invitation(session: Session, invitation_id: str) -> None:
    """Used, once and for all. Raises: InvitationEnded."""
    now = utcnow()
    is_good = (InvitationRow.id == invitation_id) & InvitationRow.used_at.is_(None) & (InvitationRow.ends_at > now)
    if not rows_changed(session, update(InvitationRow).where(is_good).values(used_at=now)):
        raise InvitationEnded
