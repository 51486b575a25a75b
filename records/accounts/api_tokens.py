"""API tokens: what a program shows instead of signing in; named, for some purposes only, and for a limited time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from pydantic import BaseModel, ConfigDict
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from records.accounts.opened import is_unconfirmed
from records.accounts.principal import Principal, Scope, Via, parse_roles, parse_scopes, scopes_of
from records.accounts.sessions import TOUCH_EVERY_S, is_proven
from records.accounts.shared_secrets import SharedSecrets
from records.clock import utcnow
from records.database import rows_changed
from records.models import AccountRow, ApiTokenRow
from records.secrets.keys import hash_secret, new_secret

PREFIX: Final = "vgp_"


class ApiTokenView(BaseModel):
    """A token as its owner sees it; the token itself is shown once, when it is made."""

    model_config = ConfigDict(frozen=True)

    id: str
    name: str
    scopes: list[Scope]
    created_at: datetime
    ends_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None


def create_api_token(
    session: Session, secrets: SharedSecrets, account_id: str, *, name: str, scopes: Iterable[Scope], days: int
) -> tuple[str, ApiTokenView]:
    """The token, which stands nowhere else, and what is remembered of it."""
    value, now = new_secret(PREFIX), utcnow()
    row = ApiTokenRow(
        secret_hash=hash_secret(value),
        proof=secrets.prove(account_id, value),
        account_id=account_id,
        name=name,
        scopes=" ".join(sorted(set(scopes))),
        created_at=now,
        ends_at=now + timedelta(days=days),
    )
    session.add(row)
    session.flush()
    return value, _view(row)


def find_api_token(session: Session, secrets: SharedSecrets, value: str) -> tuple[Principal, bool] | None:
    """Whose token this is, and whether its use is to be noted; None where it is not good.

    It never opens more than its account may now.
    """
    now = utcnow()
    query = (
        select(ApiTokenRow, AccountRow, is_unconfirmed())
        .join(AccountRow)
        .where(ApiTokenRow.secret_hash == hash_secret(value))
    )
    found = session.execute(query).one_or_none()
    if found is None:
        return None
    row, account, waits = found
    is_good = account.state == "active" and not waits and row.revoked_at is None and row.ends_at > now
    if not is_good or not is_proven(secrets, account, row.proof, value):
        return None
    roles = parse_roles(account.roles)
    scopes = parse_scopes(row.scopes) & scopes_of(roles)
    principal = Principal(account.id, f"API token {row.id[:12]}", roles, Via.API_TOKEN, scopes, row.id)
    return principal, row.used_at is None or (now - row.used_at).total_seconds() >= TOUCH_EVERY_S


def touch_api_token(session: Session, token_id: str) -> None:
    """It was used just now."""
    session.execute(update(ApiTokenRow).where(ApiTokenRow.id == token_id).values(used_at=utcnow()))


def revoke_api_token(session: Session, account_id: str, token_id: str) -> bool:
    """From now on it opens nothing; whether there was such a token that still did."""
    mine = (ApiTokenRow.account_id == account_id) & (ApiTokenRow.id == token_id) & ApiTokenRow.revoked_at.is_(None)
    return rows_changed(session, update(ApiTokenRow).where(mine).values(revoked_at=utcnow())) > 0


def revoke_api_tokens(session: Session, account_id: str) -> None:
    """From now on none of the account's opens anything."""
    open_ones = (ApiTokenRow.account_id == account_id) & ApiTokenRow.revoked_at.is_(None)
    session.execute(update(ApiTokenRow).where(open_ones).values(revoked_at=utcnow()))


def list_api_tokens(session: Session, account_id: str) -> list[ApiTokenView]:
    """All that the account ever made, the newest first."""
    query = select(ApiTokenRow).where(ApiTokenRow.account_id == account_id).order_by(ApiTokenRow.created_at.desc())
    return [_view(row) for row in session.scalars(query)]


def _view(row: ApiTokenRow) -> ApiTokenView:
    return ApiTokenView(
        id=row.id,
        name=row.name,
        scopes=sorted(parse_scopes(row.scopes)),
        created_at=row.created_at,
        ends_at=row.ends_at,
        used_at=row.used_at,
        revoked_at=row.revoked_at,
    )
