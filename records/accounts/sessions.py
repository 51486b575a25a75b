"""Sessions on the server: a browser holds a random text, the database its hash and until when it is good."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from pydantic import BaseModel, ConfigDict
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from records.accounts.opened import is_unconfirmed
from records.accounts.principal import Principal, Scope, Via, parse_roles, scopes_of
from records.accounts.shared_secrets import NAMES, SharedSecrets
from records.clock import utcnow
from records.database import rows_changed
from records.models import AccountRow, ExternalSessionRow, SessionRow
from records.secrets.keys import hash_secret, is_same, new_secret

MOST_SESSIONS: Final = 20
"""That one person has at once; all who know a shared token are many."""
REMEMBER_LOST: Final = timedelta(days=365)
"""So long a device that was lost is told to forget, once it comes back."""
TOUCH_EVERY_S: Final = 60
"""That somebody is still there is written down once in so long, not with every request."""


@dataclass(frozen=True)
class Lifetime:
    """How long a session may go on."""

    idle_s: int
    longest_s: int


@dataclass(frozen=True)
class SessionFound:
    """A session that is good now."""

    principal: Principal
    ends_at: datetime
    """If nothing more is asked."""
    is_to_be_touched: bool


class SessionView(BaseModel):
    """One of somebody's sessions, as they see it."""

    model_config = ConfigDict(frozen=True)

    id: str
    device: str
    signed_in_at: datetime
    seen_at: datetime
    ends_at: datetime
    is_this_one: bool


def begin_session(
    session: Session, secrets: SharedSecrets, account_id: str, *, by: str, device: str, lifetime: Lifetime
) -> str:
    """A new session's secret, for the browser's cookie; it stands nowhere else.

    Of a person's sessions beyond MOST_SESSIONS, those end that were used least lately.
    """
    now, value = utcnow(), new_secret()
    session.execute(delete(SessionRow).where(SessionRow.ends_at < now))
    if session.scalar(select(AccountRow.kind).where(AccountRow.id == account_id)) == "person":
        theirs = (SessionRow.account_id == account_id) & ~SessionRow.forgets
        newest = select(SessionRow.id).where(theirs)
        kept = session.scalars(newest.order_by(SessionRow.seen_at.desc()).limit(MOST_SESSIONS - 1)).all()
        session.execute(delete(SessionRow).where(theirs, SessionRow.id.not_in(kept)))
    session.add(
        SessionRow(
            secret_hash=hash_secret(value),
            proof=secrets.prove(account_id, value),
            account_id=account_id,
            signed_in_by=by,
            signed_in_at=now,
            seen_at=now,
            idle_s=lifetime.idle_s,
            ends_at=now + timedelta(seconds=lifetime.longest_s),
            device=device[:100],
        )
    )
    session.flush()
    return value


@dataclass(frozen=True)
class SessionBegun:
    """A session that begins."""

    value: str
    """Its secret, for the browser's cookie; it stands nowhere else."""
    id: str
    ended_id: str
    """The session that the browser had before; empty: none."""


def replace_session(
    session: Session,
    secrets: SharedSecrets,
    former: str,
    account_id: str,
    *,
    by: str,
    device: str,
    lifetime: Lifetime,
) -> SessionBegun:
    """A new session for a browser; the one whose secret it brought (``former``) ends."""
    before = find_session(session, secrets, former) if former else None
    if before is not None:
        end_session(session, before.principal.account_id, before.principal.session_id)
    value = begin_session(session, secrets, account_id, by=by, device=device, lifetime=lifetime)
    begun_id = session.scalars(select(SessionRow.id).where(SessionRow.secret_hash == hash_secret(value))).one()
    return SessionBegun(value, begun_id, before.principal.session_id if before else "")


def find_session(session: Session, secrets: SharedSecrets, value: str) -> SessionFound | None:
    """Whose session this is; None where it never was, has ended, or its account or shared secret is no more."""
    now = utcnow()
    query = select(SessionRow, AccountRow, is_unconfirmed()).join(AccountRow)
    is_this = (SessionRow.secret_hash == hash_secret(value)) & ~SessionRow.forgets
    found = session.execute(query.where(is_this)).one_or_none()
    if found is None:
        return None
    row, account, waits = found
    ends_at = _end_of(row)
    if account.state != "active" or ends_at <= now or not is_proven(secrets, account, row.proof, value):
        return None
    roles = parse_roles(account.roles)
    name = NAMES.get(account.id, account.id)
    scopes = frozenset[Scope]() if waits else scopes_of(roles)
    principal = Principal(account.id, name, roles, Via.SESSION, scopes, row.id, is_confirmed=not waits)
    return SessionFound(principal, ends_at, (now - row.seen_at).total_seconds() >= TOUCH_EVERY_S)


def is_to_forget(session: Session, value: str) -> bool:
    """Whether a browser comes with a session that was ended because it was lost."""
    ended = select(SessionRow.id).where(SessionRow.secret_hash == hash_secret(value), SessionRow.forgets)
    return session.scalar(ended) is not None


def is_proven(secrets: SharedSecrets, account: AccountRow, proof: str | None, value: str) -> bool:
    """Whether what was begun with a shared secret was begun with the one that holds now."""
    if account.kind == "person":
        return True
    now = secrets.prove(account.id, value)
    return now is not None and proof is not None and is_same(proof, now)


def was_begun_elsewhere(session: Session, session_id: str) -> bool:
    """Whether a session was begun at the organisation's provider."""
    found = select(ExternalSessionRow.session_id).where(ExternalSessionRow.session_id == session_id)
    return session.scalar(found) is not None


def touch_session(session: Session, session_id: str) -> None:
    """Somebody is still there."""
    session.execute(update(SessionRow).where(SessionRow.id == session_id).values(seen_at=utcnow()))


def display_name_of(session: Session, account_id: str) -> str:
    """What colleagues call an account; of those that nobody has alone, what the audit does."""
    if account_id in NAMES:
        return NAMES[account_id]
    return session.scalar(select(AccountRow.display_name).where(AccountRow.id == account_id)) or account_id


def end_session(session: Session, account_id: str, session_id: str) -> bool:
    """End one of an account's sessions; whether there was one."""
    mine = (SessionRow.account_id == account_id) & (SessionRow.id == session_id)
    return rows_changed(session, delete(SessionRow).where(mine)) > 0


def end_sessions(session: Session, account_id: str) -> int:
    """End all sessions of an account; how many. Browsers that were told to forget still are."""
    return rows_changed(session, delete(SessionRow).where(SessionRow.account_id == account_id, ~SessionRow.forgets))


def end_sessions_of_lost_device(session: Session, account_id: str) -> None:
    """End all sessions of an account; each of its browsers is told to forget what it keeps, should it ask again."""
    values = {"forgets": True, "ends_at": utcnow() + REMEMBER_LOST}
    session.execute(update(SessionRow).where(SessionRow.account_id == account_id).values(values))


def sessions_of(session: Session, account_id: str) -> list[str]:
    """The ids of an account's sessions."""
    return list(session.scalars(select(SessionRow.id).where(SessionRow.account_id == account_id, ~SessionRow.forgets)))


def end_sessions_but(session: Session, account_id: str, session_id: str) -> list[str]:
    """End all sessions of an account but one; the ids of those that ended."""
    others = (SessionRow.account_id == account_id) & (SessionRow.id != session_id) & ~SessionRow.forgets
    ended = list(session.scalars(select(SessionRow.id).where(others)))
    session.execute(delete(SessionRow).where(others))
    return ended


def list_sessions(session: Session, account_id: str, this_one: str) -> list[SessionView]:
    """Those of an account that are good now, the one seen last first."""
    theirs = (SessionRow.account_id == account_id) & ~SessionRow.forgets
    query = select(SessionRow).where(theirs).order_by(SessionRow.seen_at.desc())
    now = utcnow()
    return [
        SessionView(
            id=row.id,
            device=row.device,
            signed_in_at=row.signed_in_at,
            seen_at=row.seen_at,
            ends_at=_end_of(row),
            is_this_one=row.id == this_one,
        )
        for row in session.scalars(query)
        if _end_of(row) > now
    ]


def _end_of(row: SessionRow) -> datetime:
    return min(row.ends_at, row.seen_at + timedelta(seconds=row.idle_s))
