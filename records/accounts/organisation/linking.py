"""An invited account becomes that of a person whom the provider names: by its invitation, once, and by nothing else.

No claim but ``sub`` is looked at for it: an e-mail address may change hands, and its owner may choose it.
"""

from __future__ import annotations

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from records.accounts.local.errors import InvitationEnded
from records.accounts.local.invitations import use_invitation
from records.accounts.organisation.errors import IdentityKnown, InvitationOver
from records.accounts.sessions import end_sessions
from records.models import (
    AccountRow,
    CredentialRow,
    ExternalIdentityRow,
    InvitationRow,
    PasskeyRow,
    PendingSignInRow,
    RecoveryCodeRow,
)


def link_invited(
    session: Session, issuer: str, subject: str, invitation_id: str
) -> tuple[ExternalIdentityRow, AccountRow]:
    """The invited account, opened by this person from now on and by nothing that it had before.

    Raises: InvitationOver, IdentityKnown.
    """
    account_id = session.scalar(select(InvitationRow.account_id).where(InvitationRow.id == invitation_id))
    account = session.get(AccountRow, account_id) if account_id else None
    if account is None or account.state != "active":
        raise InvitationOver("its account is closed, or it was replaced")
    try:
        use_invitation(session, invitation_id)
    except InvitationEnded as error:
        raise InvitationOver("used, or too old") from error
    for table in (CredentialRow, RecoveryCodeRow, PasskeyRow, PendingSignInRow):
        session.execute(delete(table).where(table.account_id == account.id))
    end_sessions(session, account.id)
    identity = ExternalIdentityRow(issuer=issuer, subject=subject, account_id=account.id)
    try:
        with session.begin_nested():
            session.add(identity)
    except IntegrityError as error:  # by another invitation at the same moment
        raise IdentityKnown("known since a moment ago") from error
    return identity, account
