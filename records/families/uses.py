"""Whether somebody may look at moments that are theirs to see: for what they look, somebody agreed or not."""

from __future__ import annotations

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from pipeline.purposes import Purpose
from records.accounts.principal import Principal
from records.clock import utcnow
from records.consent.check import require
from records.consent.uses import base_purpose
from records.families.access import Right, ShareKind, check_selection, may
from records.models import FamilyShareRow, SelectionRow


def require_look(session: Session, who: Principal, selection_id: str, moment_id: str = "") -> None:
    """Nothing, if they may look at a moment, or at all of a selection; a supervisor looks for supervision.

    Nothing, too, where there is no such selection: that is another's to say. Raises: ConsentMissing.
    """
    selection = session.get(SelectionRow, selection_id)
    if selection is None:
        return
    purposes = {base_purpose(selection)}
    if _supervises(session, who, selection):
        purposes.add(Purpose.SUPERVISION)
    for purpose in sorted(purposes):
        if moment_id:
            require(session, purpose, moment_ids=[moment_id])
        else:
            require(session, purpose, selection_ids=[selection_id])


def check_look(session: Session, who: Principal, selection_id: str, moment_id: str = "") -> None:
    """Nothing, if it is there, theirs to see, and they may look. Raises: SelectionGone, ConsentMissing."""
    check_selection(session, who, selection_id, Right.SEE)
    require_look(session, who, selection_id, moment_id)


def _supervises(session: Session, who: Principal, selection: SelectionRow) -> bool:
    """Whether it is by a supervisor's share alone that they see it."""
    works = select(SelectionRow.id).where(SelectionRow.id == selection.id, may(who, Right.WORK))
    if session.scalar(works) is not None:
        return False
    kinds = select(FamilyShareRow.kind).where(
        FamilyShareRow.account_id == who.account_id,
        FamilyShareRow.family_id == selection.family_id,
        or_(FamilyShareRow.selection_id.is_(None), FamilyShareRow.selection_id == selection.id),
        FamilyShareRow.ended_at.is_(None),
        or_(FamilyShareRow.until.is_(None), FamilyShareRow.until > utcnow()),
    )
    return ShareKind.BREAK_GLASS not in set(session.scalars(kinds))
