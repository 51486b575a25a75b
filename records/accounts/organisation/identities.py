"""Whose account a verified token opens, and which sessions a provider ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from records.accounts.organisation.configuration import Organisation
from records.accounts.organisation.errors import (
    AccountClosed,
    IdentityKnown,
    NoRoleGiven,
    NotInvited,
    NotProven,
    OrganisationRefused,
)
from records.accounts.organisation.linking import link_invited
from records.accounts.organisation.logout_token import LOGOUT_TOKEN_S, SKEW_S, LogoutToken
from records.accounts.principal import Role
from records.accounts.sessions import end_sessions
from records.clock import utcnow
from records.models import AccountRow, ExternalIdentityRow, ExternalSessionRow, SessionRow, SpentLogoutTokenRow
from records.secrets.keys import hash_secret

_MOST_NAME = 100


@dataclass(frozen=True)
class Admission:
    """Whose account it is; or why nobody is signed in, which is no reason to undo what was noted meanwhile."""

    account_id: str
    identity_id: str = ""
    refused: OrganisationRefused | None = None
    is_new: bool = False
    has_other_roles: bool = False


def admit(
    session: Session, organisation: Organisation, claims: Mapping[str, Any], invitation_id: str | None = None
) -> Admission:
    """The account of the person that verified ``claims`` mean, made where that is allowed, or the invited one.

    Name and roles are the provider's, each time anew. Somebody who has lost every role is signed out everywhere.
    """
    issuer, subject = organisation.issuer, str(claims["sub"])
    roles = organisation.roles_in(claims)
    found = _find(session, issuer, subject)
    is_new = found is None
    if invitation_id is not None:
        if found is not None:
            return Admission(found[1].id, refused=IdentityKnown("an invitation for somebody who has an account"))
        if roles is not None and not roles:
            return Admission("", refused=NoRoleGiven("an invited person, with no role in the claim"))
        found = link_invited(session, issuer, subject, invitation_id)
    elif found is None:
        if roles is not None and not roles:
            return Admission("", refused=NoRoleGiven("a person without an account, with no role in the claim"))
        if roles is None or not organisation.creates_accounts:
            return Admission("", refused=NotInvited("a person without an account"))
        found = _create(session, issuer, subject, _name_in(claims), roles)
    identity, account = found
    if account.state != "active":
        return Admission(account.id, refused=AccountClosed("a closed account"))
    former = account.roles
    if roles is not None:
        account.roles = _written(roles)
    if not account.roles:
        end_sessions(session, account.id)
        return Admission(account.id, refused=NoRoleGiven("an account with no role"))
    account.display_name = _name_in(claims) or account.display_name
    identity.signed_in_at = utcnow()
    return Admission(account.id, identity.id, is_new=is_new, has_other_roles=account.roles != former)


def note_external_session(
    session: Session, organisation: Organisation, identity_id: str, session_id: str, claims: Mapping[str, Any]
) -> None:
    """Remember that a session was begun at the provider, which may end it by the name that it has there."""
    sid = claims.get("sid")
    hashed = _hash(organisation, sid) if isinstance(sid, str) and sid else None
    session.add(ExternalSessionRow(session_id=session_id, identity_id=identity_id, sid_hash=hashed))


def end_external_sessions(session: Session, organisation: Organisation, token: LogoutToken) -> list[tuple[str, str]]:
    """End what a verified logout token names, once; the sessions' ids, each with its account's. Raises: NotProven."""
    now = utcnow()
    session.execute(delete(SpentLogoutTokenRow).where(SpentLogoutTokenRow.ends_at < now))
    spent = SpentLogoutTokenRow(
        token_hash=_hash(organisation, token.jti), ends_at=now + timedelta(seconds=LOGOUT_TOKEN_S + 2 * SKEW_S)
    )
    try:
        with session.begin_nested():
            session.add(spent)
    except IntegrityError as error:
        raise NotProven("logout token: it came before") from error
    query = (
        select(SessionRow.id, SessionRow.account_id)
        .join(ExternalSessionRow)
        .join(ExternalIdentityRow)
        .where(ExternalIdentityRow.issuer == organisation.issuer, ~SessionRow.forgets)
    )
    if token.sid is not None:
        query = query.where(ExternalSessionRow.sid_hash == _hash(organisation, token.sid))
    if token.subject is not None:
        query = query.where(ExternalIdentityRow.subject == token.subject)
    found = [(row.id, row.account_id) for row in session.execute(query)]
    session.execute(delete(SessionRow).where(SessionRow.id.in_([session_id for session_id, _ in found])))
    return found


def _find(session: Session, issuer: str, subject: str) -> tuple[ExternalIdentityRow, AccountRow] | None:
    query = select(ExternalIdentityRow, AccountRow).join(AccountRow)
    query = query.where(ExternalIdentityRow.issuer == issuer, ExternalIdentityRow.subject == subject)
    found = session.execute(query).one_or_none()
    return (found[0], found[1]) if found else None


def _create(
    session: Session, issuer: str, subject: str, name: str, roles: frozenset[Role]
) -> tuple[ExternalIdentityRow, AccountRow]:
    try:
        with session.begin_nested():
            account = AccountRow(kind="person", display_name=name or "A new colleague", roles=_written(roles))
            session.add(account)
            session.flush()
            identity = ExternalIdentityRow(issuer=issuer, subject=subject, account_id=account.id)
            session.add(identity)
    except IntegrityError:  # they came in by another window at the same moment
        found = _find(session, issuer, subject)
        if found is None:
            raise
        return found
    return identity, account


def _name_in(claims: Mapping[str, Any]) -> str:
    for name in ("name", "preferred_username"):
        said = claims.get(name)
        if isinstance(said, str) and said.isprintable() and said.strip():
            return said.strip()[:_MOST_NAME]
    return ""


def _written(roles: frozenset[Role]) -> str:
    return " ".join(sorted(roles))


def _hash(organisation: Organisation, name: str) -> str:
    return hash_secret(f"{organisation.issuer}\n{name}")
