"""What a browser that kept something of selections is told to drop."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from records.accounts.principal import Principal
from records.audit.erasure_register import ErasureKind
from records.families.access import visible_ids
from records.models import ErasureRow, SelectionRow


def gone_selections(session: Session, who: Principal, selection_ids: Collection[str]) -> list[str]:
    """Of these, those that were erased and those that are not for them to see any more, in the order of their ids.

    One that the database never knew is not among them, nor one that it lost to a restore: what the browser has of it
    may be all there is.
    """
    erased = select(ErasureRow.target).where(
        ErasureRow.kind == ErasureKind.SELECTION, ErasureRow.target.in_(selection_ids)
    )
    there = select(SelectionRow.id).where(SelectionRow.id.in_(selection_ids))
    known = {*session.scalars(erased), *session.scalars(there)}
    return sorted(known - visible_ids(session, who, selection_ids))
