"""The people of a service: who they are, inviting them, their roles, and closing their accounts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from records.accounts.api_tokens import revoke_api_tokens
from records.accounts.closing import close_account
from records.accounts.local.errors import LoginTaken, NoSuchPerson, NotYourself, SignsInElsewhere
from records.accounts.local.invitations import create_invitation
from records.accounts.local.passwords import normalise_login
from records.accounts.local.resets import begin_reset, signs_in_elsewhere
from records.accounts.opened import is_unconfirmed
from records.accounts.principal import Role, parse_roles
from records.accounts.sessions import end_sessions, end_sessions_of_lost_device, sessions_of
from records.audit.actions import Action
from records.audit.actor import Actor
from records.audit.log import note
from records.models import (
    AccountRow,
    CredentialRow,
    InvitationRow,
    PasskeyRow,
    PendingSignInRow,
    RecoveryCodeRow,
)


class ResetReason(StrEnum):
    """Why somebody is to set up their sign-in anew: a word of a closed list, since audit lines hold no free text."""

    LOST_SECOND_FACTOR = "lost_second_factor"
    FORGOT_PASSWORD = "forgot_password"  # noqa: S105 a word
    SEEN_BY_OTHERS = "seen_by_others"


class Person(BaseModel):
    """Somebody who works here."""

    model_config = ConfigDict(frozen=True)

    id: str
    login: str | None
    display_name: str
    roles: list[Role]
    state: str
    """active or closed."""
    has_password: bool
    """Whether they have set up their account by their invitation."""
    waits_for_confirmation: bool
    """Whether they may do nothing since they were invited anew, until a second person has confirmed it."""
    invited_until: datetime | None
    created_at: datetime


def list_people(session: Session) -> list[Person]:
    """Everybody, the closed ones last."""
    query = (
        select(AccountRow, CredentialRow.account_id, InvitationRow.ends_at, is_unconfirmed())
        .outerjoin(CredentialRow, CredentialRow.account_id == AccountRow.id)
        .outerjoin(InvitationRow, (InvitationRow.account_id == AccountRow.id) & InvitationRow.used_at.is_(None))
        .where(AccountRow.kind == "person")
        .order_by(AccountRow.state, AccountRow.display_name, AccountRow.id)
    )
    return [
        Person(
            id=row.id,
            login=row.login,
            display_name=row.display_name,
            roles=sorted(parse_roles(row.roles)),
            state=row.state,
            has_password=credential is not None,
            waits_for_confirmation=waits,
            invited_until=ends_at,
            created_at=row.created_at,
        )
        for row, credential, ends_at, waits in session.execute(query)
    ]


def person_of(session: Session, account_id: str) -> Person:
    """Somebody by their account. Raises: NoSuchPerson."""
    found = [one for one in list_people(session) if one.id == account_id and one.state == "active"]
    if not found:
        raise NoSuchPerson
    return found[0]


def person_by_login(session: Session, login: str) -> str:
    """The account with this login. Raises: NoSuchPerson, LoginWrong."""
    found = session.scalar(select(AccountRow.id).where(AccountRow.login == normalise_login(login)))
    if found is None:
        raise NoSuchPerson
    return found


def invite_person(
    session: Session, who: Actor, login: str, display_name: str, roles: Iterable[Role]
) -> tuple[str, str]:
    """A new account and the secret of its invitation. Raises: LoginWrong, LoginTaken."""
    normal = normalise_login(login)
    if session.scalar(select(AccountRow.id).where(AccountRow.login == normal)) is not None:
        raise LoginTaken
    row = AccountRow(kind="person", login=normal, display_name=display_name.strip() or normal, roles=_text(roles))
    session.add(row)
    session.flush()
    note(session, who, Action.INVITE, row.id, figures=_figures(roles))
    return row.id, create_invitation(session, row.id)


def invite_again(session: Session, who: Actor, account_id: str, reason: ResetReason) -> str:
    """A new invitation for somebody who lost password or second factor.

    What they had is good no more; their sessions and API tokens end at once. An account that had been set up, or to
    which families belong or are shared, may do nothing until the reset is confirmed (records/accounts/local/resets.py).
    Raises: NoSuchPerson, NotYourself, SignsInElsewhere.
    """
    _changeable(session, who, account_id)
    if signs_in_elsewhere(session, account_id):
        raise SignsInElsewhere
    begin_reset(session, who, account_id, reason, keep_proof=reason != ResetReason.SEEN_BY_OTHERS)
    for table in (CredentialRow, RecoveryCodeRow, PasskeyRow, PendingSignInRow):
        session.execute(delete(table).where(table.account_id == account_id))
    end_sessions(session, account_id)
    revoke_api_tokens(session, account_id)
    note(session, who, Action.RESET_SIGN_IN, account_id, figures={"reason": reason})
    return create_invitation(session, account_id)


def change_roles(session: Session, who: Actor, account_id: str, roles: Iterable[Role]) -> None:
    """From the next request on they may do that. Raises: NoSuchPerson, NotYourself."""
    row = _changeable(session, who, account_id)
    note(session, who, Action.CHANGE_ROLES, account_id, figures=_figures(roles))
    row.roles = _text(roles)


def sign_out_person(session: Session, who: Actor, account_id: str, *, forget: bool) -> list[str]:
    """End every session of somebody, who can sign in again; the ids of those that ended.

    ``forget``: a device was lost, whose browser is to forget what it keeps once it asks anything. Their API tokens go
    on. Raises: NoSuchPerson, NotYourself.
    """
    _changeable(session, who, account_id)
    ended = sessions_of(session, account_id)
    (end_sessions_of_lost_device if forget else end_sessions)(session, account_id)
    note(session, who, Action.END_SESSION, account_id, figures={"ended": len(ended), "forget": int(forget)})
    return ended


def close_person(session: Session, who: Actor, account_id: str) -> None:
    """Nobody can sign in as them any more; the login can be given anew. Raises: NoSuchPerson, NotYourself."""
    row = _changeable(session, who, account_id)
    for table in (CredentialRow, RecoveryCodeRow, PasskeyRow, PendingSignInRow, InvitationRow):
        session.execute(delete(table).where(table.account_id == account_id))
    row.login = None
    session.flush()
    close_account(session, account_id)
    note(session, who, Action.CLOSE_ACCOUNT, account_id)


def _changeable(session: Session, who: Actor, account_id: str) -> AccountRow:
    row = session.get(AccountRow, account_id, with_for_update={"key_share": True})
    if row is None or row.kind != "person" or row.state != "active":
        raise NoSuchPerson
    if account_id == who.account_id:
        raise NotYourself
    return row


def _figures(roles: Iterable[Role]) -> dict[str, Role]:
    return {f"role_{number}": role for number, role in enumerate(sorted(set(roles)), 1)}


def _text(roles: Iterable[Role]) -> str:
    return " ".join(sorted(set(roles)))
