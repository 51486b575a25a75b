"""Breaking the glass: a family of another guider's is seen for a few hours when there is no time to ask her."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from pydantic import BaseModel, ConfigDict
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from records.accounts.notices import NoticeKind, add_notice
from records.accounts.opened import lock_opened
from records.accounts.principal import Principal, Role, parse_roles
from records.audit.actions import Action
from records.audit.log import note
from records.clock import utcnow
from records.errors import RecordsError
from records.families.access import Right, ShareKind, may_with_family
from records.families.families import FamilyGone, find_family
from records.families.sharing import ShareWrong
from records.models import AccountRow, FamilyShareRow

GOOD_FOR: Final = timedelta(hours=4)
MOST_A_DAY: Final = 3


class BreakGlassTooOften(RecordsError):
    """Somebody opened so many families in a day that it is no emergency any more."""

    code = "break_glass_too_often"
    for_guider = "You have opened three families in an emergency within a day. Ask their guiders, or your manager."


class BrokenGlass(BaseModel):
    """A family that is open for a while."""

    model_config = ConfigDict(frozen=True)

    family_id: str
    share_id: str
    until: datetime


def break_glass(session: Session, who: Principal, code: str, reason: str) -> BrokenGlass:
    """See, for four hours and without changing anything, the family with this code.

    Its guider is told at once, with the reason, and can end it; so are all managers and information governance.
    Raises: FamilyGone, ShareWrong (there is no need, or it is no person's own account), BreakGlassTooOften.
    """
    if lock_opened(session, who.account_id) is None:
        raise ShareWrong
    now = utcnow()
    lately = (FamilyShareRow.account_id == who.account_id) & (FamilyShareRow.created_at > now - timedelta(days=1))
    opened = select(func.count()).where(lately, FamilyShareRow.kind == ShareKind.BREAK_GLASS)
    if (session.scalar(opened) or 0) >= MOST_A_DAY:
        raise BreakGlassTooOften
    row = find_family(session, code)  # only now: who has spent the day's learns of no code whether there is one
    if row is None:
        raise FamilyGone
    if may_with_family(session, who, row, Right.SEE):
        raise ShareWrong(for_guider="You can see this family already.")
    share = FamilyShareRow(
        family_id=row.id,
        account_id=who.account_id,
        kind=ShareKind.BREAK_GLASS,
        until=now + GOOD_FOR,
        reason=reason,
        by=who.account_id,
    )
    session.add(share)
    session.flush()
    for account_id in {row.owner_account_id, *_second_persons(session)} - {who.account_id}:
        add_notice(session, account_id, NoticeKind.GLASS_BROKEN, share.id, family_id=row.id)
    note(session, who, Action.BREAK_GLASS, share.id, family_id=row.id)
    return BrokenGlass(family_id=row.id, share_id=share.id, until=now + GOOD_FOR)


def _second_persons(session: Session) -> list[str]:
    people = select(AccountRow).where(AccountRow.kind == "person", AccountRow.state == "active")
    wanted = {Role.MANAGER, Role.GOVERNANCE}
    return [row.id for row in session.scalars(people) if wanted & parse_roles(row.roles)]
