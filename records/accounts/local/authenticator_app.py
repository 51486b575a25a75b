"""The authenticator app of an account that there is already: set up, moved to another phone, and removed."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from records.accounts.local.errors import LastSecondFactor, NoSuchPerson
from records.accounts.local.passkeys import passkeys_of
from records.accounts.notices import NoticeKind, note_sign_in_change
from records.audit.actions import Action
from records.audit.actor import Actor
from records.audit.log import note
from records.models import CredentialRow


def set_app(session: Session, who: Actor, totp_sealed: str, step: int) -> None:
    """Codes of this key are good from now on; those of another phone's no more. Raises: NoSuchPerson.

    ``step``: of the code that proved the app, which is used by that.
    """
    kept = _credentials(session, who)
    kept.totp_sealed, kept.totp_last_step = totp_sealed, step
    note(session, who, Action.ADD_SECOND_FACTOR, who.account_id)
    note_sign_in_change(session, who, NoticeKind.APP_SET_UP)


def remove_app(session: Session, who: Actor) -> None:
    """No code is good any more. Raises: NoSuchPerson, LastSecondFactor."""
    kept = _credentials(session, who)
    if kept.totp_sealed is None:
        return
    if not passkeys_of(session, who.account_id):
        raise LastSecondFactor
    kept.totp_sealed = kept.totp_last_step = None
    note(session, who, Action.REMOVE_SECOND_FACTOR, who.account_id)
    note_sign_in_change(session, who, NoticeKind.APP_REMOVED)


def _credentials(session: Session, who: Actor) -> CredentialRow:
    # Locked, so that the app and the last passkey do not both go at the same time.
    query = select(CredentialRow).where(CredentialRow.account_id == who.account_id).with_for_update()
    kept = session.scalars(query).one_or_none()
    if kept is None:
        raise NoSuchPerson
    return kept
