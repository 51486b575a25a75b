"""An account's passkeys as they are remembered: found, used, named, removed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydantic import BaseModel, ConfigDict
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from records.accounts.local.errors import LastSecondFactor, NoSuchPasskey, PasskeyTaken, TooManyPasskeys
from records.accounts.notices import NoticeKind, note_sign_in_change
from records.audit.actions import Action
from records.audit.actor import Actor
from records.audit.log import note
from records.clock import utcnow
from records.database import rows_changed
from records.models import AccountRow, CredentialRow, PasskeyRow

MOST: Final = 20
"""Of one account."""


class PasskeyView(BaseModel):
    """A passkey, as its owner sees it."""

    model_config = ConfigDict(frozen=True)

    id: str
    name: str
    created_at: datetime
    used_at: datetime | None


@dataclass(frozen=True)
class NewPasskey:
    """What is to be remembered of a passkey, in base64url."""

    credential_id: str
    public_key: str
    sign_count: int


@dataclass(frozen=True)
class KnownPasskey:
    """What a signature is compared with."""

    id: str
    account_id: str
    login: str
    public_key: str
    sign_count: int


def passkeys_of(session: Session, account_id: str) -> list[PasskeyView]:
    """Those of an account, the oldest first."""
    query = select(PasskeyRow).where(PasskeyRow.account_id == account_id).order_by(PasskeyRow.created_at, PasskeyRow.id)
    return [
        PasskeyView(id=row.id, name=row.name, created_at=row.created_at, used_at=row.used_at)
        for row in session.scalars(query)
    ]


def credential_ids_of(session: Session, account_id: str) -> list[str]:
    """By which names the devices know them."""
    return list(session.scalars(select(PasskeyRow.credential_id).where(PasskeyRow.account_id == account_id)))


def find_passkey(session: Session, credential_id: str) -> KnownPasskey | None:
    """The passkey that a browser names, of somebody who may sign in with a password here."""
    query = (
        select(PasskeyRow, AccountRow.login)
        .join(AccountRow, AccountRow.id == PasskeyRow.account_id)
        .join(CredentialRow, CredentialRow.account_id == PasskeyRow.account_id)
        .where(PasskeyRow.credential_id == credential_id, AccountRow.state == "active")
    )
    found = session.execute(query).one_or_none()
    if found is None:
        return None
    row, login = found
    return KnownPasskey(row.id, row.account_id, login or "", row.public_key, row.sign_count)


def use_passkey(session: Session, known: KnownPasskey, sign_count: int) -> bool:
    """Remember that it signed; whether nobody else used it, or a copy of it, in the same moment."""
    unchanged = (PasskeyRow.id == known.id) & (PasskeyRow.sign_count == known.sign_count)
    values = {"sign_count": sign_count, "used_at": utcnow()}
    return rows_changed(session, update(PasskeyRow).where(unchanged).values(values)) > 0


def add_passkey(session: Session, who: Actor, made: NewPasskey, name: str) -> PasskeyView:
    """Remember a passkey that its owner's browser has just made. Raises: PasskeyTaken, TooManyPasskeys."""
    if session.scalar(select(PasskeyRow.id).where(PasskeyRow.credential_id == made.credential_id)) is not None:
        raise PasskeyTaken
    count = session.scalar(select(func.count()).where(PasskeyRow.account_id == who.account_id)) or 0
    if count >= MOST:
        raise TooManyPasskeys
    row = PasskeyRow(
        account_id=who.account_id,
        credential_id=made.credential_id,
        public_key=made.public_key,
        sign_count=made.sign_count,
        name=name,
    )
    session.add(row)
    session.flush()
    note(session, who, Action.ADD_SECOND_FACTOR, row.id)
    if who.session_id:  # else the account is only being set up
        note_sign_in_change(session, who, NoticeKind.PASSKEY_ADDED)
    return PasskeyView(id=row.id, name=row.name, created_at=row.created_at, used_at=None)


def remove_passkey(session: Session, who: Actor, passkey_id: str) -> None:
    """It opens nothing any more. Raises: NoSuchPasskey, LastSecondFactor."""
    # Locked, so that of two last ones not both go at the same time.
    query = select(CredentialRow).where(CredentialRow.account_id == who.account_id).with_for_update()
    kept = session.scalars(query).one_or_none()
    mine = [one.id for one in passkeys_of(session, who.account_id)]
    if kept is None or passkey_id not in mine:
        raise NoSuchPasskey
    if len(mine) == 1 and not kept.totp_sealed:
        raise LastSecondFactor
    session.execute(delete(PasskeyRow).where(PasskeyRow.id == passkey_id))
    note(session, who, Action.REMOVE_SECOND_FACTOR, passkey_id)
    note_sign_in_change(session, who, NoticeKind.PASSKEY_REMOVED)
