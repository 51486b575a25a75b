"""With whom a family can be shared: those of one's colleagues who do this work, by name and no more."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict
from sqlalchemy import select
from sqlalchemy.orm import Session

from records.accounts.opened import is_opened
from records.accounts.principal import Principal, Role, parse_roles
from records.models import AccountRow

_ROLES = frozenset({Role.GUIDER, Role.SUPERVISOR})


class Colleague(BaseModel):
    """Somebody with whom a family can be shared."""

    model_config = ConfigDict(frozen=True)

    id: str
    name: str
    roles: list[Role]
    """guider, supervisor or both: as what it can be shared. Other roles are not told."""


def list_colleagues(session: Session, who: Principal) -> list[Colleague]:
    """Everybody else with an open account who is guider or supervisor, by name. On one person's machine nobody."""
    query = (
        select(AccountRow)
        .where(is_opened(), AccountRow.id != who.account_id)
        .order_by(AccountRow.display_name, AccountRow.id)
    )
    found = [(row, sorted(parse_roles(row.roles) & _ROLES)) for row in session.scalars(query)]
    return [Colleague(id=row.id, name=row.display_name, roles=roles) for row, roles in found if roles]
