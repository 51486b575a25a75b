"""Lines of the audit as they are read: with the names and codes that their ids have while what they name exists."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict
from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute, Session

from records.audit.log import AuditLine, Wanted, find_lines
from records.models import AccountRow, FamilyRow, FamilyShareRow, SelectionRow


class ShownLine(AuditLine):
    """A line, and what its ids are called now. None of these is kept with it, nor in what is taken away as a file."""

    family: str
    """The family's code; empty for none, and for one that was erased."""
    cycle: int | None
    """Of the review."""
    target_name: str
    """Whom it was done to or shared with."""


class AuditedAccount(BaseModel):
    """Somebody whose acts can be asked for."""

    model_config = ConfigDict(frozen=True)

    id: str
    name: str


def find_shown_lines(session: Session, wanted: Wanted, limit: int) -> list[ShownLine]:
    """The wanted lines, newest first, as somebody reads them."""
    lines = find_lines(session, wanted, limit)
    codes = _named(session, FamilyRow.id, FamilyRow.code, {line.family_id for line in lines})
    reviews = {line.selection_id for line in lines}
    asked = select(SelectionRow.id, SelectionRow.cycle).where(SelectionRow.id.in_(reviews), SelectionRow.visible)
    cycles = {id_: cycle for id_, cycle in session.execute(asked)}  # noqa: C416 a result is no mapping
    targets = {line.target.partition(" ")[0] for line in lines}
    shared_with = _named(session, FamilyShareRow.id, FamilyShareRow.account_id, targets)
    names = _named(session, AccountRow.id, AccountRow.display_name, targets | set(shared_with.values()))
    shown = []
    for line in lines:
        target = line.target.partition(" ")[0]
        more = {
            "family": codes.get(line.family_id, ""),
            "cycle": cycles.get(line.selection_id),
            "target_name": names.get(shared_with.get(target, target), ""),
        }
        shown.append(ShownLine.model_validate({**line.model_dump(), **more}))
    return shown


def list_audited(session: Session) -> list[AuditedAccount]:
    """Every account there is or was, by name."""
    rows = session.scalars(select(AccountRow).order_by(AccountRow.display_name, AccountRow.id))
    return [AuditedAccount(id=row.id, name=row.display_name) for row in rows]


def _named(
    session: Session, key: InstrumentedAttribute[str], value: InstrumentedAttribute[str], ids: set[str]
) -> dict[str, str]:
    return {id_: name for id_, name in session.execute(select(key, value).where(key.in_(ids)))}  # noqa: C416 as above
