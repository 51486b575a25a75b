"""Tables of who may ask: accounts, their sessions in browsers, and the tokens of their programs.

Of a session and of a token only a hash is kept. Both are random and 256 bits long, so a plain SHA-256 cannot be turned
back; ``proof`` ties one to the shared secret with which it was begun: another secret, and it is worthless.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from records.clock import utcnow
from records.models.base import Base, new_id


class AccountRow(Base):
    """Somebody who may sign in: a person, or all who know a shared secret. The first three come from step 0015."""

    __tablename__ = "accounts"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    kind: Mapped[str] = mapped_column(String(16))
    """machine, shared or person."""
    login: Mapped[str | None] = mapped_column(String(100), index=True, unique=True)
    """What a person types to sign in with a password, normalised; none once the account is closed."""
    display_name: Mapped[str] = mapped_column(String(100))
    roles: Mapped[str] = mapped_column(String(200))
    """Their names, with a space between them."""
    state: Mapped[str] = mapped_column(String(16), default="active")
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    closed_at: Mapped[datetime | None]


class SessionRow(Base):
    """A browser that has signed in. ``id`` names it to its owner and opens nothing."""

    __tablename__ = "sessions"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    proof: Mapped[str | None] = mapped_column(String(64))
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    signed_in_by: Mapped[str] = mapped_column(String(16))
    signed_in_at: Mapped[datetime] = mapped_column(default=utcnow)
    seen_at: Mapped[datetime] = mapped_column(default=utcnow)
    idle_s: Mapped[int]
    """It ends so long after it was last seen …"""
    ends_at: Mapped[datetime] = mapped_column(index=True)
    """… and at this time in any case."""
    device: Mapped[str] = mapped_column(String(100))
    forgets: Mapped[bool] = mapped_column(default=False)
    """Ended from elsewhere: it opens nothing, and its browser, when it asks again, is told to forget what it keeps."""


class ApiTokenRow(Base):
    """What a program shows instead of signing in."""

    __tablename__ = "api_tokens"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    proof: Mapped[str | None] = mapped_column(String(64))
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(60))
    scopes: Mapped[str] = mapped_column(String(200))
    """Their names, with a space between them."""
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    ends_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class ExternalIdentityRow(Base):
    """Whom a provider means: its name for itself and for the person; no e-mail address, which may change hands."""

    __tablename__ = "external_identities"
    __table_args__ = (UniqueConstraint("issuer", "subject"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    issuer: Mapped[str] = mapped_column(String(500))
    subject: Mapped[str] = mapped_column(String(255))
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    signed_in_at: Mapped[datetime] = mapped_column(default=utcnow)


class ExternalSessionRow(Base):
    """A session that was begun at a provider, which may end it."""

    __tablename__ = "external_sessions"

    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id", ondelete="CASCADE"), primary_key=True)
    identity_id: Mapped[str] = mapped_column(ForeignKey("external_identities.id", ondelete="CASCADE"), index=True)
    sid_hash: Mapped[str | None] = mapped_column(String(64), index=True)
    """Of what the provider calls it."""


class LoginStateRow(Base):
    """A sign-in that a browser began at a provider: good once, for that browser, for ten minutes."""

    __tablename__ = "login_states"

    state_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    browser_hash: Mapped[str] = mapped_column(String(64))
    nonce: Mapped[str] = mapped_column(String(64))
    code_verifier: Mapped[str] = mapped_column(String(64))
    go_to: Mapped[str] = mapped_column(String(60))
    """The page's address to which it leads."""
    invitation_id: Mapped[str | None] = mapped_column(String(32))
    """The invitation whose account is to be the person's, where one began it."""
    ends_at: Mapped[datetime] = mapped_column(index=True)


class SpentLogoutTokenRow(Base):
    """A logout token that was obeyed, for as long as it could come again."""

    __tablename__ = "spent_logout_tokens"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    ends_at: Mapped[datetime] = mapped_column(index=True)
