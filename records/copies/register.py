"""The register of copies: a row for each copy of an output that left, whichever way it went.

Handing out adds a row in the transaction that lets the copy go. Consent's withdrawal and the certificate of an
erasure ask ``copies_out`` what still has to be brought back.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict
from sqlalchemy import ColumnElement, delete, exists, or_, select, update
from sqlalchemy.orm import Session

from records.audit.actions import Action
from records.audit.actor import Actor
from records.audit.log import note
from records.clock import utcnow
from records.database import rows_changed
from records.errors import RecordsError
from records.models import AccountRow, CopyLinkRow, FamilyRow, HandedOutCopyRow, OutputRow, SelectionRow

RIGHT_OF_ACCESS: Final = "right_of_access"
"""In the place of a purpose, where somebody was given what is held of themselves: that is no use of it, needs nobody's
agreement, and is theirs to keep."""


class Carrier(StrEnum):
    """By what a copy leaves."""

    SEALED = "sealed"
    """A pack that a passphrase opens."""
    LINK = "link"
    """An address at which this service shows it for some time."""
    PLAIN = "plain"
    """A file that anybody who holds it can open."""


class Ended(StrEnum):
    """How a copy ceased to be out."""

    RETURNED = "returned"
    """Somebody said that it is back, or was deleted where it lay."""
    REVOKED = "revoked"
    """Its link was ended."""


class CopyGone(RecordsError):
    """There is no such copy, or it is back already."""

    code = "copy_gone"
    for_guider = "This copy is not out any more."


class HandedOutCopy(BaseModel):
    """A copy that left."""

    model_config = ConfigDict(frozen=True)

    id: str
    family_id: str
    selection_id: str
    kind: str
    carrier: Carrier
    purpose: str
    to_whom: str
    """A role with initials, or an organisation; empty: the account that took it."""
    reason: str
    by_account_id: str
    by: str
    """Who handed it out, by name."""
    created_at: datetime
    until: datetime | None
    ended_at: datetime | None
    ended_how: Ended | None
    opened: int | None
    """How often a link was opened; null for what is none."""
    last_opened_at: datetime | None
    is_older: bool
    """What it was taken of was made again since, or was made before a correction."""


def add_copy(
    session: Session,
    who: Actor,
    selection: SelectionRow,
    kind: str,
    carrier: Carrier,
    *,
    purpose: str,
    to_whom: str,
    reason: str = "",
    until: datetime | None = None,
) -> HandedOutCopyRow:
    """The row of a copy that leaves with this transaction, and its line in the audit."""
    row = HandedOutCopyRow(
        family_id=selection.family_id,
        selection_id=selection.id,
        kind=kind,
        carrier=carrier,
        purpose=purpose,
        to_whom=to_whom,
        reason=reason,
        until=until,
        by=who.account_id,
    )
    session.add(row)
    session.flush()
    note(
        session,
        who,
        Action.HAND_OUT,
        row.id,
        family_id=selection.family_id,
        selection_id=selection.id,
        figures={"carrier": carrier},
    )
    return row


def copies_out(session: Session, *, family_id: str = "", selection_id: str = "") -> list[HandedOutCopy]:
    """The copies of a family, or of one selection, that are still out, oldest first.

    A link that has run out is not out any more; a file past its day is, until somebody says that it is back.
    """
    named = HandedOutCopyRow.family_id == family_id if family_id else HandedOutCopyRow.selection_id == selection_id
    return find_copies(session, named & is_out())


def all_copies_out(session: Session) -> list[HandedOutCopy]:
    """The copies of all families that are still out, also of those that were erased, oldest first."""
    return find_copies(session, is_out())


def id_of_copy(session: Session, beginning: str) -> str:
    """The one copy that is out and whose id begins so. Raises: CopyGone, where there is none or more than one."""
    alike = select(HandedOutCopyRow.id).where(HandedOutCopyRow.id.startswith(beginning, autoescape=True), is_out())
    found = session.scalars(alike.limit(2)).all()
    if len(found) != 1:
        raise CopyGone
    return found[0]


def find_copies(session: Session, condition: ColumnElement[bool]) -> list[HandedOutCopy]:
    """Those that meet a condition on HandedOutCopyRow, oldest first."""
    same_kind = OutputRow.kind == HandedOutCopyRow.kind
    query = (
        select(HandedOutCopyRow, AccountRow.display_name, CopyLinkRow, OutputRow)
        .outerjoin(AccountRow, AccountRow.id == HandedOutCopyRow.by)
        .outerjoin(CopyLinkRow, CopyLinkRow.copy_id == HandedOutCopyRow.id)
        .outerjoin(OutputRow, (OutputRow.selection_id == HandedOutCopyRow.selection_id) & same_kind)
        .where(condition)
        .order_by(HandedOutCopyRow.created_at, HandedOutCopyRow.id)
    )
    return [
        HandedOutCopy(
            id=row.id,
            family_id=row.family_id,
            selection_id=row.selection_id,
            kind=row.kind,
            carrier=Carrier(row.carrier),
            purpose=row.purpose,
            to_whom=row.to_whom,
            reason=row.reason,
            by_account_id=row.by,
            by=name or "",
            created_at=row.created_at,
            until=row.until,
            ended_at=row.ended_at,
            ended_how=Ended(row.ended_how) if row.ended_how else None,
            opened=link.opened if link else None,
            last_opened_at=link.last_opened_at if link else None,
            is_older=_is_older(row, output),
        )
        for row, name, link, output in session.execute(query)
    ]


def _is_older(row: HandedOutCopyRow, output: OutputRow | None) -> bool:
    """A link shows what is there now."""
    if output is None or output.made_at is None or row.carrier == Carrier.LINK:
        return False
    return bool(output.made_before) or output.made_at > row.created_at


def is_out() -> ColumnElement[bool]:
    """The condition under which a copy is still out."""
    lasts = or_(
        HandedOutCopyRow.carrier != Carrier.LINK,
        HandedOutCopyRow.until.is_(None),
        HandedOutCopyRow.until > utcnow(),
    )
    return HandedOutCopyRow.ended_at.is_(None) & lasts


_ENDING: Final = {Ended.RETURNED: Action.RETURN_COPY, Ended.REVOKED: Action.REVOKE_LINK}


def end_copy(session: Session, who: Actor, copy_id: str) -> None:
    """Say that a copy is back, or end a link at once. Once its family is gone, so is its row. Raises: CopyGone."""
    row = session.get(HandedOutCopyRow, copy_id)
    if row is None:
        raise CopyGone
    how = Ended.REVOKED if row.carrier == Carrier.LINK else Ended.RETURNED
    this = (HandedOutCopyRow.id == copy_id) & HandedOutCopyRow.ended_at.is_(None)
    if rows_changed(session, update(HandedOutCopyRow).where(this).values(ended_at=utcnow(), ended_how=how)) != 1:
        raise CopyGone
    session.execute(delete(CopyLinkRow).where(CopyLinkRow.copy_id == copy_id))
    note(session, who, _ENDING[how], copy_id, family_id=row.family_id, selection_id=row.selection_id)
    forget_ended(session, row.family_id)


def forget_ended(session: Session, family_id: str) -> None:
    """Drop the rows of copies that are back, where their family is gone; those that are out stay."""
    here = exists().where(FamilyRow.id == family_id)
    session.execute(delete(HandedOutCopyRow).where(HandedOutCopyRow.family_id == family_id, ~is_out(), ~here))
