"""Families as they are shown: one's own and those shared with one, those looked at last first, page by page."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Final

from pydantic import BaseModel, ConfigDict
from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.orm import Session

from records.accounts.principal import Principal
from records.clock import utcnow
from records.database import Database
from records.documents import FamilyPeople
from records.families.access import ShareKind, owner_of
from records.families.families import FamilyGone
from records.keys.codes import code_look, looks_like
from records.models import AccountRow, FamilyRow, FamilyShareRow, SelectionRow
from records.models.sealed import ring_of
from records.paging import Position

_AT_ONCE: Final = 101
"""A page at most, and one more that tells whether there is another."""


class ShareView(BaseModel):
    """With whom a family is shared."""

    model_config = ConfigDict(frozen=True)

    id: str
    account_id: str
    name: str
    kind: ShareKind
    selection_id: str | None
    until: datetime | None
    reason: str
    """Why somebody broke the glass; else empty."""
    created_at: datetime


class FamilyView(BaseModel):
    """A family as it is shown to those who may see it."""

    model_config = ConfigDict(frozen=True)

    id: str
    code: str
    people: FamilyPeople
    """Told to who works on it; a supervisor sees a review, and needs nobody else of the family."""
    opened_at: datetime
    ended_at: datetime | None
    mine: bool
    owner: str
    """Whose it is, by name."""
    shares: list[ShareView]
    """Those that are good now: of one's own family all, of another's one's own."""


def list_families(
    session: Session,
    who: Principal,
    *,
    limit: int,
    after: Position | None = None,
    code: str = "",
    search: str = "",
) -> tuple[list[FamilyView], Position | None]:
    """Those that are theirs or shared with them, the last looked at first, and where the next ones begin.

    ``code``: only the family with that code, however its letters are written; ``search``: only those whose code has
    this in it. Codes are sealed, so a search opens one after another until the page is full.
    """
    look = code_look(ring_of(session), code) if code else ""
    found = _matching(session, who, after, look, looks_like(search.strip()))
    places = list(islice(found, limit + 1))
    rows = _rows(session, [place.id for place in places[:limit]])
    return family_views(session, who, rows), places[limit - 1] if len(places) > limit else None


def get_family(session: Session, who: Principal, family_id: str) -> FamilyView:
    """One of those. Raises: FamilyGone."""
    shared = select(FamilyShareRow.family_id).where(*_is_with(who))
    theirs = or_(FamilyRow.owner_account_id == owner_of(who), FamilyRow.id.in_(shared))
    row = session.scalar(select(FamilyRow).where(FamilyRow.id == family_id, FamilyRow.visible, theirs))
    if row is None:
        raise FamilyGone(family_id)
    return family_view(session, who, row)


def family_view(session: Session, who: Principal, row: FamilyRow) -> FamilyView:
    """One as it is shown to those who may see it."""
    return family_views(session, who, [row])[0]


def family_views(session: Session, who: Principal, rows: Sequence[FamilyRow]) -> list[FamilyView]:
    """Several, in as many statements as one."""
    ids, mine = [row.id for row in rows], {row.id for row in rows if row.owner_account_id == owner_of(who)}
    asked = select(FamilyShareRow, AccountRow.display_name).join(AccountRow, AccountRow.id == FamilyShareRow.account_id)
    told = or_(FamilyShareRow.family_id.in_(mine), FamilyShareRow.account_id == who.account_id)
    asked = asked.where(FamilyShareRow.family_id.in_(ids), told, is_good()).order_by(FamilyShareRow.created_at)
    shares = defaultdict[str, list[ShareView]](list)
    for share, name in session.execute(asked):
        shares[share.family_id].append(_share_view(share, name))
    owners = select(AccountRow.id, AccountRow.display_name)
    owners = owners.where(AccountRow.id.in_({row.owner_account_id for row in rows}))
    names = dict(session.execute(owners).all())
    works_on = mine | {row.id for row in rows if any(one.kind == ShareKind.COLLEAGUE for one in shares[row.id])}
    return [
        FamilyView(
            id=row.id,
            code=row.code,
            people=row.people if row.id in works_on else (),
            opened_at=row.opened_at,
            ended_at=row.ended_at,
            mine=row.id in mine,
            owner=names[row.owner_account_id],
            shares=shares[row.id],
        )
        for row in rows
    ]


def is_good() -> ColumnElement[bool]:
    """The condition under which a share lets somebody in now."""
    return FamilyShareRow.ended_at.is_(None) & or_(FamilyShareRow.until.is_(None), FamilyShareRow.until > utcnow())


def note_view(db: Database, who: Principal, selection_id: str) -> None:
    """They look at a selection of theirs to see: its family comes first in their list. Raises: DatabaseUnavailable."""
    with db.reading() as session:
        family_id = session.scalar(select(SelectionRow.family_id).where(SelectionRow.id == selection_id))
    if family_id is not None:
        note_family_view(db, who, family_id)


def note_family_view(db: Database, who: Principal, family_id: str) -> None:
    """The same of a family that is theirs or shared with them. Raises: DatabaseUnavailable."""
    with db.reading() as session:
        first = _places(session, who, None, "", limit=1)
    if first and first[0].id == family_id:
        return
    own = select(FamilyRow.id).where(FamilyRow.id == family_id, FamilyRow.owner_account_id == owner_of(who))
    shared = select(FamilyShareRow.id).where(FamilyShareRow.family_id == family_id, *_is_with(who))
    with db.session() as session:
        for row, found in ((FamilyRow, own), (FamilyShareRow, shared)):
            free = found.with_for_update(skip_locked=True, key_share=True)  # rather another order than waiting
            session.execute(update(row).where(row.id.in_(free)).values(viewed_at=utcnow()))


def _matching(session: Session, who: Principal, after: Position | None, look: str, search: str) -> Iterator[Position]:
    """Where the families stand in their list, from the one behind ``after`` on."""
    while True:
        places = _places(session, who, after, look)
        codes = {row.id: row.code for row in _rows(session, [one.id for one in places])} if search else {}
        yield from (one for one in places if not search or search in looks_like(codes[one.id]))
        if len(places) < _AT_ONCE:
            return
        after = places[-1]


def _places(
    session: Session, who: Principal, after: Position | None, look: str, limit: int = _AT_ONCE
) -> list[Position]:
    """One's own are found by an index; few are shared with one at a time."""
    own = select(FamilyRow.viewed_at, FamilyRow.id).where(FamilyRow.owner_account_id == owner_of(who))
    last = func.max(FamilyShareRow.viewed_at)
    shares = select(FamilyShareRow.family_id.label("id"), last.label("viewed_at")).where(*_is_with(who))
    shared_with = shares.group_by(FamilyShareRow.family_id).subquery()
    shared = select(shared_with.c.viewed_at, FamilyRow.id).join(shared_with, shared_with.c.id == FamilyRow.id)
    shared = shared.where(FamilyRow.owner_account_id != owner_of(who))
    found = list[Position]()
    for asked, at in ((own, FamilyRow.viewed_at), (shared, shared_with.c.viewed_at)):
        kept = asked.where(FamilyRow.visible).order_by(at.desc(), FamilyRow.id.desc()).limit(limit)
        if look:
            kept = kept.where(FamilyRow.code_look == look)
        if after:
            kept = kept.where(after.is_followed_by(at, FamilyRow.id))
        found += [Position(*row) for row in session.execute(kept)]
    return sorted(found, key=lambda one: (one.at, one.id), reverse=True)[:limit]


def _rows(session: Session, ids: Sequence[str]) -> list[FamilyRow]:
    """Those with these ids, in this order."""
    found = {row.id: row for row in session.scalars(select(FamilyRow).where(FamilyRow.id.in_(ids)))}
    return [found[one] for one in ids if one in found]


def _is_with(who: Principal) -> tuple[ColumnElement[bool], ...]:
    return FamilyShareRow.account_id == who.account_id, is_good()


def _share_view(share: FamilyShareRow, name: str) -> ShareView:
    return ShareView(
        id=share.id,
        account_id=share.account_id,
        name=name,
        kind=ShareKind(share.kind),
        selection_id=share.selection_id,
        until=share.until,
        reason=share.reason,
        created_at=share.created_at,
    )
