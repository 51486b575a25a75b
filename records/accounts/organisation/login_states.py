"""Sign-ins that have begun at the provider and not come back: each good once, for one browser, for ten minutes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from records.accounts.organisation.errors import LoginUnknown, ProviderAway
from records.clock import utcnow
from records.models import LoginStateRow
from records.secrets.keys import hash_secret, new_secret

LOGIN_S: Final = 600
_MOST_OPEN: Final = 10_000
"""Anybody can begin one; so many at once are no guiders."""


@dataclass(frozen=True)
class LoginBegun:
    """What goes to the provider, and what the browser keeps so that it alone can come back."""

    state: str
    browser: str
    nonce: str
    code_verifier: str


@dataclass(frozen=True)
class LoginState:
    """What was remembered of it."""

    nonce: str
    code_verifier: str
    go_to: str
    invitation_id: str | None


def begin_login(session: Session, go_to: str, invitation_id: str | None = None) -> LoginBegun:
    """A sign-in that has begun, by an invitation where one is named. Raises: ProviderAway (very many have)."""
    now = utcnow()
    session.execute(delete(LoginStateRow).where(LoginStateRow.ends_at < now))
    if (session.scalar(select(func.count()).select_from(LoginStateRow)) or 0) >= _MOST_OPEN:
        raise ProviderAway("ten thousand sign-ins have begun and not ended")
    begun = LoginBegun(new_secret(), new_secret(), new_secret(), new_secret())
    session.add(
        LoginStateRow(
            state_hash=hash_secret(begun.state),
            browser_hash=hash_secret(begun.browser),
            nonce=begun.nonce,
            code_verifier=begun.code_verifier,
            go_to=go_to,
            invitation_id=invitation_id,
            ends_at=now + timedelta(seconds=LOGIN_S),
        )
    )
    return begun


def end_login(session: Session, state: str, browser: str) -> LoginState:
    """What belongs to a state that came back in the browser that began it; it is good no more. Raises: LoginUnknown."""
    taken = (
        delete(LoginStateRow)
        .where(
            LoginStateRow.state_hash == hash_secret(state),
            LoginStateRow.browser_hash == hash_secret(browser),
            LoginStateRow.ends_at > utcnow(),
        )
        .returning(LoginStateRow.nonce, LoginStateRow.code_verifier, LoginStateRow.go_to, LoginStateRow.invitation_id)
    )
    found = session.execute(taken).one_or_none()
    if found is None:
        raise LoginUnknown("no such state of this browser")
    return LoginState(*found)
