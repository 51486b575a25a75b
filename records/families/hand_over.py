"""Handing families over to another guider, before the account of who leaves is closed."""

from __future__ import annotations

from collections.abc import Collection

from pydantic import BaseModel, ConfigDict
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from records.accounts.notices import NoticeKind, add_notice
from records.accounts.opened import is_opened, lock_opened
from records.accounts.principal import Role, parse_roles
from records.audit.actions import Action
from records.audit.actor import Actor
from records.audit.log import note
from records.clock import utcnow
from records.copies.links import end_links
from records.errors import RecordsError
from records.models import AccountRow, FamilyRow, FamilyShareRow, HandOverRow


class HandOverWrong(RecordsError):
    """There is nobody there who could be given a family."""

    code = "hand_over_wrong"
    for_guider = (
        "Families can be handed over to a guider with an open account, which its owner has set up by the invitation."
    )


class NotToYourself(RecordsError):
    """Somebody wanted to give other people's families to herself."""

    code = "not_to_yourself"
    for_guider = "Nobody hands families over to themselves. Ask another manager, or IT support, to do it."


class OwnerView(BaseModel):
    """Whose families there are, for who hands them over: how many, and nothing of any of them."""

    model_config = ConfigDict(frozen=True)

    account_id: str
    name: str
    families: int
    is_guider: bool
    """Whether who asks can hand families over to them: another guider whose account is open, and who has set it up."""


def list_owners(session: Session, who: Actor) -> list[OwnerView]:
    """Every guider with an open account, and others to whom families still belong: also all who shared a token."""
    owned = select(FamilyRow.owner_account_id.label("id"), func.count().label("families"))
    counted = owned.group_by(FamilyRow.owner_account_id).subquery()
    query = (
        select(AccountRow, func.coalesce(counted.c.families, 0), is_opened())
        .outerjoin(counted, counted.c.id == AccountRow.id)
        .order_by(AccountRow.display_name, AccountRow.id)
    )
    found = [
        (row, families, opened and row.id != who.account_id and Role.GUIDER in parse_roles(row.roles))
        for row, families, opened in session.execute(query)
    ]
    return [
        OwnerView(account_id=row.id, name=row.display_name, families=families, is_guider=is_guider)
        for row, families, is_guider in found
        if families or is_guider
    ]


def families_owned(session: Session, account_id: str) -> list[str]:
    """The ids of every family of an account."""
    return list(session.scalars(select(FamilyRow.id).where(FamilyRow.owner_account_id == account_id)))


def hand_over(
    session: Session, who: Actor, family_ids: Collection[str], from_account_id: str, to_account_id: str, reason: str
) -> int:
    """Give these families of one guider to another, with all that is in them; how many.

    The reason is kept and told to both; the audit has a line for each family, with the id of what was kept. Shares and
    links that there were end: the new one decides anew. Raises: NotToYourself, HandOverWrong.
    """
    if to_account_id == who.account_id:
        raise NotToYourself
    account = lock_opened(session, to_account_id)
    if account is None or account.id == from_account_id or Role.GUIDER not in parse_roles(account.roles):
        raise HandOverWrong
    chosen = (FamilyRow.owner_account_id == from_account_id) & FamilyRow.id.in_(family_ids)
    rows = session.scalars(select(FamilyRow).where(chosen).order_by(FamilyRow.id).with_for_update()).all()
    for row in rows:
        row.owner_account_id, row.viewed_at = to_account_id, utcnow()
        shares = (FamilyShareRow.family_id == row.id) & FamilyShareRow.ended_at.is_(None)
        session.execute(update(FamilyShareRow).where(shares).values(ended_at=utcnow()))
        end_links(session, who, row.id)
        kept = HandOverRow(
            family_id=row.id,
            from_account_id=from_account_id,
            to_account_id=to_account_id,
            by=who.account_id,
            reason=reason,
        )
        session.add(kept)
        session.flush()
        for one in (from_account_id, to_account_id):
            add_notice(session, one, NoticeKind.HANDED_OVER, kept.id, family_id=row.id)
        note(session, who, Action.HAND_OVER, f"{to_account_id} {kept.id}", family_id=row.id)
    return len(rows)
