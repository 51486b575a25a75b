"""Tables of what people prove themselves with, of invitations, and of signing in that is under way."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from records.clock import utcnow
from records.models.base import Base, new_id


class CredentialRow(Base):
    """A person's password, as a hash, and the key of their phone's app, sealed."""

    __tablename__ = "credentials"

    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    password_hash: Mapped[str] = mapped_column(String(200))
    totp_sealed: Mapped[str | None] = mapped_column(String(200))
    totp_last_step: Mapped[int | None]
    """The last step of 30 s whose code was used; none up to it is good again."""
    wrong_codes: Mapped[int] = mapped_column(default=0)
    """Second factors that were wrong since the last right one."""
    changed_at: Mapped[datetime] = mapped_column(default=utcnow)


class RecoveryCodeRow(Base):
    """A code on paper, good once."""

    __tablename__ = "recovery_codes"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    code_hash: Mapped[str] = mapped_column(String(64))
    used_at: Mapped[datetime | None]


class PasskeyRow(Base):
    """A passkey: its public half, as WebAuthn gives it, in base64url."""

    __tablename__ = "passkeys"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    credential_id: Mapped[str] = mapped_column(Text, unique=True)
    public_key: Mapped[str] = mapped_column(Text)
    sign_count: Mapped[int]
    name: Mapped[str] = mapped_column(String(60))
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    used_at: Mapped[datetime | None]


class InvitationRow(Base):
    """A link by which somebody sets up their account, once; of its secret only a hash is kept."""

    __tablename__ = "invitations"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    ends_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class ResetRow(Base):
    """A new invitation for an account that had been set up; until it is confirmed the account may do nothing."""

    __tablename__ = "resets"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    by: Mapped[str] = mapped_column(String(64))
    """The account that made it, or what the audit calls somebody at the console."""
    reason: Mapped[str] = mapped_column(String(32))
    former_codes: Mapped[str] = mapped_column(Text, default="")
    """Hashes of the recovery codes from before that were unused, with a space between them."""
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    confirmed_at: Mapped[datetime | None]
    confirmed_by: Mapped[str | None] = mapped_column(String(64))
    """The account, the console, or recovery-code."""


class PendingSignInRow(Base):
    """Signing in, or setting up an account, between its steps. It opens nothing."""

    __tablename__ = "pending_sign_ins"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    account_id: Mapped[str | None] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    invitation_id: Mapped[str | None] = mapped_column(ForeignKey("invitations.id", ondelete="CASCADE"))
    challenge: Mapped[str | None] = mapped_column(String(100))
    """What a passkey is to sign, in base64url."""
    password_hash: Mapped[str | None] = mapped_column(String(200))
    totp_sealed: Mapped[str | None] = mapped_column(String(200))
    wrong_codes: Mapped[int] = mapped_column(default=0)
    ends_at: Mapped[datetime] = mapped_column(index=True)
