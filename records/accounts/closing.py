"""Closing an account: its sessions and tokens end with it."""

from __future__ import annotations

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from records.accounts.api_tokens import revoke_api_tokens
from records.accounts.sessions import end_sessions
from records.clock import utcnow
from records.database import rows_changed
from records.errors import RecordsError
from records.models import AccountRow, FamilyRow


class FamiliesLeft(RecordsError):
    """An account was to be closed to which families belong."""

    code = "families_left"
    for_guider = "Families still belong to this account. Hand them over to another guider first; then it can be closed."


def close_account(session: Session, account_id: str) -> bool:
    """Nobody can use it any more; whether there was an open one. What it made stays, and so does its row.

    Raises: FamiliesLeft: first its families are handed over (records/families/hand_over.py).
    """
    held = select(AccountRow.id).where(AccountRow.id == account_id).with_for_update(key_share=True)
    session.execute(held)  # nobody gives it a family meanwhile
    if session.scalar(select(FamilyRow.id).where(FamilyRow.owner_account_id == account_id).limit(1)) is not None:
        raise FamiliesLeft
    now = utcnow()
    is_open = (AccountRow.id == account_id) & (AccountRow.state == "active")
    closed = rows_changed(session, update(AccountRow).where(is_open).values(state="closed", closed_at=now)) > 0
    end_sessions(session, account_id)
    revoke_api_tokens(session, account_id)
    return closed
