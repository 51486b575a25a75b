"""Signing in, or setting up an account, between its steps: kept here, and opened by a cookie of one browser alone."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from records.accounts.local.errors import SignInBusy, SignInEnded
from records.clock import utcnow
from records.database import rows_changed
from records.models import AccountRow, PendingSignInRow
from records.secrets.keys import hash_secret, new_secret

TO_SIGN_IN: Final = timedelta(minutes=5)
TO_SET_UP: Final = timedelta(minutes=20)
"""Somebody fetches a phone and an app for it first."""
MOST_WRONG: Final = 5
_MOST_OF_NOBODY: Final = 10_000
"""Anybody can begin with a passkey; so many at once are no guiders."""
_CHALLENGE_BYTES: Final = 32


@dataclass(frozen=True)
class Pending:
    """What somebody has begun."""

    id: str
    account_id: str
    """Empty where a passkey will tell."""
    login_key: str
    invitation_id: str | None
    challenge: str | None
    password_hash: str | None
    totp_sealed: str | None


def begin_pending(
    session: Session,
    account_id: str | None,
    *,
    invitation_id: str | None = None,
    challenge: str | None = None,
    password_hash: str | None = None,
    totp_sealed: str | None = None,
) -> str:
    """The secret for the browser's cookie; it stands nowhere else and opens no route but the next step's."""
    now, value = utcnow(), new_secret()
    session.execute(delete(PendingSignInRow).where(PendingSignInRow.ends_at < now))
    session.add(
        PendingSignInRow(
            secret_hash=hash_secret(value),
            account_id=account_id,
            invitation_id=invitation_id,
            challenge=challenge,
            password_hash=password_hash,
            totp_sealed=totp_sealed,
            wrong_codes=0,
            ends_at=now + (TO_SET_UP if invitation_id else TO_SIGN_IN),
        )
    )
    session.flush()
    return value


def find_pending(session: Session, value: str, *, set_up: bool) -> Pending:
    """What this browser has begun; ``set_up``: an account by an invitation, else signing in. Raises: SignInEnded."""
    query = (
        select(PendingSignInRow, AccountRow.login)
        .outerjoin(AccountRow, AccountRow.id == PendingSignInRow.account_id)
        .where(PendingSignInRow.secret_hash == hash_secret(value))
    )
    found = session.execute(query).one_or_none()
    if found is None:
        raise SignInEnded
    row, login = found
    if row.ends_at <= utcnow() or row.wrong_codes >= MOST_WRONG or set_up != bool(row.invitation_id):
        raise SignInEnded
    return Pending(
        id=row.id,
        account_id=row.account_id or "",
        login_key=login or row.id,
        invitation_id=row.invitation_id,
        challenge=row.challenge,
        password_hash=row.password_hash,
        totp_sealed=row.totp_sealed,
    )


def begin_with_passkey(session: Session) -> tuple[str, str]:
    """The secret for the browser's cookie, and what a passkey is to sign; whose, it will tell. Raises: SignInBusy."""
    nobody_s = (PendingSignInRow.account_id.is_(None)) & (PendingSignInRow.ends_at > utcnow())
    if (session.scalar(select(func.count()).select_from(PendingSignInRow).where(nobody_s)) or 0) >= _MOST_OF_NOBODY:
        raise SignInBusy
    challenge = _new_challenge()
    return begin_pending(session, None, challenge=challenge), challenge


def ask_passkey(session: Session, pending_id: str) -> str:
    """What a passkey is to sign next, in base64url; what was asked before is good no more. Raises: SignInEnded."""
    challenge = _new_challenge()
    mine = update(PendingSignInRow).where(PendingSignInRow.id == pending_id)
    if not rows_changed(session, mine.values(challenge=challenge)):
        raise SignInEnded
    return challenge


def take_challenge(session: Session, pending: Pending) -> str:
    """What was asked, once: it is good no more, whatever comes of it. Raises: SignInEnded."""
    if pending.challenge is None:
        raise SignInEnded
    same = (PendingSignInRow.id == pending.id) & (PendingSignInRow.challenge == pending.challenge)
    if not rows_changed(session, update(PendingSignInRow).where(same).values(challenge=None)):
        raise SignInEnded
    return pending.challenge


def end_pending(session: Session, pending_id: str) -> None:
    """Finished, once. Raises: SignInEnded, where another request was first."""
    if not rows_changed(session, delete(PendingSignInRow).where(PendingSignInRow.id == pending_id)):
        raise SignInEnded


def note_wrong(session: Session, pending_id: str) -> None:
    """A wrong code was given at this step."""
    more = PendingSignInRow.wrong_codes + 1
    session.execute(update(PendingSignInRow).where(PendingSignInRow.id == pending_id).values(wrong_codes=more))


def _new_challenge() -> str:
    return secrets.token_urlsafe(_CHALLENGE_BYTES)
