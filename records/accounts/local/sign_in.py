"""Signing in by password and second factor, and setting both up."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from records.accounts.local.errors import LoginWrong, PasskeyWrong, SecondFactorBlocked, SignInEnded
from records.accounts.local.invitations import use_invitation
from records.accounts.local.passkeys import KnownPasskey, use_passkey
from records.accounts.local.passwords import normalise_login
from records.accounts.local.pending import Pending, end_pending
from records.accounts.local.recovery_codes import new_recovery_codes, recovery_codes_left, use_recovery_code
from records.accounts.local.totp import step_of_code, unseal
from records.accounts.notices import NoticeKind, note_sign_in_change
from records.accounts.sessions import end_sessions, end_sessions_but
from records.audit.actions import Action
from records.audit.actor import Actor, NamedActor
from records.audit.log import note
from records.clock import utcnow
from records.database import rows_changed
from records.models import AccountRow, CredentialRow, PasskeyRow

TOTP_PURPOSE: Final = "second factors"
"""Of the service key: with what the keys of phones' apps are sealed."""
MOST_WRONG_IN_A_ROW: Final = 50
"""With the right password before each; NIST SP 800-63B-4 allows 100."""


class Factor(StrEnum):
    """What somebody can prove themselves with after the password."""

    CODE = "code"
    PASSKEY = "passkey"
    RECOVERY_CODE = "recovery-code"


@dataclass(frozen=True)
class Known:
    """What is to be compared with a login's password; nothing where nobody has this login."""

    account_id: str | None
    password_hash: str | None


def login_key(login: str) -> str:
    """The same text for all ways to write a login, whether there is one or not."""
    try:
        return normalise_login(login)
    except LoginWrong:
        return login


def credentials_of(session: Session, login: str) -> Known:
    """Those of a login, as far as there is one."""
    try:
        normal = normalise_login(login)
    except LoginWrong:
        return Known(None, None)
    query = (
        select(AccountRow.id, CredentialRow.password_hash)
        .join(CredentialRow, CredentialRow.account_id == AccountRow.id)
        .where((AccountRow.login == normal) & (AccountRow.state == "active"))
    )
    found = session.execute(query).one_or_none()
    return Known(*found) if found else Known(None, None)


def factors_of(session: Session, account_id: str) -> list[Factor]:
    """What this account has, the usual way first."""
    kept = session.get(CredentialRow, account_id)
    passkeys = session.scalar(select(func.count()).where(PasskeyRow.account_id == account_id)) or 0
    found = []
    if passkeys:
        found.append(Factor.PASSKEY)
    if kept and kept.totp_sealed:
        found.append(Factor.CODE)
    if recovery_codes_left(session, account_id):
        found.append(Factor.RECOVERY_CODE)
    return found


def check_not_blocked(session: Session, account_id: str) -> None:
    """Nothing, if second factors of this account are still looked at. Raises: SecondFactorBlocked, SignInEnded."""
    wrong = session.scalar(select(CredentialRow.wrong_codes).where(CredentialRow.account_id == account_id))
    if wrong is None:
        raise SignInEnded
    if wrong >= MOST_WRONG_IN_A_ROW:
        raise SecondFactorBlocked


def is_code_right(session: Session, key: bytes, account_id: str, code: str) -> bool:
    """Whether the app shows this code now and nobody used it before; from now on it is used."""
    kept = session.get(CredentialRow, account_id)
    secret = unseal(key, kept.totp_sealed, account_id) if kept and kept.totp_sealed else None
    if kept is None or secret is None:
        return False
    step = step_of_code(secret, code, kept.totp_last_step)
    if step is None:
        return False
    is_later = CredentialRow.totp_last_step.is_(None) | (CredentialRow.totp_last_step < step)
    mine = (CredentialRow.account_id == account_id) & is_later
    return rows_changed(session, update(CredentialRow).where(mine).values(totp_last_step=step)) > 0


def is_recovery_code_right(session: Session, account_id: str, code: str) -> bool:
    """Whether it is one of theirs and unused; it is used from now on, which the audit says."""
    is_right = use_recovery_code(session, account_id, code)
    if is_right:
        left = recovery_codes_left(session, account_id)
        note(session, NamedActor(account_id), Action.USE_RECOVERY_CODE, account_id, figures={"left": left})
    return is_right


def note_wrong_factor(session: Session, account_id: str) -> None:
    """One more wrong second factor."""
    more = CredentialRow.wrong_codes + 1
    session.execute(update(CredentialRow).where(CredentialRow.account_id == account_id).values(wrong_codes=more))


def note_signed_in(session: Session, account_id: str, by: str) -> None:
    """Signed in: whatever was wrong before is forgotten."""
    session.execute(update(CredentialRow).where(CredentialRow.account_id == account_id).values(wrong_codes=0))
    who = NamedActor(account_id, by)
    note(session, who, Action.SIGN_IN, account_id)
    if by == Factor.RECOVERY_CODE:
        note_sign_in_change(session, who, NoticeKind.RECOVERY_CODE_USED)


def finish_by_passkey(session: Session, pending: Pending, known: KnownPasskey, sign_count: int) -> None:
    """Signed in by a passkey whose answer was verified, once, after the password or instead of it.

    Without the password, wrong codes that somebody gave with it neither keep its owner out nor are forgotten.
    Raises: PasskeyWrong, SignInEnded, SecondFactorBlocked.
    """
    if pending.account_id:
        check_not_blocked(session, pending.account_id)
    if not use_passkey(session, known, sign_count):
        raise PasskeyWrong("used elsewhere in the same moment")
    end_pending(session, pending.id)
    if pending.account_id:
        note_signed_in(session, known.account_id, Factor.PASSKEY)
    else:
        note(session, NamedActor(known.account_id, Factor.PASSKEY), Action.SIGN_IN, known.account_id)


def finish_set_up(session: Session, pending: Pending, *, totp_step: int | None) -> list[str]:
    """The account has what was set up, and the recovery codes, to be shown once; whatever it had before is gone.

    ``totp_step``: the step of the code that proved the app; None where a passkey was made instead.
    Raises: InvitationEnded, SignInEnded.
    """
    account_id = pending.account_id
    if not account_id or pending.invitation_id is None or pending.password_hash is None:
        raise SignInEnded
    use_invitation(session, pending.invitation_id)
    for table in (CredentialRow, PasskeyRow):
        session.execute(delete(table).where(table.account_id == account_id))
    session.add(
        CredentialRow(
            account_id=account_id,
            password_hash=pending.password_hash,
            totp_sealed=pending.totp_sealed if totp_step is not None else None,
            totp_last_step=totp_step,
            wrong_codes=0,
        )
    )
    end_sessions(session, account_id)
    end_pending(session, pending.id)
    note(session, NamedActor(account_id, "invitation"), Action.OPEN_ACCOUNT, account_id)
    return new_recovery_codes(session, account_id)


def password_hash_of(session: Session, account_id: str) -> str | None:
    """What is remembered of their password; None for an account without one."""
    return session.scalar(select(CredentialRow.password_hash).where(CredentialRow.account_id == account_id))


def change_password(session: Session, who: Actor, password_hash: str) -> list[str]:
    """Remember another password and end all sessions but the one that asked; the ids of those that ended."""
    values = {"password_hash": password_hash, "changed_at": utcnow(), "wrong_codes": 0}
    session.execute(update(CredentialRow).where(CredentialRow.account_id == who.account_id).values(values))
    note(session, who, Action.CHANGE_PASSWORD, who.account_id)
    note_sign_in_change(session, who, NoticeKind.PASSWORD_CHANGED)
    return end_sessions_but(session, who.account_id, who.session_id)


def make_recovery_codes(session: Session, who: Actor) -> list[str]:
    """Ten new ones, to be shown once; those before are good no more."""
    note(session, who, Action.NEW_RECOVERY_CODES, who.account_id)
    note_sign_in_change(session, who, NoticeKind.RECOVERY_CODES_MADE)
    return new_recovery_codes(session, who.account_id)
