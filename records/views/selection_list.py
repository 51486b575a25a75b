"""The list of selections, the newest first, page by page."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from records.accounts.principal import Principal
from records.families.access import Right, grounds
from records.models import SelectionRow
from records.paging import Position
from records.views.selections import SelectionSummary, summaries


def list_selections(
    session: Session,
    who: Principal,
    *,
    limit: int,
    after: Position | None = None,
    family_id: str = "",
    offset: int = 0,
) -> tuple[list[SelectionSummary], Position | None]:
    """Those that they may see, the newest first, and where the next ones begin; of all families, or of one."""
    at, row_id = SelectionRow.created_at, SelectionRow.id
    places = set[Position]()
    for ground in grounds(who, Right.SEE):
        query = select(at, row_id).where(SelectionRow.visible, ground).order_by(at.desc(), row_id.desc())
        if family_id:
            query = query.where(SelectionRow.family_id == family_id)
        if after:
            query = query.where(after.is_followed_by(at, row_id))
        places |= {Position(*row) for row in session.execute(query.limit(offset + limit + 1))}
    page = sorted(places, key=lambda place: (place.at, place.id), reverse=True)[offset:]
    chosen = [place.id for place in page[:limit]]
    rows = session.scalars(select(SelectionRow).where(row_id.in_(chosen)).options(selectinload(SelectionRow.moments)))
    found = {row.id: row for row in rows}
    return summaries(found[one] for one in chosen if one in found), page[limit - 1] if len(page) > limit else None
